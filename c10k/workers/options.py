"""Where the load of an experiment comes from, as the command line says it."""

from typing import Annotated, Final, Literal

from msgspec import Struct, field

from c10k.loadgen.option import option

PORT: Final = 5557
"""Of Locust's master, unless another is named."""
LOOPBACK: Final = "127.0.0.1"
WILDCARDS: Final = ("", "*", "0.0.0.0")

NO_AUTHENTICATION: Final = (
    "Locust's message port has no authentication: whoever reaches it can join the run and report "
    "false figures"
)


def host_and_port(text: str) -> tuple[str, int]:
    """Read HOST[:PORT]. Raises ValueError."""
    host, colon, port = text.partition(":")
    if ":" in port:
        raise ValueError(f"Locust takes IPv4 addresses and names of hosts, not {text[:60]!r}")
    if not host or (colon and not (port.isdecimal() and 1 <= int(port) <= 65_535)):
        raise ValueError(f"needs HOST or HOST:PORT, such as 10.0.0.1:5557; got {text[:60]!r}")
    return host, int(port) if port else PORT


def _check_via(text: str) -> None:
    if text.startswith("-"):
        raise ValueError(f"needs a host as ssh names it, such as user@host; got {text[:60]!r}")


Host = Annotated[str, option(check=host_and_port, metavar="HOST[:PORT]")]
Wait = Annotated[float, option("", "duration", gt=0, le=86_400, unit=" s", metavar="TIME")]


class Workers(Struct, frozen=True, rename="kebab", forbid_unknown_fields=True):
    """The workers of `c10k run`."""

    workers: (
        Annotated[
            int,
            option(
                "drive the load by N processes of this host, one thread each, as workers of "
                "Locust's master (default: by a thread of this process)",
                "count",
                ge=1,
                le=256,
                metavar="N",
            ),
        ]
        | None
    ) = None
    master_bind: Annotated[
        Host,
        option(
            "listen here for workers that `c10k worker --master` starts, on other hosts too (port: "
            f"{PORT}). {NO_AUTHENTICATION}. Bind it to 127.0.0.1 and let workers come through ssh "
            "(`c10k worker --via`), or to an address of a network that you trust",
            metavar="ADDRESS[:PORT]",
        ),
    ] = ""
    expect_workers: Annotated[
        int,
        option(
            "with --master-bind: wait for N workers before anything is measured; others may join "
            "later, each at the step that begins next",
            "count",
            ge=1,
            le=256,
            metavar="N",
        ),
    ] = 1
    expect_workers_max_wait: Annotated[Wait, option("how long to wait for them")] = 60.0
    on_worker_loss: Annotated[
        Literal["repeat", "fail"],
        option(
            "what becomes of a step in which a worker ends or cannot be reached: it is repeated "
            "with the workers that remain and a fresh server, or it fails"
        ),
    ] = "repeat"

    def __post_init__(self) -> None:
        if not self.master_bind and self.expect_workers != 1:
            raise ValueError("--expect-workers needs --master-bind")

    def serve_address(self, given: str) -> str:
        """The address of this host on which its servers listen: the given one, if there is one.

        Raises ValueError where it cannot be inferred, or is given and no other host takes part.
        """
        if given and not self.master_bind:
            raise ValueError(
                "--serve-address is for servers or loaders on another host: give --serve-on or "
                "--master-bind"
            )
        address = given or self.master_bind.partition(":")[0] or LOOPBACK
        if address in WILDCARDS:
            raise ValueError(
                "--master-bind listens on all addresses: say with --serve-address which of them "
                "the workers load"
            )
        return address

    @property
    def asked(self) -> bool:
        """Whether workers drive the load."""
        return bool(self.workers or self.master_bind)


class Membership(Struct, frozen=True, rename="kebab", forbid_unknown_fields=True):
    """The options of `c10k worker`."""

    master: Annotated[
        Host, option(f"where `c10k run --master-bind` listens, as --via sees it (port: {PORT})")
    ] = "127.0.0.1"
    via: Annotated[
        str,
        option(
            "reach the master through ssh to this host, which must need no password: for a master "
            "that listens on 127.0.0.1 there",
            check=_check_via,
            metavar="USER@HOST",
        ),
    ] = ""
    timeout_s: Annotated[Wait, option("how long to wait until the master answers")] = field(
        default=30.0, name="timeout"
    )
    name: Annotated[
        str, option("what the run calls this worker (default: a number)", metavar="NAME")
    ] = ""
    cpu: (
        Annotated[
            int, option("the CPU that it runs on (default: any)", "digits", ge=0, metavar="CPU")
        ]
        | None
    ) = None
