"""The event loop that is written out: its timers, and its threads."""

import time
from pathlib import Path

import psutil
import pytest

from c10k.servers.event_loop import EventLoop
from tests.servers.talk import fill, receive, served


class LoopEnd(BaseException):
    """Raised by a call to end a loop, which goes on for ever."""


def end():
    raise LoopEnd


def test_timers_go_off_in_the_order_of_their_times():
    loop, order, began = EventLoop(), [], time.monotonic()

    for delay_s in (0.03, 0.01, 0.0, 0.02):
        loop.call_later(delay_s, lambda delay_s=delay_s: order.append(delay_s))
    loop.call_later(0.04, end)
    with pytest.raises(LoopEnd):
        loop.run()
    assert order == [0.0, 0.01, 0.02, 0.03]
    assert time.monotonic() - began >= 0.04


def test_timers_of_the_same_time_go_off_in_the_order_of_their_creation(monkeypatch):
    monkeypatch.setattr(time, "monotonic", lambda: 5.0)
    loop, order = EventLoop(), []

    for number in range(10):
        loop.call_later(0, lambda number=number: order.append(number))
    loop.call_later(0, end)
    with pytest.raises(LoopEnd):
        loop.run()
    assert order == list(range(10))


def test_an_answer_that_goes_out_in_parts_goes_out_to_its_end(serve, connect):
    connection = connect(serve("event_loop,buffer=1048576"))
    sent = fill(connection, 64 * 1024**2)
    connection.settimeout(15)
    assert receive(connection, sent) == bytes(sent)


def test_each_thread_has_a_loop_and_its_share_of_the_connections(serve, connect):
    server = serve("event_loop_threads,threads=3")
    assert psutil.Process(server.pid).num_threads() == 1 + 3
    idle = watched(server.pid)
    assert len(idle) == 3
    connections = [connect(server) for _ in range(60)]
    assert all(served(connection) for connection in connections)
    held = watched(server.pid)
    assert all(held[loop] > idle[loop] for loop in idle)
    assert sum(held.values()) - sum(idle.values()) == 60


def watched(pid):
    """How many descriptors each epoll of a process watches."""
    entries = {
        entry.name: entry.read_text().count("tfd:")
        for entry in Path(f"/proc/{pid}/fdinfo").iterdir()
    }
    return {descriptor: count for descriptor, count in entries.items() if count}
