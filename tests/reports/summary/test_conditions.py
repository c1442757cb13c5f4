import pytest

from c10k.reports.summary.conditions import caveats, measured_what
from tests.reports.summary.conftest import alike


def test_of_servers_on_another_host_it_is_their_python_and_their_network(make):
    stated = measured_what(make(described={"server_host": {"python": "CPython 3.12.4"}}))
    assert "64 bytes over the network to" in stated
    assert "CPython 3.12.4" in stated


def test_a_stranger_learns_what_was_measured(make):
    assert measured_what(make(repeats=3, steps=(10,))) == (
        "Clients sent messages of 64 bytes over loopback to threaded (thread per connection) and "
        "asyncio_streams (event loop) in Python (CPython 3.11.2, whose GIL lets one thread run at "
        "a time), one CPU; each figure is of 3 repeats on fresh server processes. “The book” is a "
        "chapter on Boost.Asio game servers, sections 6.1 to 6.3, of a Korean textbook."
    )


@pytest.mark.parametrize(
    ("python", "stated"),
    [
        ("CPython 3.9.1", "Python (CPython 3.9.1, whose GIL lets one thread run at a time)"),
        ("CPython 3.13.0", "Python,"),  # a build without the GIL looks the same
        ("PyPy 3.10.14", "Python,"),
    ],
)
def test_a_gil_is_claimed_only_where_there_is_one(make, python, stated):
    measured = make(steps=(10,), described={"host": {"python": python}, "cpu_split": None})
    assert f"in {stated}".replace(",", ";") in measured_what(measured).replace(",", ";")


def test_servers_on_other_interpreters_are_not_said_to_run_on_that_of_the_loader(make):
    servers = {"threaded,python=python3.13t": "", "nginx": "event loop", "node": "event loop"}
    stated = measured_what(make(servers=servers, steps=(10,)))
    assert "to 3 servers in Python, one CPU; each figure is of one repeat on" in stated


def test_failures_and_lost_messages_of_all_steps_are_stated(tell):
    def trouble(step):
        if (step.server, step.workload, step.connections) == ("threaded", "paced", 100):
            step.lost = 17
        if (step.server, step.workload, step.connections) == ("threaded", "saturated", 10):
            step.status, step.connected, step.errors = "partial", 8, {"reset": 2}
        if (step.server, step.connections) == ("asyncio_streams", 1_000):
            step.status, step.reason, step.connected = "failed", "port in use", 0

    stated = tell(repeats=1, change=alike(also=trouble))
    failed, partial, lost, confidence = caveats(stated.measured, stated.comparisons)
    assert failed == (
        "failed: asyncio_streams, paced, at 1,000 (port in use); asyncio_streams, saturated, at "
        "1,000 (port in use)"
    )
    assert partial == (
        "partial: threaded, paced, at 100; threaded, saturated, at 10 (8 of 10 connected, "
        "2 × reset)"
    )
    assert lost.startswith("threaded, paced, 100: 17 of ")
    assert confidence == "confidence: 12 indicative, 11 not compared"
