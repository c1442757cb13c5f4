import numpy as np
import pytest

from benchmarks import history
from c10k.results import changes


@pytest.fixture(autouse=True)
def few(monkeypatch):
    monkeypatch.setattr(history, "HISTORIES", 60)
    monkeypatch.setattr(history, "PAGES", 3)
    monkeypatch.setattr(history, "LOOKS", 2)
    monkeypatch.setattr(changes, "_PERMUTATIONS", (2_000,))


@pytest.mark.parametrize("kind", [kind for kind in history.KINDS if kind.startswith("no step")])
def test_without_a_step_there_is_hardly_ever_an_alarm(kind):
    found = history.rates(kind, history.ours)
    assert found["any"] < 0.1  # 2 % in the long run
    assert np.isnan(found["1"])


def test_a_step_is_mostly_found():
    found = history.rates("a step", history.ours)
    assert found["any"] > 0.9
    assert 0.55 < found["1"] < found["3"]
    assert found["more"] < 0.1
    assert found["holds"] > 0.85  # of 95 % intervals


def test_a_detector_that_knows_nothing_is_seen_through():
    found = history.rates("a step", lambda values: [history._place(5), history._place(50)])
    assert (found["1"], found["3"], found["more"]) == (0, 0, 1)


@pytest.mark.parametrize(("lines", "rows"), [(history.pages, 3), (history.looks, 4)])
def test_each_table_has_its_rows(lines, rows, monkeypatch):
    monkeypatch.setattr(history, "RUNS", 12)
    table = list(lines())
    assert len(table) == 2 + rows
    assert {line.count("|") for line in table} == {table[0].count("|")}
