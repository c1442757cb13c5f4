import importlib
import json
import math
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks.regression import (
    BASELINES,
    BaselineError,
    Machine,
    RegressionVerdict,
    combined,
    compare,
    load_baseline,
    save_baseline,
)

MACHINE = Machine("A CPU", 2, "6.18", "3.11")
MEASURES = {"round_trip[threaded] time": 7.0, "round_trip[threaded] CPU": 3.25}
ratios = st.dictionaries(st.text(min_size=1), st.floats(0.01, 1e4), min_size=1, max_size=5)


def verdict(base, head, threshold=1.5):
    (comparison,) = compare({"it": base}, {"it": head}, threshold)
    return comparison.verdict, comparison.failed


@pytest.mark.parametrize(
    ("base", "head", "expected"),
    [
        (2.0, 2.0, RegressionVerdict.SAME),
        (2.0, 3.0, RegressionVerdict.SAME),  # right at the threshold
        (2.0, math.nextafter(3.0, 4.0), RegressionVerdict.SLOWER),
        (2.0, 4.0, RegressionVerdict.SLOWER),
        (3.0, 2.0, RegressionVerdict.SAME),
        (3.0, 1.999, RegressionVerdict.FASTER),
        (4.0, 2.0, RegressionVerdict.FASTER),
    ],
)
def test_the_verdict_turns_at_the_threshold(base, head, expected):
    assert verdict(base, head) == (expected, expected is RegressionVerdict.SLOWER)


@given(st.floats(0.01, 1e4), st.floats(1.01, 10.0))
def test_twice_as_slow_fails_below_a_threshold_of_two(base, threshold):
    found, failed = verdict(base, 2 * base, threshold)
    assert failed == (threshold < 2)
    assert found == (RegressionVerdict.SLOWER if threshold < 2 else RegressionVerdict.SAME)


@given(ratios, st.floats(1.01, 10.0))
def test_the_same_results_never_fail(measures, threshold):
    assert {c.verdict for c in compare(measures, measures, threshold)} == {RegressionVerdict.SAME}


@given(ratios, st.floats(0.01, 100.0), st.floats(1.01, 10.0))
def test_slower_one_way_is_faster_the_other(measures, factor, threshold):
    scaled = {name: value * factor for name, value in measures.items()}
    mirrored = {
        RegressionVerdict.SLOWER: RegressionVerdict.FASTER,
        RegressionVerdict.FASTER: RegressionVerdict.SLOWER,
    }
    for there, back in zip(
        compare(measures, scaled, threshold), compare(scaled, measures, threshold), strict=True
    ):
        if not math.isclose(max(there.ratio, back.ratio), threshold):
            assert back.verdict == mirrored.get(there.verdict, RegressionVerdict.SAME)


def test_what_is_no_longer_measured_fails_and_what_is_new_does_not():
    gone, kept, new = compare({"a": 1.0, "b": 1.0}, {"b": 1.0, "c": 9.0}, 1.5)
    assert (gone.name, gone.verdict, gone.failed) == ("a", RegressionVerdict.GONE, True)
    assert (kept.name, kept.verdict, kept.failed) == ("b", RegressionVerdict.SAME, False)
    assert (new.name, new.verdict, new.failed) == ("c", RegressionVerdict.NEW, False)


def test_a_baseline_is_read_back(tmp_path):
    path = save_baseline(tmp_path / "baseline", MACHINE, MEASURES)
    assert load_baseline(tmp_path / "baseline", MACHINE) == MEASURES
    assert json.loads(path.read_text())["machine"]["cpu_model"] == "A CPU"


def test_the_committed_baselines_are_found():
    baselines = list(BASELINES.glob("*.json"))
    assert baselines
    for path in baselines:
        machine = Machine(**json.loads(path.read_text())["machine"])
        assert machine.baseline(BASELINES) == path
        assert load_baseline(BASELINES, machine)


def test_a_baseline_is_replaced_by_the_same_machine_alone(tmp_path):
    other = replace(MACHINE, kernel="6.1")
    first = save_baseline(tmp_path, MACHINE, MEASURES)
    save_baseline(tmp_path, other, {"it": 1.0})
    assert save_baseline(tmp_path, MACHINE, {"it": 2.0}) == first
    assert load_baseline(tmp_path, MACHINE) == {"it": 2.0}
    assert load_baseline(tmp_path, other) == {"it": 1.0}


@pytest.mark.parametrize(
    "change", [{"cpu_model": "Another"}, {"cpus": 4}, {"kernel": "6.19"}, {"python": "3.12"}]
)
def test_another_machine_is_refused(tmp_path, change):
    save_baseline(tmp_path, MACHINE, MEASURES)
    with pytest.raises(BaselineError, match=r"no baseline of this machine.*1 of other machines"):
        load_baseline(tmp_path, replace(MACHINE, **change))


def test_no_baseline_at_all_is_refused(tmp_path):
    with pytest.raises(BaselineError, match="no baseline of this machine, A CPU, 2 CPUs"):
        load_baseline(tmp_path / "nowhere", MACHINE)


@pytest.mark.parametrize(
    "content",
    [
        "{",
        "[]",
        "{}",
        '{"schema": "c10k.baseline/9", "machine": {}, "ratio_to_floor": {}}',
        '{"schema": "c10k.baseline/1", "machine": {"ram": 1}, "ratio_to_floor": {"it": 1}}',
    ],
)
def test_a_damaged_baseline_is_refused(tmp_path, content):
    MACHINE.baseline(tmp_path).write_text(content)
    with pytest.raises(BaselineError, match="cannot be used"):
        load_baseline(tmp_path, MACHINE)


@pytest.mark.parametrize("value", [0.0, -1.0, math.nan, math.inf])
def test_what_is_no_ratio_is_not_saved(tmp_path, value):
    with pytest.raises(ValueError, match="not a positive number"):
        save_baseline(tmp_path, MACHINE, {"it": value})
    with pytest.raises(ValueError, match="no measure"):
        save_baseline(tmp_path, MACHINE, {})
    assert not list(tmp_path.iterdir())


def test_this_machine_is_the_same_each_time():
    assert Machine.here() == Machine.here()
    assert Machine.here().cpus >= 1
    assert Machine.here().cpu_model


@pytest.fixture
def regress(monkeypatch, tmp_path):
    """The command, with a directory for baselines of its own and measures that the test sets."""
    monkeypatch.syspath_prepend(Path(__file__).parents[2])
    command = importlib.import_module("benchmarks.regress")
    monkeypatch.setattr(command, "ROOT", tmp_path)
    monkeypatch.setattr(command, "BASELINES", tmp_path / "baseline")

    def run(measures, *arguments, then=()):
        """Run it on these measures; should it measure again, on those that come `then`."""
        runs = iter([measures, *then])
        monkeypatch.setattr(command, "ratios", lambda: next(runs, measures))
        return command.main(arguments)

    return run


def test_the_command_passes_on_what_it_just_saved(regress, capsys):
    assert regress(MEASURES, "--save") == 0
    assert regress(MEASURES) == 0
    assert capsys.readouterr().out.count(" same") == len(MEASURES)


@pytest.mark.parametrize(("factor", "status"), [(1.49, 0), (1.51, 1), (2.0, 1), (0.4, 0)])
def test_the_command_fails_beyond_its_threshold(regress, capsys, factor, status):
    regress(MEASURES, "--save")
    slow = dict(MEASURES)
    slow["round_trip[threaded] time"] *= factor
    assert regress(slow) == status
    captured = capsys.readouterr()
    assert ("SLOWER" in captured.out) == bool(status)
    assert ("a regression: round_trip[threaded] time" in captured.err) == bool(status)
    assert regress(slow, "--threshold", "2.5") == 0


def test_what_is_slow_once_is_no_regression(regress):
    slow = {name: 2 * value for name, value in MEASURES.items()}
    regress(MEASURES, "--save")
    assert regress(slow, then=[MEASURES]) == 0
    assert regress(slow, then=[slow, MEASURES]) == 0
    assert regress(slow, then=[slow, slow, MEASURES]) == 1


def test_a_baseline_is_the_median_of_its_runs(regress, tmp_path):
    low, high = ({name: k * value for name, value in MEASURES.items()} for k in (0.5, 9.0))
    regress(low, "--save", then=[high, MEASURES])
    (saved,) = (tmp_path / "baseline").iterdir()
    assert json.loads(saved.read_text())["ratio_to_floor"] == MEASURES


def test_runs_combine_what_all_of_them_measured():
    assert combined([{"a": 3.0, "b": 1.0}, {"a": 2.0}], min) == {"a": 2.0}


def test_the_command_says_how_to_save_a_baseline(regress, capsys):
    assert regress(MEASURES) == 3
    error = capsys.readouterr().err
    assert "no baseline of this machine" in error
    assert "python -m benchmarks.regress --save" in error


@pytest.mark.parametrize("arguments", [["--threshold", "1"], ["--threshold", "x"], ["--quick"]])
def test_wrong_usage_is_refused(regress, arguments):
    with pytest.raises(SystemExit) as caught:
        regress(MEASURES, *arguments)
    assert caught.value.code == 2
