"""What the recorded run measured, worked out from its files by no code of results/ or reports/."""

import math
from collections import defaultdict
from functools import cache
from urllib.parse import unquote

import numpy as np
import pandas as pd
from hdrh.histogram import HdrHistogram
from numpy.ctypeslib import as_array

# results/statistics.py: percentile bootstrap, 95 %.
RESAMPLES, SEED, TAIL = 5_000, 10_000, 0.025

# A sum over a step's windows has no range over them.
SUMS = {
    *("window_s", "messages", "sent", "received", "errors", "loader_cpu_s", "cpu_s"),
    *("cpu_user_s", "cpu_system_s", "runqueue_wait_s", "lock_wait_s", "context_switches"),
    *("minor_faults", "major_faults", "listen_overflows", "listen_drops", "retransmits"),
    *("steal_s", "other_processes_cpu_s"),
}


class Raw:
    """The rows of a run by (server, workload, connections), and its histograms."""

    def __init__(self, directory):
        steps = pd.read_parquet(directory / "steps.parquet")
        windows = pd.read_parquet(directory / "windows.parquet")
        self.samples = pd.read_parquet(directory / "samples.parquet")
        self.log = Log(directory / "latency.hlog")
        self.columns = list(steps)
        self.steps, self.windows = (_grouped(_derived(frame)) for frame in (steps, windows))

    def usable(self, point):
        """The repeats that measured something."""
        return [row for row in self.steps[point] if row["status"] != "failed"]

    def value(self, point, column):
        """A figure and its interval: the median of repeats, or one repeat over its windows."""
        known = [row for row in self.usable(point) if not math.isnan(row[column])]
        if len(known) != 1:
            return median([row[column] for row in known])
        value = float(known[0][column])
        parts = [
            row[column]
            for row in self.windows[point]
            if row["repeat"] == known[0]["repeat"] and not math.isnan(row.get(column, math.nan))
        ]
        if len(parts) < 2 or column in SUMS:
            return value, math.nan, math.nan
        return value, min(value, *parts), max(value, *parts)  # of merged histograms, or a window's

    def ratio(self, pair, workload, connections, column):
        """One server's figure to the other's, in pairs of the same repeat."""
        rows = ({r["repeat"]: r for r in self.usable((s, workload, connections))} for s in pair)
        one, other = rows
        return median([one[n][column] / other[n][column] for n in one if n in other])

    def fit(self, point):
        """Whether nothing disturbed any repeat, so that a ratio rests on all of them."""
        return not any(
            row["loader_limited"]
            or row["steal_s"] > 0.05 * row["window_s"]
            or row["other_processes_cpu_s"] > 0.2 * row["window_s"]
            for row in self.steps[point]
        )

    def slope(self, server, workload, column):
        """By how much a column grows per connection: least squares, its points resampled."""
        points = [point for point in self.steps if point[:2] == (server, workload)]
        ramp = [point for point in points if point[2] in (10, 100, 1_000)]
        rows = [row for point in sorted(ramp) for row in self.usable(point)]
        rows = [(row["connected"], row[column]) for row in rows if not math.isnan(row[column])]
        if len({connected for connected, _ in rows}) < 2:
            return math.nan, math.nan, math.nan
        x, y = np.array(rows, float).T
        return float(_least_squares(x, y)), *_between(_least_squares, x, y)


def median(values):
    """The median and its bootstrap interval; of one value no interval."""
    values = np.array([value for value in values if math.isfinite(value)])
    if not len(values):
        return math.nan, math.nan, math.nan
    if len(values) == 1:
        return float(values[0]), math.nan, math.nan
    return float(np.median(values)), *_between(lambda many: np.median(many, axis=1), values)


@cache
def _picked(n):
    return np.random.default_rng(SEED).integers(0, n, (RESAMPLES, n))


def _between(statistic, *columns):
    """The interval of a statistic of columns whose rows are resampled together."""
    picked = _picked(len(columns[0]))
    ends = np.nanquantile(statistic(*(each[picked] for each in columns)), [TAIL, 1 - TAIL])
    return map(float, ends)


def _least_squares(x, y):
    """The slope of the line through each row's points: their covariance by the variance of x."""
    x_mean, y_mean = x.mean(axis=-1, keepdims=True), y.mean(axis=-1, keepdims=True)
    with np.errstate(invalid="ignore"):  # all x alike
        return ((x - x_mean) * (y - y_mean)).mean(axis=-1) / x.var(axis=-1)


def _derived(frame):
    """With the columns of reports/derived.py."""
    messages = frame.messages.replace(0, np.nan)
    # By Little's law; every connection sends in every workload of this run.
    by_law_ms = frame.connections / frame.messages_per_s.replace(0, np.nan) * 1e3
    message_ms = frame.response_mean_ms.mask(frame.loop == "closed", by_law_ms)
    parts = {
        "user_ms": frame.cpu_user_s / messages * 1e3,
        "system_ms": frame.cpu_system_s / messages * 1e3,
        "run_queue_ms": frame.runqueue_wait_s / messages * 1e3,
        "lock_ms": frame.lock_wait_s / messages * 1e3,
    }
    rest_ms = message_ms - sum(parts.values())
    return frame.assign(
        **parts,
        message_ms=message_ms,
        socket_ms=rest_ms.mask(rest_ms < 0),
        occupied_bytes=frame.resident_bytes + frame.kernel_delta_bytes,
        file_bytes=frame.resident_bytes - frame.stack_bytes - frame.heap_bytes,
        first_reply_ms=frame.first_echo_mean_ms - frame.connect_mean_ms,
    )


def _grouped(frame):
    rows = defaultdict(list)
    for row in frame.to_dict("records"):
        rows[row["server"], row["workload"], row["connections"]].append(row)
    return rows


# The log of histograms.

PERCENTILES = {"p50": 50.0, "p90": 90.0, "p99": 99.0, "p99_9": 99.9, "p99_99": 99.99}
_LAYOUT = HdrHistogram(1_000, 3_600_000_000_000, 3)  # ns
_LOWEST = [*map(_LAYOUT.get_value_from_index, range(_LAYOUT.counts_len))]
_HIGHEST = [*map(_LAYOUT.get_highest_equivalent_value, _LOWEST)]
_HIGHEST_MS = np.array(_HIGHEST) / 1e6
_MIDDLE_MS = (np.array(_LOWEST) + _HIGHEST + 1) / 2e6


class Log:
    """The intervals of latency.hlog by (server, workload, repeat, connections, kind)."""

    def __init__(self, path):
        self._lines = defaultdict(list)
        for line in path.read_text().splitlines():
            if line.startswith("Tag="):
                tag, start, length, _maximum, payload = line.removeprefix("Tag=").split(",")
                server, workload, repeat, connections, kind = map(unquote, tag.split("|"))
                key = (server, workload, int(repeat), int(connections), kind)
                self._lines[key].append((float(start), float(length), payload))

    def lines(self, *key):
        """(start_s, length_s, the encoded histogram) of each interval."""
        return self._lines.get(key, [])

    def counts(self, *key):
        return [as_array(HdrHistogram.decode(each).counts).copy() for *_, each in self.lines(*key)]


def percentiles_ms(counts, percentiles):
    """By the rank of each, rounded half up, as HdrHistogram has it."""
    total = counts.sum()
    ranks = [max(1, math.floor(each * total / 100 + 0.5)) for each in percentiles]
    return _HIGHEST_MS[np.searchsorted(counts.cumsum(), ranks)]


def summary_ms(counts):
    """Mean, percentiles and maximum; nothing of an empty histogram."""
    if not np.any(counts):
        return {}
    mean = float((counts * _MIDDLE_MS).sum() / counts.sum())
    percentiles = zip(PERCENTILES, percentiles_ms(counts, PERCENTILES.values()), strict=True)
    return {"mean": mean, **dict(percentiles), "max": _HIGHEST_MS[counts.nonzero()[0][-1]]}
