import pytest

from c10k.reports.summary.terminal import WIDTH, terminal_summary
from tests.reports.summary.conftest import alike


@pytest.fixture
def shown(tell):
    """The summary of a run, its lines and all of it as one."""

    def show(**options):
        text = terminal_summary(tell(**options).measured.run, WIDTH)
        assert all(len(line) <= WIDTH for line in text.splitlines())
        return text.splitlines(), " ".join(text.split())

    return show


def test_every_server_has_a_line_per_workload_at_its_largest_step(shown):
    lines, text = shown(change=alike("threaded", cpu_us=2))
    assert text.startswith("1,000 clients, one CPU, Python: the event loop uses 2.0 times less CPU")
    at = lines.index(next(line for line in lines if line.startswith("workload")))
    assert [" ".join(line.split()) for line in lines[at : at + 3]] == [
        "workload server clients msg/s p50 ms p99 ms mem/conn µs/msg",
        "paced threaded 1,000 976 1.03 2.37 4.05 KB 41.0",
        "paced asyncio_streams 1,000 976 1.03 2.37 4.05 KB 20.5",
    ]
    assert "confidence: 15 equivalent, 6 clear" in text


def test_flags_stand_below_in_words(shown):
    def trouble(step):
        if (step.server, step.connections, step.repeat) == ("threaded", 1_000, 1):
            step.unsteady, step.others = "throughput", 0.5

    _lines, text = shown(change=alike(also=trouble))
    assert "disturbed: threaded, paced, at 1,000 (50 %, in 1 of 3 repeats); threaded, sat" in text
    assert "unsteady: threaded, paced, at 1,000 (throughput after 3.0 s, in 1 of 3" in text
    assert not set("†‡§※△◊λ¶") & set(text)


def test_a_long_name_gives_way_to_the_figures(shown):
    _lines, text = shown(servers={"asyncio_protocol,loop=uvloop,python=/opt/python3.13": ""})
    assert "…" in text


def test_the_result_of_each_search(shown):
    limited, why = "threaded,limit=as:4g", "at 391: 388 of 391 connections were served; 3 × reset"

    def refuse(step):
        if step.connections > 388:
            step.status, step.connected, step.errors = "partial", 388, {"reset": 3}

    _lines, text = shown(
        servers={limited: "thread per connection"},
        workloads=("paced",),
        change=alike(also=refuse),
        probes=(387, 391),
        found=[{"server": limited, "workload": "paced", "connections": 387, "why": why}],
    )
    found = f"max connections, p99 within 100 ms: paced, {limited}: ≥ 387, < 391"
    assert f"{found}; {why}" in text
