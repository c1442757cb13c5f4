"""The two servers of a comparison, base and head."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final, NamedTuple

from msgspec.structs import replace

from c10k.ab.checkout import checked_out, made_ready
from c10k.ab.plan import Request
from c10k.experiment.plan import PlannedServer
from c10k.outcome import CommandError

LABELS: Final = ("base", "head")
EITHER: Final = (
    "name both, by --base and --head, or --base-command and --head-command; or a --command with "
    "--base-ref, of which the base runs in that commit's files"
)


class Sides(NamedTuple):
    """Base and head as servers of a plan, what a person calls them, and the base's commit."""

    servers: tuple[PlannedServer, PlannedServer]
    names: tuple[str, str]
    commit: str = ""


@contextmanager
def sides(request: Request, logs: Path) -> Iterator[Sides]:
    """Base and head, ready to start. Raises CommandError."""
    if request.base_ref is None:
        for key in ("command", "setup"):
            if getattr(request, key) is not None:
                raise CommandError(f"--{key} needs --base-ref")
        base = _side("base", request.base, request.base_command)
        head = _side("head", request.head, request.head_command)
        yield Sides((base, head), (base.labelled or base.command, head.labelled or head.command))
        return
    if request.command is None or any(
        (request.base, request.head, request.base_command, request.head_command)
    ):
        raise CommandError("--base-ref needs a --command, and no other base or head")
    with (
        TemporaryDirectory(prefix="c10k-base-") as scratch,
        checked_out(request.base_ref, Path(scratch) / "base") as (directory, commit),
    ):
        base, head = (
            _in_checkout(label, request.command, request.setup, place, Path(scratch), logs)
            for label, place in zip(LABELS, (directory, Path.cwd()), strict=True)
        )
        known = commit.startswith(request.base_ref)
        at = commit[:12] if known else f"{request.base_ref} ({commit[:12]})"
        names = f"{request.command} at {at}", request.command
        yield Sides((base, head), names, commit)


def _in_checkout(
    label: str, command: str, setup: str | None, place: Path, scratch: Path, logs: Path
) -> PlannedServer:
    if setup is not None:
        environment = scratch / f"environment-{label}"
        command = made_ready(command, place, setup, environment, logs / f"setup-{label}.log")
    return _checked(PlannedServer(label, command, str(place)))


def _side(label: str, spec: str | None, command: str | None) -> PlannedServer:
    if (spec is None) is (command is None):
        raise CommandError(EITHER)
    if spec is None:
        return _checked(PlannedServer(label, command or "", str(Path.cwd())))
    return _checked(PlannedServer(label, labelled=spec))


def _checked(server: PlannedServer) -> PlannedServer:
    try:
        _ = server.spec
    except ValueError as error:
        raise CommandError(f"{server.server}: {error}") from None
    return server


def planned(server: PlannedServer, workload: str, connections: int) -> PlannedServer:
    """The server with its one step."""
    return replace(server, workloads=(workload,), steps=(connections,))
