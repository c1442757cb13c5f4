"""The servers, workloads and techniques of a run, and what prose calls them."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Literal

from c10k.reports import wording
from c10k.reports.language import N_, _
from c10k.results.manifest import ServerDescription

Role = Literal["synchronous", "asynchronous"]
"""The two kinds of server that the argument is about: a thread per connection, an event loop."""
ROLES: Final[tuple[Role, ...]] = ("synchronous", "asynchronous")

_DEFAULT_NAMES: Final[Mapping[Role, str]] = {
    "synchronous": "threaded",
    "asynchronous": "asyncio_streams",
}
_MODEL_WORDS: Final[Mapping[Role, tuple[str, ...]]] = {
    "synchronous": ("thread",),
    "asynchronous": ("loop", "async", "event"),
}
_ANY: Final = "any"  # the model or language of a program of the user's, who did not say it
_PROTOCOLS: Final = {
    "echo": N_("echo"),
    "http": "HTTP",
    "websocket": "WebSocket",
    "raw": N_("its own protocol"),
    "download": N_("downloads"),
}


@dataclass(frozen=True)
class MeasuredServer:
    """A server of the run. `role` is the kind that it stands for: one server does for each.

    `alone` is false where the name of its kind would not tell which server is meant: the run has
    others, of its model or all of its kind.
    """

    label: str
    model: str
    language: str
    command: str
    role: Role | None
    alone: bool
    protocol: str = "echo"
    address_space_bytes: float = math.nan  # that it may have, if that is limited

    @property
    def kind(self) -> Role | None:
        """The kind that its model is of."""
        return self.role or role_of(self.model)

    @property
    def noun(self) -> str:
        """What prose calls it."""
        if not self.alone or not self.role:
            return self.label
        return _("threads") if self.plural else _("the event loop")

    @property
    def plural(self) -> bool:
        """Whether that noun takes a plural verb."""
        return self.alone and self.role == "synchronous"


@dataclass(frozen=True)
class MeasuredWorkload:
    """A workload of the run. `plain` is one in which all connections send, and the server only
    replies; `active` is the part of the connections that send.
    """

    name: str
    loop: str
    rate_per_connection: float
    size_bytes: int
    summary: str = ""
    plain: bool = True
    active: float = 1.0

    @property
    def rate(self) -> str:
        """How much each client sends in an open loop."""
        rate = f"{self.rate_per_connection:g}"
        if self.rate_per_connection == 1:
            return _("1 message/s per client")
        return _("{rate} messages/s per client", rate=rate)

    @property
    def working(self) -> bool:
        """Whether the server works for 5 ms per message."""
        return self.name in ("work_sleep", "work_cpu")

    @property
    def description(self) -> str:
        """What it does, in a few words."""
        loop = _("open loop") if self.loop == "open" else _("closed loop")
        more = _(self.summary) if self.summary else self.rate if self.loop == "open" else ""
        return f"{loop}, {more}" if more else loop

    @property
    def heading(self) -> str:
        """Its name and what it does."""
        return f"{self.name}: {self.description}"

    @property
    def phrase(self) -> str:
        """What prose says of figures that were measured under it."""
        if self.working:
            return _("with 5 ms of work per message")
        if not self.plain:
            return _("under {workload}", workload=self.name)
        if self.loop == "closed":
            return _("under full load")
        mostly = self.rate_per_connection <= 1
        return _("while clients mostly wait") if mostly else _("at {rate}", rate=self.rate)


def servers(
    described: Sequence[ServerDescription], protocols: Mapping[str, str]
) -> list[MeasuredServer]:
    """The servers that were measured, in the order of the plan; `protocols` are what each of them
    was recorded to speak, by label.
    """
    known = [each for each in described if each.label in protocols]
    labels = {each.label for each in known}
    known += [ServerDescription(label, label) for label in protocols if label not in labels]
    spoken = {each.label: each.protocol or protocols[each.label] or "echo" for each in known}
    # The argument is about servers that echo: these stand for their kind before others.
    role_of_label = _roles(sorted(known, key=lambda each: spoken[each.label] != "echo"))
    models = [each.model for each in known]
    both = len(role_of_label) == len(ROLES) or len(known) == 1
    return [
        MeasuredServer(
            each.label,
            each.model if each.model != _ANY else "",
            each.language if each.language != _ANY else "",
            each.command if isinstance(each.command, str) else " ".join(each.command),
            role_of_label.get(each.label),
            both and models.count(each.model) == 1,
            spoken[each.label],
            each.limits.get("as", math.nan),
        )
        for each in known
    ]


def _roles(servers: Sequence[ServerDescription]) -> dict[str, Role]:
    """Which label stands for which kind: of the default server, a plain SPEC before one with
    options, else of the first server of that model.
    """
    found: dict[str, Role] = {}
    for role, name in _DEFAULT_NAMES.items():
        fitting = [each for each in servers if each.name == name] or [
            each for each in servers if role_of(each.model) == role
        ]
        fitting.sort(key=lambda each: each.label != name)
        found |= {each.label: role for each in fitting[:1]}
    return found


def role_of(model: str) -> Role | None:
    """The kind that a model is of; None where it is neither."""
    # An event loop run by threads is still an event loop.
    for role in reversed(ROLES):
        if any(word in model.lower() for word in _MODEL_WORDS[role]):
            return role
    return None


def why_apart(one: tuple[str, str, int], other: tuple[str, str, int]) -> str:
    """Why two servers, each by (label, protocol, bytes of a reply), cannot be compared; empty where
    they can.
    """
    texts = [
        (_(_PROTOCOLS.get(protocol, protocol)), _("{count} bytes", count=wording.count(size)))
        for _label, protocol, size in (one, other)
    ]
    differs = next(((a, b) for a, b in zip(*texts, strict=True) if a != b), None)
    if differs is None:
        return ""
    return _(
        "{one} replies with {its} and {other} with {theirs}: their figures stand side by side and "
        "are not compared",
        one=one[0],
        other=other[0],
        its=differs[0],
        theirs=differs[1],
    )
