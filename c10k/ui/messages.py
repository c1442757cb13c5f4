"""The messages between `c10k ui` and its Locust."""

from typing import Any

from msgspec import Struct

from c10k.loadgen.fleet import Snapshot
from c10k.loadgen.workload import Workload


class Setup(Struct, tag=True, frozen=True):
    """The first message to Locust: what it serves, and to whom.

    `hosts` are the names by which browsers may call the UI. With a `user`, everybody must log in.
    """

    servers: tuple[str, ...]  # labels
    any_host: bool
    hosts: tuple[str, ...]
    user: str = ""
    password: str = ""


class Ready(Struct, tag=True, frozen=True):
    """From Locust: its web server listens."""


class Begin(Struct, tag=True, frozen=True):
    """From Locust: a test is to begin, on a fresh process of this server. Begun is the answer."""

    server: str
    workload: Workload
    users: int  # as far as it is known: a shape decides itself


class Begun(Struct, tag=True, frozen=True):
    """To Locust: where to send the load, or why this test cannot be.

    `request` are the options of the workload that say what is asked of this server.
    """

    address: str = ""
    refusal: str = ""
    request: dict[str, str] = {}


class Second(Struct, tag=True, frozen=True):
    """From Locust: what its fleet did for about a second.

    `all_spawned` is whether Locust has started and stopped all the users that it was asked to.
    """

    users: int
    ready: int  # connections that had a verified reply
    opening: int
    all_spawned: bool
    snapshot: Snapshot


class Notice(Struct, tag=True, frozen=True):
    """From Locust: a line for the pages."""

    text: str


class End(Struct, tag=True, frozen=True):
    """From Locust: the test has stopped."""


class Halt(Struct, tag=True, frozen=True):
    """To Locust: stop the test."""


class Update(Struct, tag=True, frozen=True):
    """To Locust, once a second: what the pages show.

    `state` is how things are now; `point` has the figures of this second, for the charts. `run` is
    the directory of the stored run, if there is one.
    """

    state: dict[str, Any]
    point: dict[str, Any]
    tables: str  # T1 to T4 as HTML
    run: str


ToLocust = Setup | Begun | Halt | Update
FromLocust = Ready | Begin | Second | Notice | End
