"""The rows of steps, as results/ makes them of windows and histograms, against both read anew."""

import math

import pytest

from c10k.results.aggregate import Recording, step_row
from c10k.results.histogram import Histogram
from tests.reports.recomputed.raw import summary_ms

KINDS = ("response", "service", "send_lag", "connect", "first_echo")


@pytest.fixture(scope="module")
def steps(raw):
    """Each step that measured something: its key in the log, its row, its windows, and the row that
    today's code makes of these.
    """
    found = []
    for point, rows in raw.steps.items():
        for row in rows:
            if row["messages"]:
                key = (*point[:2], row["repeat"], point[2])
                windows = [each for each in raw.windows[point] if each["repeat"] == row["repeat"]]
                found.append((key, row, windows, step_row(windows, _recordings(raw, key))))
    assert len(found) > 50
    return found


def _recordings(raw, key):
    for kind in (*KINDS, "waiting"):
        for start_s, length_s, encoded in raw.log.lines(*key, kind):
            yield Recording(kind, start_s, length_s, Histogram.decode(encoded))


def _latencies(row, kind):
    names = ("mean", "p50", "p90", "p99", "p99_9", "p99_99", "max")
    columns = {name: row[f"{kind}_{name}_ms"] for name in names}
    return {name: value for name, value in columns.items() if not math.isnan(value)}


def test_latencies_are_those_of_merged_histograms(raw, steps):
    for key, _row, _windows, made in steps:
        # A starved connection's wait counts. It is a state: the last window's includes the others'.
        waits = raw.log.counts(*key, "waiting")[-1:]
        for kind in KINDS:
            found = raw.log.counts(*key, kind) + (waits if kind == "response" else [])
            assert _latencies(made, kind) == pytest.approx(summary_ms(sum(found))), (key, kind)


def test_messages_are_counted_in_their_histograms(raw, steps):
    for key, _row, _windows, made in steps:
        for kind in ("response", "service"):
            assert made["messages"] == sum(raw.log.counts(*key, kind)).sum(), (key, kind)


def test_a_step_made_again_of_its_windows_is_the_recorded_one(steps):
    """In every figure that windows have; flags and causes are decided on after them."""
    for key, row, windows, made in steps:
        columns = [name for name in made if any(w.get(name) == w.get(name) for w in windows)]
        figures = [name for name in columns if name in row and isinstance(row[name], float)]
        assert len(figures) > 40
        for column in figures:
            assert made[column] == pytest.approx(row[column], nan_ok=True), (key, column)
