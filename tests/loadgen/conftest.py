"""Servers of the tests' own, which behave, or misbehave, exactly as asked."""

import socket
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from importlib.util import find_spec

import pytest

from c10k.loadgen.fleet import Fleet, Snapshot
from c10k.results.histogram import Histogram, indices
from tests.conftest import threads_called

PATIENCE_S = 30.0

Handler = Callable[[socket.socket], None]
Serve = Callable[..., tuple[str, int]]
MakeFleet = Callable[..., Fleet]


ENGINES = ["native", "portable"]

# uvloop is in the `test` extra, but optional: where it is absent, so are its tests. It changes how
# bytes come and go, not what is made of them; so where the bytes matter, it is tested too.
on_every_loop = pytest.mark.parametrize(
    "engine", ENGINES + ["portable on uvloop"] * bool(find_spec("uvloop")), indirect=True
)


@pytest.fixture(params=ENGINES)
def engine(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """Every engine in turn. Both must do the same, so both pass the same tests."""
    name: str = request.param
    if "uvloop" not in name:
        monkeypatch.setitem(sys.modules, "uvloop", None)
    return name


@pytest.fixture
def fleet(engine: str) -> Iterator[MakeFleet]:
    """Make fleets of the engine, by address, workload and options. They close with the test."""
    of_engine = {"engine": engine.split()[0]}
    if engine.endswith("in processes"):
        of_engine |= {"processes": True, "threads": 2}
    with ExitStack() as made:

        def make(*arguments, **options) -> Fleet:
            each = Fleet(*arguments, **(of_engine | options))
            made.callback(each.close)
            return each

        yield make


@contextmanager
def loaded(fleet: Fleet, connections: int) -> Iterator[Fleet]:
    """The fleet under load, all of whose connections must have opened."""
    with fleet:
        fleet.resize(connections)
        assert fleet.wait_open(PATIENCE_S).connected == connections
        fleet.load()
        yield fleet


def until(condition: Callable[[], object], patience_s: float = PATIENCE_S) -> None:
    """Wait for something that must come true."""
    deadline = time.monotonic() + patience_s
    while not condition():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.01)


def drained(fleet: Fleet) -> Snapshot:
    """End the load; what happened since the last snapshot, all messages complete."""
    fleet.drain(PATIENCE_S)
    return fleet.snapshot()


def recorded(snapshot: Snapshot, kind: str) -> Histogram:
    """The times of a kind."""
    return Histogram.from_buffer(snapshot.counts[kind])


def total(snapshot: Snapshot, kind: str) -> int:
    """How many times of a kind were recorded."""
    return recorded(snapshot, kind).total


def over(histogram: Histogram, ns: int) -> int:
    """How many values are at least so long, to within a bucket."""
    return int(histogram.counts[int(indices(ns)) :].sum())


def threads_named(name: str) -> set[int]:
    """The ids of this process's threads of a name; Python tells it to the system from 3.14 on."""
    known = {thread.native_id for thread in threading.enumerate() if thread.name == name}
    return known | threads_called(name)


@pytest.fixture
def serve() -> Iterator[Serve]:
    """Start servers that give every connection to a handler in a thread of its own.

    With `every_s` they accept one at a time, after a pause of so long.
    """
    listeners: list[socket.socket] = []

    def start(
        handler: Handler, port: int = 0, *, backlog: int = 4096, every_s: float = 0
    ) -> tuple[str, int]:
        listener = socket.create_server(("127.0.0.1", port), backlog=backlog)
        listeners.append(listener)
        threading.Thread(target=_accept, args=(listener, handler, every_s), daemon=True).start()
        return listener.getsockname()

    yield start
    for listener in listeners:
        listener.shutdown(socket.SHUT_RDWR)  # wakes the accept
        listener.close()


def _accept(listener: socket.socket, handler: Handler, every_s: float) -> None:
    while True:
        time.sleep(every_s)
        try:
            connection, _ = listener.accept()
        except OSError:
            return
        threading.Thread(target=_handle, args=(connection, handler), daemon=True).start()


def _handle(connection: socket.socket, handler: Handler) -> None:
    with connection, suppress(OSError):
        handler(connection)


def echo(connection: socket.socket) -> None:
    """Echo until the end of file."""
    while data := connection.recv(65536):
        connection.sendall(data)
