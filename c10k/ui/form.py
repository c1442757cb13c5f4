"""What Locust's form asks for, checked before Locust sees it.

Locust takes most of it as it comes, and an exception is all that it says of what is wrong.
"""

import argparse
from collections.abc import Collection, Mapping
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from c10k.loadgen.target import Target
from c10k.loadgen.users.options import workload_of
from c10k.loadgen.workload import Workload

if TYPE_CHECKING:
    from werkzeug.datastructures import MultiDict

CHOSEN: Final = "tcp://the-chosen-server"
"""What stands in the form's field for a host: which server it is, is chosen below."""


class RequestedTest(NamedTuple):
    """A test that may begin; `host` is empty where the server decides it."""

    server: str
    host: str
    workload: Workload
    users: int

    def changes_users_alone(self, before: "RequestedTest") -> bool:
        """Whether this is the test that is under way, with more or fewer users."""
        return (self.server, self.workload) == (before.server, before.workload)


def requested_test(
    form: "MultiDict[str, str]",
    options: argparse.Namespace,
    servers: Collection[str],
    ours: Collection[str],
    *,
    any_host: bool,
) -> RequestedTest:
    """What a form asks for. `ours` are hosts that the server decides. Raises ValueError, in one
    line, for what cannot be."""
    host = form.get("host", "")
    if host in ours:
        host = ""
    if host and not any_host:
        raise ValueError(
            f"only the servers that this command started are loaded, not {host[:80]!r}: choose one "
            "as the server, or start c10k ui with --any-host"
        )
    chosen = _chosen(form, options)
    if chosen.server not in servers:
        raise ValueError(f"no server {chosen.server[:80]!r} was started")
    users = _number("user_count", form.get("user_count", "0"), int)
    _number("spawn_rate", form.get("spawn_rate", "1"), float)
    return RequestedTest(
        chosen.server,
        host,
        workload_of(chosen, Target("", 0)),
        int(users),
    )


def _chosen(form: Mapping[str, str], options: argparse.Namespace) -> argparse.Namespace:
    """The options with what the form says, of the type that each of them has, as Locust does it."""
    chosen = argparse.Namespace(**vars(options))
    for name, text in form.items():
        old: Any = getattr(chosen, name, None)
        if isinstance(old, bool):
            setattr(chosen, name, text == "true")
        elif isinstance(old, int | float):
            setattr(chosen, name, _number(name, text, type(old)))
        elif isinstance(old, str):
            setattr(chosen, name, text)
    return chosen


def _number(name: str, text: str, kind: type[int] | type[float]) -> float:
    try:
        return kind(text)
    except ValueError:
        raise ValueError(f"{name}: must be a number, not {text[:40]!r}") from None
