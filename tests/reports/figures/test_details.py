"""Samples over time, percentiles, the time of a message, and the capacity map."""

import pytest

from c10k.reports.figures.details import capacity_map, percentiles, telemetry
from c10k.reports.figures.time import PARTS, time


def test_a_stall_shows_as_zero(make, draw):
    def stall(behaviour):
        behaviour.messages_per_s *= behaviour.connections != 100

    drawn = draw(make(samples=4, change=stall), telemetry)["messages-per-s-over-time-saturated"]
    assert "0 /s" in drawn.texts
    assert "threaded, 100 clients: 0 /s" in drawn.titles
    stalled = [row for row in drawn.picture.records if row["connections"] == 100]
    assert {row["messages_per_s"] for row in stalled} == {0}


def test_a_curve_of_percentiles_ends_where_too_few_messages_lie_beyond(make, draw):
    drawn = draw(make(workloads=("paced",)), percentiles)["percentiles-paced-1-threaded"]
    ends = {row["connections"]: row["one_in"] for row in drawn.picture.records}
    assert ends == pytest.approx(dict.fromkeys((10, 100, 1_000), 200))  # of 2,000, ten beyond


def test_the_time_of_a_message_is_a_bar_per_server(make, draw):
    (drawn,) = draw(make(workloads=("saturated",)), time).values()
    assert [row["server"] for row in drawn.picture.records] == ["threaded", "asyncio_streams"]
    for server in ("threaded", "asyncio_streams"):
        said = [title for title in drawn.titles if title.startswith(f"{server}, ")]
        assert len(said) == len(PARTS)
        assert any(text.startswith(f"{server}: ") for text in drawn.texts)
    assert {name for name, _opacity, _hatch in PARTS.values()} <= set(drawn.texts)


def slow(step):
    step.median_ms = 500.0 if step.connections == 1_000 else 1.0


def test_a_server_has_a_picture_with_a_cell_per_step_and_rate(make, draw):
    measured = make(change=slow, described={"mapped": ["paced"]})
    drawn = draw(measured, capacity_map)
    assert list(drawn) == ["capacity-1-threaded", "capacity-2-asyncio_streams"]
    picture = drawn["capacity-1-threaded"].picture
    assert [record["connections"] for record in picture.records] == measured.steps
    assert [record["within_slo"] for record in picture.records] == [True, True, False]
    assert "threaded, 1 message/s per client, 1,000 clients: " in picture.alt
    assert drawn["capacity-1-threaded"].texts.count("1 /s") == 1


def test_where_the_loader_was_the_bottleneck_it_cannot_be_stated_if_a_cell_holds(make, draw):
    def limit(step):
        slow(step)
        step.loader_limited = step.connections == 1_000

    measured = make(change=limit, described={"mapped": ["paced"]})
    drawn = next(iter(draw(measured, capacity_map).values()))
    assert [record["open"] for record in drawn.picture.records] == [False, False, True]
    assert drawn.picture.svg.count("<pattern") == 1


@pytest.mark.parametrize("mapped", [[], ["saturated"]])
def test_only_a_workload_of_the_map_is_drawn(make, draw, mapped):
    drawn = draw(make(described={"mapped": mapped}), capacity_map)
    assert len(drawn) == 2 * len(mapped)
