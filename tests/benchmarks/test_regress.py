import hashlib
import json
import math
import re
from pathlib import Path

import pytest

from benchmarks import regress as command
from benchmarks.measure import machine

ROOT = Path(__file__).parents[2]
MEASURES = {"round_trip[threaded] time": 7.0, "round_trip[threaded] cpu": 3.25}


@pytest.fixture
def regress(monkeypatch, tmp_path):
    """The command, with a directory for baselines of its own and measures that the test sets."""
    monkeypatch.setattr(command, "ROOT", tmp_path)
    monkeypatch.setattr(command, "BASELINES", tmp_path / "baseline")

    def run(measures, *arguments, then=(), machine="A CPU"):
        """Run it on these measures; should it measure again, on those that come `then`."""
        runs = iter([measures, *then])
        monkeypatch.setattr(command, "ratios", lambda: next(runs, measures))
        monkeypatch.setattr(command, "machine", lambda: machine)
        return command.main(arguments)

    return run


@pytest.mark.parametrize(
    ("base", "head", "verdict", "status"),
    [
        (2.0, 2.0, "same", 0),
        (2.0, 3.0, "same", 0),  # right at the threshold
        (2.0, math.nextafter(3.0, 4.0), "SLOWER", 1),
        (3.0, 2.0, "same", 0),
        (3.0, 1.999, "faster", 0),
        (3.0, math.nan, "SLOWER", 1),
    ],
)
def test_the_verdict_turns_at_the_threshold(regress, capsys, base, head, verdict, status):
    regress({"a": 1.0, "b": base}, "--save")
    assert regress({"a": 1.0, "b": head}) == status
    captured = capsys.readouterr()
    _saved, title, *rows = captured.out.splitlines()
    assert title.split() == ["times", "the", "floor", "base", "head", "ratio", "limit", "verdict"]
    numbers = [f"{number:.2f}" for number in (base, head, head / base, 1.5)]
    rows = [row.split() for row in rows]
    assert rows == [["a", "1.00", "1.00", "1.00", "1.50", "same"], ["b", *numbers, verdict]]
    assert captured.err == ("a regression: b\n" if status else "")
    assert regress({"a": 1.0, "b": head}, "--threshold", "2.5") == math.isnan(head)


def test_what_is_no_longer_measured_fails_and_what_is_new_does_not(regress, capsys):
    regress({"a": 1.0, "b": 1.0}, "--save")
    assert regress({"a": 1.0, "b": 1.0, "c": 9.0}) == 0
    assert capsys.readouterr().out.split()[-1] == "new"
    assert regress({"b": 1.0}) == 1
    captured = capsys.readouterr()
    assert "GONE" in captured.out
    assert captured.err == "a regression: a\n"


def test_what_is_slow_once_is_no_regression(regress):
    slow = {name: 2 * value for name, value in MEASURES.items()}
    regress(MEASURES, "--save")
    assert regress(slow, then=[MEASURES]) == 0
    assert regress(slow, then=[slow, MEASURES]) == 0
    assert regress(slow, then=[slow, slow, MEASURES]) == 1


def test_a_baseline_is_the_median_of_its_runs_and_of_one_machine(regress, tmp_path, capsys):
    low, high = ({name: k * value for name, value in MEASURES.items()} for k in (0.5, 9.0))
    regress(low, "--save", then=[high, MEASURES])
    (saved,) = (tmp_path / "baseline").iterdir()
    content = {"machine": "A CPU", "ratio_to_floor": MEASURES}
    assert json.loads(saved.read_text()) == content
    regress({"it": 1.0}, "--save", machine="Another")
    assert json.loads(saved.read_text()) == content
    assert regress({"it": 1.0}, machine="Another") == 0
    assert regress(MEASURES, machine="A third") == 3
    error = capsys.readouterr().err
    assert error.startswith("no baseline of this machine, A third: ")
    assert "`python -m benchmarks.regress --save`" in error


@pytest.mark.parametrize(
    "content", ["{", "[]", "{}", '{"machine": "", "ratio_to_floor": {"it": 0}}']
)
def test_a_damaged_baseline_is_refused(regress, tmp_path, capsys, content):
    regress(MEASURES, "--save")
    (saved,) = (tmp_path / "baseline").iterdir()
    saved.write_text(content)
    assert regress(MEASURES) == 3
    assert f"the baseline {saved} cannot be used: " in capsys.readouterr().err


def test_a_machine_is_told_by_what_must_agree():
    assert re.fullmatch(r".+, [1-9]\d* CPUs, Linux \d+\.\d+, Python 3\.\d+", machine())


def test_the_committed_baselines_are_found():
    baselines = list((ROOT / "results" / "baseline").glob("*.json"))
    assert baselines
    for path in baselines:
        content = json.loads(path.read_text())
        assert path.stem == hashlib.sha256(content["machine"].encode()).hexdigest()[:8]
        assert min(content["ratio_to_floor"].values()) > 0


@pytest.mark.parametrize("arguments", [["--threshold", "1"], ["--threshold", "x"], ["--quick"]])
def test_wrong_usage_is_refused(regress, arguments):
    with pytest.raises(SystemExit) as caught:
        regress(MEASURES, *arguments)
    assert caught.value.code == 2
