"""What belongs to a series, and what its changes say."""

import math
from dataclasses import replace

import pytest

from c10k.reports.comparisons.pairs import CPU, MEMORY, P50, P99, THROUGHPUT
from c10k.reports.history.series import Setting, Subject, history_of, read_history
from c10k.reports.model.measured import ReportError
from c10k.results.changes import runs_needed
from tests.reports.history.conftest import SUBJECT
from tests.reports.synthetic import write_run

STEP = [10.0] * 8 + [12.0] * 8


def written(directory, day=1, *, steps=(10,), workloads=("saturated",), servers=None, **described):
    host = {"cpu_model": "Example CPU", "cpus": 2, "fingerprint": described.pop("machine", "abc")}
    plan = described.pop("plan", {})
    return write_run(
        directory,
        servers or {"threaded": "thread per connection"},
        workloads,
        steps,
        windows=1,
        plan=plan,
        change=described.pop("change", lambda step: None),
        described={
            "created_at": f"2026-09-{day:02}T02:00:00+00:00",
            "commit": f"abcdef{day:02}",
            "host": host,
            "workloads": described.pop("workloads_asked", [{"name": each} for each in workloads]),
            **described,
        },
    )


def test_the_runs_of_a_directory_are_in_the_order_of_their_time(tmp_path):
    for name, day in (("a", 3), ("b", 1), ("c", 2)):
        written(tmp_path / "runs" / name, day)
    (tmp_path / "runs" / "no run").mkdir()
    history = read_history([tmp_path / "runs", tmp_path / "runs" / "a"])
    assert [run.name for run in history.runs] == ["b", "c", "a"]
    assert [run.commit for run in history.runs] == ["abcdef01", "abcdef02", "abcdef03"]
    assert {series.subject.measure for series in history.series} == {
        MEMORY,
        CPU,
        THROUGHPUT,
        P50,
        P99,
    }
    assert all(series.runs == history.runs for series in history.series)
    assert history.changes == []


def test_a_figure_is_that_of_the_report(tmp_path, step, measured):
    written(tmp_path / "run", steps=(10, 1_000))
    (run,) = read_history([tmp_path]).runs
    cpu = run.figures[Subject("threaded", "saturated", 1_000, CPU)]
    memory = run.figures[Subject("threaded", "saturated", 0, MEMORY)]
    assert cpu.value == pytest.approx(
        step("threaded", "saturated", 1_000, "cpu_us_per_message"), 0.1
    )
    assert memory.value == pytest.approx(23 * 1024, rel=0.01)  # of synthetic.behaviour
    assert measured.slope("threaded", "saturated", "resident_bytes").value == pytest.approx(
        memory.value, rel=0.01
    )


def test_of_two_servers_side_by_side_the_head_is_taken_by_what_it_was(tmp_path):
    written(
        tmp_path / "run",
        servers={"base": "a", "head": "b"},
        plan={"profile": {"name": "ab", "repeats": 1, "windows": 1, "window-s": 1.0}},
        comparison={"base": "threaded", "head": "threaded,stack=256k"},
    )
    (run,) = read_history([tmp_path]).runs
    assert {subject.server for subject in run.figures} == {"threaded,stack=256k"}
    memory = run.figures[Subject("threaded,stack=256k", "saturated", 10, MEMORY)]
    assert memory.value > 0


@pytest.mark.parametrize(
    "other",
    [
        {"machine": "def"},
        {"plan": {"profile": {"name": "quick", "windows": 3, "window-s": 3.0}}},
        {"plan": {"profile": {"name": "standard", "windows": 3, "window-s": 1.0}}},
        {"plan": {"steps": [10, 100]}},
    ],
)
def test_runs_of_another_machine_or_plan_have_series_of_their_own(tmp_path, other):
    written(tmp_path / "a", 1)
    written(tmp_path / "b", 2, **other)
    history = read_history([tmp_path])
    assert len(history.settings) == 2
    assert {len(series.runs) for series in history.series} == {1}
    latest = history.runs[-1].setting
    assert history.settings[0] == latest


def test_a_workload_with_other_options_is_another(tmp_path):
    for day, size in ((1, []), (2, ["--size", "1024"])):
        asked = ["--workload", "saturated", *size]
        written(
            tmp_path / str(day), day, workloads_asked=[{"name": "saturated", "arguments": asked}]
        )
    workloads = [series.subject.workload for series in read_history([tmp_path]).series]
    assert set(workloads) == {"saturated", "saturated --size 1024"}


def test_a_damaged_run_is_named_and_the_rest_goes_on(tmp_path):
    written(tmp_path / "good")
    bad = written(tmp_path / "bad\n")
    (bad / "steps.parquet").write_bytes(b"PAR1")
    odd = written(tmp_path / "odd")
    manifest = (odd / "run.json").read_text()
    (odd / "run.json").write_text(manifest.replace("2026-09-01T02:00:00+00:00", "yesterday"))
    history = read_history([tmp_path])
    assert [run.name for run in history.runs] == ["good"]
    one, other = history.left_out
    assert one.startswith("bad\\n is left out: ")
    assert "steps.parquet cannot be read" in one
    assert other.startswith("odd is left out: ")
    (tmp_path / "good" / "run.json").write_text("{}")
    with pytest.raises(ReportError, match="no run can be read: bad"):
        read_history([tmp_path])


def test_a_directory_without_a_run_is_refused(tmp_path):
    written(tmp_path / "run")
    (tmp_path / "empty").mkdir()
    with pytest.raises(ReportError, match="empty holds no run"):
        read_history([tmp_path / "run", tmp_path / "empty"])


def test_a_change_names_the_run_its_commit_and_the_one_before(runs):
    history = history_of(runs(STEP))
    ((series, change),) = history.changes
    assert series.subject == SUBJECT
    assert (change.run.name, change.previous.name) == ("run-8", "run-7")
    assert (change.run.short_commit, change.previous.short_commit) == ("0000008", "0000007")
    assert change.ratio.value == pytest.approx(1.2)
    assert change.verdict == "worse"


@pytest.mark.parametrize(
    ("measure", "values", "verdict"),
    [
        (CPU, STEP, "worse"),
        (P99, STEP[::-1], "better"),
        (THROUGHPUT, STEP, "better"),
        (THROUGHPUT, STEP[::-1], "worse"),
    ],
)
def test_more_is_better_of_throughput_alone(runs, measure, values, verdict):
    history = history_of(runs(values, SUBJECT._replace(measure=measure)))
    assert [change.verdict for _series, change in history.changes] == [verdict]


@pytest.mark.parametrize(
    ("commit", "verdict"),
    [("abc", "worse, of the same commit"), ("abc+", "worse"), ("", "worse")],
)
def test_a_change_of_the_same_commit_is_not_the_programs(runs, commit, verdict):
    history = history_of(runs(STEP, commit=commit))
    assert [change.verdict for _series, change in history.changes] == [verdict]


def test_a_long_commit_is_shortened_and_still_says_that_files_had_changed(runs):
    commits = [runs([1], commit=each)[0].short_commit for each in (40 * "a", 40 * "a" + "+", "b+")]
    assert commits == ["a" * 10, "a" * 10 + "+", "b+"]


def test_what_others_disturbed_counts_for_nothing(runs):
    history = history_of(runs([*STEP, 99.0, 99.0, 99.0, 99.0], unfit=(3, 16, 17, 18, 19)))
    (series,) = history.series
    assert len(series.runs) == 20
    assert series.values == STEP[1:]
    assert [change.run.name for change in series.changes] == ["run-8"]


def test_a_disturbed_run_is_known_from_its_steps(tmp_path):
    written(tmp_path / "run", change=lambda step: setattr(step, "others", 1.5))
    (run,) = read_history([tmp_path]).runs
    assert {subject.measure for subject in run.unfit} == {CPU, THROUGHPUT, P50, P99}


def test_what_is_0_or_unknown_is_no_figure(tmp_path):
    written(tmp_path / "run", change=lambda step: setattr(step, "cpu_us", math.nan))
    written(tmp_path / "zero", change=lambda step: setattr(step, "cpu_us", 0.0))
    measures = [{s.measure for s in run.figures} for run in read_history([tmp_path]).runs]
    assert all(THROUGHPUT in each and CPU not in each for each in measures)


def test_the_latest_change_comes_first_and_of_one_run_the_largest(runs):
    small = runs(STEP)
    large = runs([1.0] * 8 + [3.0] * 8, SUBJECT._replace(measure=P50))
    late = runs([1.0] * 11 + [2.0] * 5, SUBJECT._replace(measure=P99))
    together = [
        replace(one, figures={**one.figures, **two.figures, **three.figures})
        for one, two, three in zip(small, large, late, strict=True)
    ]
    found = [series.subject.measure for series, _change in history_of(together).changes]
    assert found == [P99, P50, CPU]


def test_series_of_few_runs_are_counted(runs):
    assert len(history_of(runs([1.0] * 9)).short) == 1
    assert history_of(runs([1.0] * 10)).short == []
    assert runs_needed([10, 9]) == 10
    assert runs_needed([12] * 60) == 16  # 2 of 12,870 orders: 1 in 60 is a fiftieth of 1/60


def test_a_setting_says_what_was_measured_on_and_how(tmp_path):
    written(tmp_path / "run", steps=(10, 1_000))
    (run,) = read_history([tmp_path]).runs
    assert run.setting == Setting(
        "Example CPU, 2 CPUs (abc)", "profile standard, 3 × 3 s at 10 and 1,000 clients"
    )
