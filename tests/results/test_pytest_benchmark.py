"""A run as pytest-benchmark's JSON, read by pytest-benchmark."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pytest_benchmark import cli
from pytest_benchmark.stats import Stats

from c10k.results.exports.pytest_benchmark import pytest_benchmark, statistics_of
from tests.reports.synthetic import held_run

SMALL = {"servers": {"threaded": "a thread"}, "steps": (10,), "windows": 1, "repeats": 3}


def exported(directory, **options):
    """The benchmarks of a run, by workload."""
    found = pytest_benchmark(held_run(directory, **SMALL | options))
    return {each["params"]["workload"]: each for each in found["benchmarks"]}


def test_in_a_closed_loop_a_round_is_the_time_per_message(tmp_path):
    def change(step):
        step.messages_per_s = (1_000.0, 500.0, 250.0)[step.repeat]
        step.rss_bytes, step.cpu_us = 8e6 * (step.repeat + 1), 20.0 * (step.repeat + 1)

    found = exported(tmp_path, change=change)["saturated"]
    assert found["group"] == "saturated, 10 connections: time per message"
    assert found["fullname"] == "c10k::time_per_message[threaded-saturated-10]"
    assert found["stats"]["data"] == pytest.approx([0.001, 0.002, 0.004], rel=0.05)
    assert found["stats"]["rounds"] == 3
    assert found["extra_info"]["resident_bytes"] == pytest.approx(16e6, rel=0.01)
    assert found["extra_info"]["cpu_us_per_message"] == pytest.approx(40, rel=0.05)


def test_in_an_open_loop_a_round_is_the_median_response_time(tmp_path):
    found = exported(tmp_path, change=lambda step: setattr(step, "median_ms", 2.0))["paced"]
    assert found["name"] == "median_response_time[threaded-paced-10]"
    assert found["stats"]["median"] == pytest.approx(0.002, rel=0.1)


def test_where_clients_starve_an_open_loop_has_no_typical_time(tmp_path):
    def change(step):
        if step.workload == "paced" and step.repeat:
            step.starved = 1  # of 10

    assert exported(tmp_path, change=change)["paced"]["stats"]["rounds"] == 1


def test_what_makes_a_figure_doubtful_stands_beside_it(tmp_path):
    def change(step):
        if step.workload == "saturated":
            step.loader_limited, step.starved = step.repeat == 1, 4 * (step.repeat == 2)
            step.others = 0.9 * (step.repeat == 2)

    stated = ("disturbed", "loader_limited", "unserved_clients")
    found = exported(tmp_path, change=change)
    assert [found["saturated"]["extra_info"][each] for each in stated] == [True, True, 4]
    assert [found["paced"]["extra_info"][each] for each in stated] == [False, False, 0]


def test_repeats_that_failed_are_no_rounds_and_without_any_there_is_no_benchmark(tmp_path):
    def change(step):
        failed = step.workload == "paced" or step.repeat == 0
        step.status = "failed" if failed else "ok"

    (found,) = exported(tmp_path, change=change).values()
    assert (found["params"]["workload"], found["stats"]["rounds"]) == ("saturated", 2)


def test_machine_and_commit_are_those_of_the_run(tmp_path):
    run = held_run(tmp_path, **SMALL, described={"commit": "abc+"})
    found = pytest_benchmark(run)
    assert found["machine_info"]["cpu"] == {"brand_raw": "Example CPU at 3.0 GHz", "count": 2}
    assert found["machine_info"]["python_version"] == "3.11.2"
    assert (found["commit_info"]["id"], found["commit_info"]["dirty"]) == ("abc", True)


@given(st.lists(st.floats(1e-6, 10), min_size=1, max_size=12))
def test_the_statistics_are_those_that_pytest_benchmark_says(values):
    theirs = Stats()
    for value in values:
        theirs.update(value)
    ours = statistics_of(values)
    highest = ours.pop("hd15iqr")  # before 5.3 theirs was the first one beyond
    assert highest == max(v for v in values if v <= ours["q3"] + 1.5 * ours["iqr"])
    expected = theirs.as_dict()
    del expected["hd15iqr"]
    assert ours == expected


def test_pytest_benchmark_compares_two_exports(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    for name, factor in (("base", 1), ("head", 2)):

        def change(step, factor=factor):
            step.messages_per_s /= factor

        found = pytest_benchmark(held_run(tmp_path, **SMALL, change=change))
        (tmp_path / f"{name}.json").write_text(json.dumps(found, allow_nan=False))
    monkeypatch.setattr("sys.argv", ["compare", "compare", "base.json", "head.json"])
    cli.main()
    shown = capsys.readouterr().out
    assert "saturated, 10 connections: time per message': 2 tests" in shown
    (slower,) = (
        line for line in shown.splitlines() if "time_per_message" in line and "head" in line
    )
    assert "(2.00)" in slower
