"""What the recorded run measured, worked out from its files by no code of results/ or reports/."""

import math
import statistics
from collections import defaultdict
from urllib.parse import unquote

import numpy as np
import pandas as pd
from hdrh.histogram import HdrHistogram
from numpy.ctypeslib import as_array

STEPS = (10, 100, 1_000)


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
        return [row for row in self.steps.get(point, ()) if row["status"] != "failed"]

    def deciding(self, point):
        """The repeats that figures are of: those that nothing disturbed, where most are such."""
        usable = self.usable(point)
        fair = [row for row in usable if not self.unfit(row)]
        return fair if len(fair) > len(usable) / 2 else usable

    @staticmethod
    def unfit(row):
        """Whether the loader was the bottleneck, or others had the CPUs."""
        return (
            row["loader_limited"]
            or row["steal_s"] > 0.05 * row["window_s"]
            or row["other_processes_cpu_s"] > 0.2 * row["window_s"]
        )

    def value(self, point, column):
        """The geometric mean over the repeats; the median where one is not above 0."""
        known = [row[column] for row in self.deciding(point) if not math.isnan(row[column])]
        return mean(known)

    def quoted(self, point, column):
        """The same as it may be quoted: not over messages where over 1 % of the connections starve,
        as all do in a repeat without messages, nor a percentile that less than ten lie beyond.
        """
        rows = self.deciding(point)
        if rows and column.startswith(("response_", "service_")):
            failed = [row["connected"] for row in self.steps[point] if row["status"] == "failed"]
            if max([row["starved"] for row in rows] + failed) > 0.01 * point[2]:
                return math.nan
            messages = sum(row["messages"] for row in rows)
            least = {"p50": 20, "p90": 100, "p99": 1_000, "p99_9": 10_000, "p99_99": 100_000}
            if messages < least.get(column.split("_", 1)[1].removesuffix("_ms"), 0):
                return math.nan
        return self.value(point, column)

    def ratio(self, pair, workload, connections, column):
        """One server's figure to the other's, in pairs of the same repeat; NaN where nothing may be
        said of one, or what decides is unfit.
        """
        points = [(server, workload, connections) for server in pair]
        if any(math.isnan(self.quoted(point, column)) for point in points):
            return math.nan
        unfit = [row for point in points for row in self.deciding(point) if self.unfit(row)]
        if unfit and not column.endswith("_bytes"):
            return math.nan
        return of_pairs(*({r["repeat"]: r[column] for r in self.deciding(p)} for p in points))

    def slopes(self, server, workload, column):
        """By how much a column grows per connection: least squares, of each repeat's ramp."""
        ramps = defaultdict(list)
        for point in sorted(self.steps):
            if point[:2] == (server, workload) and point[2] in STEPS:
                for row in self.deciding(point):
                    if not math.isnan(row[column]):
                        ramps[row["repeat"]].append((row["connected"], row[column]))
        return {n: _line(ramp)[0] for n, ramp in ramps.items() if len(ramp) > 1}

    def slope(self, server, workload, column):
        return mean(self.slopes(server, workload, column).values())

    def added(self, point, column):
        """What the connections add to a column, by repeat: the value less what the server has
        before the first, which is where the line through the ramp takes its first step to.
        """
        added = {}
        for row in self.deciding(point):
            ramp = sorted(
                (each["connected"], each[column])
                for other in self.steps
                for each in self.usable(other)
                if other[:2] == point[:2] and each["repeat"] == row["repeat"]
            )
            first, value = ramp[0]
            added[row["repeat"]] = row[column] - (value - _line(ramp)[0] * first)
        return added


def _line(points):
    """Slope and intercept."""
    return np.polyfit(*np.array(points, float).T, 1)


def of_pairs(one, other):
    """The ratio over the repeats that have both."""
    return mean([one[repeat] / other[repeat] for repeat in one if repeat in other])


def mean(values):
    """The geometric mean; the median where a value is not above 0, NaN of none."""
    values = [float(value) for value in values if math.isfinite(value)]
    if not values:
        return math.nan
    return statistics.geometric_mean(values) if min(values) > 0 else statistics.median(values)


def _derived(frame):
    """With the columns of reports/model/derived.py."""
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
        switch_ms=frame.cpu_system_s / frame.context_switches * 1e3,
    )


def _grouped(frame):
    rows = defaultdict(list)
    for row in frame.to_dict("records"):
        rows[row["server"], row["workload"], row["connections"]].append(row)
    return dict(rows)


# The log of histograms.

PERCENTILES = {"p50": 50.0, "p90": 90.0, "p99": 99.0, "p99_9": 99.9, "p99_99": 99.99}
_LAYOUT = HdrHistogram(1_000, 3_600_000_000_000, 3)  # ns
_LOWEST = [*map(_LAYOUT.get_value_from_index, range(_LAYOUT.counts_len))]
_HIGHEST = [*map(_LAYOUT.get_highest_equivalent_value, _LOWEST)]
_HIGHEST_MS = np.array(_HIGHEST) / 1e6
MIDDLE_MS = (np.array(_LOWEST) + _HIGHEST + 1) / 2e6


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
    mean = float((counts * MIDDLE_MS).sum() / counts.sum())
    percentiles = zip(PERCENTILES, percentiles_ms(counts, PERCENTILES.values()), strict=True)
    return {"mean": mean, **dict(percentiles), "max": _HIGHEST_MS[counts.nonzero()[0][-1]]}
