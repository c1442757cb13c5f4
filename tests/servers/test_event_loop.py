"""The event loop that is written out: its timers, and its threads."""

import time
from functools import partial
from pathlib import Path

import pytest

from c10k.servers.event_loop import EventLoop
from tests.servers.talk import fill, receive, served, tree

pytestmark = pytest.mark.system


class LoopEnd(BaseException):
    """Raised by a call to end a loop, which goes on for ever."""


def end():
    raise LoopEnd


def test_timers_go_off_in_the_order_of_their_times_then_of_their_creation(monkeypatch):
    loop, order, began = EventLoop(), [], time.monotonic()
    with monkeypatch.context() as stopped:
        stopped.setattr(time, "monotonic", lambda: began)
        for number, delay_s in enumerate((0.03, 0.01, 0.0, 0.02, 0.02, 0.0, 0.01)):
            loop.call_later(delay_s, partial(order.append, (delay_s, number)))
        loop.call_later(0.04, end)
    with pytest.raises(LoopEnd):
        loop.run()
    assert len(order) == 7
    assert order == sorted(order)
    assert time.monotonic() - began >= 0.04


def test_an_answer_that_goes_out_in_parts_goes_out_to_its_end(serve, connect):
    connection = connect(serve("event_loop,buffer=1048576"))
    sent = fill(connection, 64 * 1024**2, stall_s=0.1)
    connection.settimeout(15)
    assert receive(connection, sent) == b"x" * sent


@pytest.mark.parametrize("spec", ["event_loop_threads,threads=3", "asyncio_workers,workers=3"])
def test_each_loop_has_its_share_of_the_connections(spec, serve, connect):
    server = serve(spec)
    idle = watched(server)
    assert len(idle) == 3
    connections = [connect(server) for _ in range(60)]
    assert all(served(connection) for connection in connections)
    held = watched(server)
    assert all(held[loop] > idle[loop] for loop in idle)
    assert sum(held.values()) - sum(idle.values()) == 60


def watched(server):
    """How many descriptors each epoll of a server watches."""
    entries = {
        entry: entry.read_text().count("tfd:")
        for process in tree(server)
        for entry in Path(f"/proc/{process.pid}/fdinfo").iterdir()
    }
    return {descriptor: count for descriptor, count in entries.items() if count}
