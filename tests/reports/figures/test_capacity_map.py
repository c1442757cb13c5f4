"""The capacity map, of a workload that stands for its rates."""

import re

import matplotlib as mpl
import pytest

from c10k.reports import style
from c10k.reports.figures.capacity_map import capacity_map


@pytest.fixture
def drawn(make):
    def slow(step):
        step.median_ms = 500.0 if step.connections == 1_000 else 1.0

    measured = make(change=slow, described={"mapped": ["paced"]})
    with mpl.rc_context(style.RC):
        return measured, list(capacity_map(measured))


def test_a_server_has_a_picture_with_a_cell_a_step_and_rate(drawn):
    measured, pictures = drawn
    assert [picture.name for picture in pictures] == [
        "capacity-1-threaded",
        "capacity-2-asyncio-streams",
    ]
    assert [record["connections"] for record in pictures[0].records] == measured.steps
    assert [record["within_slo"] for record in pictures[0].records] == [True, True, False]
    assert "1 message/s per client up to 100 clients" in pictures[0].alt
    assert len(re.findall("1 /s", pictures[0].svg)) == 1


def test_workloads_of_the_map_are_not_in_the_tables(drawn):
    measured, _ = drawn
    assert [workload.name for workload in measured.workloads] == ["saturated"]
    assert [workload.name for workload in measured.map] == ["paced"]
    assert measured.planned_missing == 0


def test_where_the_loader_was_the_bottleneck_it_is_open_whether_a_cell_holds(make):
    def limit(step):
        step.median_ms = 500.0 if step.connections == 1_000 else 1.0
        step.loader_limited = step.connections == 1_000

    measured = make(change=limit, described={"mapped": ["paced"]})
    with mpl.rc_context(style.RC):
        picture = next(capacity_map(measured))
    assert [record["open"] for record in picture.records] == [False, False, True]
    assert "up to 100 clients (beyond it the loader was the bottleneck)" in picture.alt
    assert "stroke-dasharray" in picture.svg
