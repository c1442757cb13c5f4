"""What a run measured, worked out from its files by the rules of docs/method.md and of the
docstrings of `results/` and `reports/`, but by no code of theirs.
"""

import json
import math
import re
from collections import defaultdict
from dataclasses import dataclass, replace
from functools import cache
from statistics import median
from urllib.parse import unquote

import numpy as np
import pandas as pd
from hdrh.histogram import HdrHistogram
from numpy.ctypeslib import as_array

from tests.reports.recomputed import formats
from tests.reports.recomputed.chapter import ASYNC, SYNC
from tests.reports.recomputed.formats import MARKS, NUMBER

# results/statistics.py: percentile bootstrap.
RESAMPLES, SEED, TAIL = 5_000, 10_000, 0.025

# What is a sum over a step's windows has no range over them.
SUMS = {
    *("window_s", "messages", "sent", "received", "errors", "loader_cpu_s", "cpu_s"),
    *("cpu_user_s", "cpu_system_s", "runqueue_wait_s", "lock_wait_s", "context_switches"),
    *("minor_faults", "major_faults", "listen_overflows", "listen_drops", "retransmits"),
    *("steal_s", "other_processes_cpu_s"),
}
PLAIN = {"protocol": "echo", "active": 1.0, "messages_per_connection": None, "handler": "none"}
CLEAR, WITHIN, APART_MS = 1.2, 1.5, 0.05
UNFIT = "‡◊△"  # the marks of a repeat that decides nothing
TURNED = {"≥ ": "≤ ", "< ": "> ", "": ""}
OPEN = "no direction to judge"


@dataclass(frozen=True)
class Value:
    """A figure, its interval (NaN: none), the symbols of its marks, what it bounds, and why no
    verdict may rest on it.
    """

    value: float = math.nan
    low: float = math.nan
    high: float = math.nan
    marks: str = ""
    bound: str = ""
    unjudged: str = ""

    @property
    def known(self):
        return not math.isnan(self.value)

    @property
    def spread(self):
        return not math.isnan(self.low)

    def over(self, other):
        """The quotient, its interval the widest that both allow."""
        marks = united(self.marks, other.marks)
        reasons = [*self.unjudged.split("; "), *other.unjudged.split("; ")]
        unjudged = "; ".join(dict.fromkeys(filter(None, reasons)))
        if not (self.value >= 0 and other.value > 0) or (self.bound and other.bound):
            return Value(marks=marks, unjudged=unjudged)
        low, high = math.nan, math.nan
        certain = self.low == self.high and other.low == other.high
        if self.spread and other.low > 0 and not certain:
            low, high = self.low / other.high, self.high / other.low
        bound = self.bound or TURNED[other.bound]
        return Value(self.value / other.value, low, high, marks, bound, unjudged)


NOTHING = Value()


@dataclass(frozen=True)
class Contrast:
    """Two servers by one measure: their values, and the first by the second."""

    values: tuple
    ratio: Value
    column: str

    @property
    def decided(self):
        """Whether they can be compared."""
        return 0 < self.ratio.value < math.inf and not self.ratio.unjudged

    @property
    def larger(self):
        """0 or 1, which is clearly larger; None where neither is."""
        ratio, (one, other) = self.ratio, self.values
        apart = APART_MS if self.column.startswith("response") else 0.0
        if not self.decided or ratio.low <= 1 <= ratio.high:
            return None
        if 1 / CLEAR < ratio.value < CLEAR or abs(one.value - other.value) < apart:
            return None
        return 0 if ratio.value > 1 else 1

    @property
    def better(self):
        """0 or 1, which is clearly better: of all measures only throughput is to be large."""
        if self.larger is None or self.column == "messages_per_s":
            return self.larger
        return 1 - self.larger


def stated(value):
    return Value(value, value, value)


def united(*marks):
    return "".join(symbol for symbol in MARKS if any(symbol in some for some in marks))


@cache
def _picked(n):
    return np.random.default_rng(SEED).integers(0, n, (RESAMPLES, n))


def bootstrapped(statistic, *columns):
    """The 95 % interval of a statistic of columns whose rows are resampled together."""
    picked = _picked(len(columns[0]))
    return np.nanquantile(statistic(*(each[picked] for each in columns)), [TAIL, 1 - TAIL])


def median_of(values, marks="", unjudged=""):
    """The median of repeats and its interval; one has no spread."""
    known = np.array([value for value in values if math.isfinite(value)])
    if not len(known):
        return Value(marks=marks, unjudged=unjudged)
    ends = (math.nan, math.nan)
    if len(known) > 1:
        ends = bootstrapped(lambda resampled: np.median(resampled, axis=1), known)
    return Value(float(np.median(known)), *map(float, ends), marks, unjudged=unjudged)


def least_squares(x, y):
    """The slope of the line through each row's points: their covariance by the variance of x."""
    x_mean, y_mean = x.mean(axis=-1, keepdims=True), y.mean(axis=-1, keepdims=True)
    with np.errstate(invalid="ignore"):  # all x alike
        return ((x - x_mean) * (y - y_mean)).mean(axis=-1) / x.var(axis=-1)


def derived(frame, active):
    """With the columns of reports/derived.py."""
    messages = frame.messages.replace(0, np.nan)
    sending = frame.connections * frame.workload.map(active)
    whole_ms = frame.response_mean_ms.mask(
        frame.loop == "closed", sending / frame.messages_per_s.replace(0, np.nan) * 1e3
    )
    parts = {
        "user_ms": frame.cpu_user_s / messages * 1e3,
        "system_ms": frame.cpu_system_s / messages * 1e3,
        "run_queue_ms": frame.runqueue_wait_s / messages * 1e3,
        "lock_ms": frame.lock_wait_s / messages * 1e3,
    }
    rest_ms = whole_ms - parts["user_ms"] - parts["system_ms"]
    rest_ms = rest_ms - parts["run_queue_ms"] - parts["lock_ms"]
    return frame.assign(
        **parts,
        message_ms=whole_ms,
        socket_ms=rest_ms.mask(rest_ms < 0),
        occupied_bytes=frame.resident_bytes + frame.kernel_delta_bytes,
        file_bytes=frame.resident_bytes - frame.stack_bytes - frame.heap_bytes,
        first_reply_ms=frame.first_echo_mean_ms - frame.connect_mean_ms,
    )


def grouped(frame):
    """(server, workload, connections) -> its rows."""
    rows = defaultdict(list)
    for row in frame.to_dict("records"):
        rows[row["server"], row["workload"], row["connections"]].append(row)
    return rows


def kind_of(model):
    """The chapter's column that speaks of a model; an event loop run by threads is a loop."""
    if any(word in model for word in ("loop", "async", "event")):
        return ASYNC
    return SYNC if "thread" in model else None


def of_a_cpu(row, column):
    return row[column] / row["window_s"] if row["window_s"] else math.nan


def beside_little(row):
    return row["littles_law_ratio"] < 0.98 or row["littles_law_ratio"] > 1.02


def borne(row):
    """The marks that a repeat of a step bears."""
    if row["status"] == "failed":
        return "¶"
    starved = row["starved"] > 0
    short = row["status"] == "partial" or row["connected"] < row["connections"]
    bears = {
        "†": short,
        "‡": row["loader_limited"],
        "§": starved,
        "λ": beside_little(row) and not starved,
        "※": row["unsteady"],
        "≈": row["memory_sampled_fraction"] < 1,
        "◊": of_a_cpu(row, "steal_s") > 0.05,
        "△": of_a_cpu(row, "other_processes_cpu_s") > 0.2,
    }
    return "".join(symbol for symbol, bearing in bears.items() if bearing)


def unfit(row):
    return any(symbol in borne(row) for symbol in UNFIT)


def unfitness(rows):
    """Why rows decide nothing, with the worst share that others had of a CPU."""
    reasons = ["the loader was the bottleneck"] if any(r["loader_limited"] for r in rows) else []
    for column, most, text in (
        ("other_processes_cpu_s", 0.2, "disturbed, other processes used {} of a CPU"),
        ("steal_s", 0.05, "steal time, the hypervisor gave {} of a CPU to others"),
    ):
        shares = [share for row in rows if (share := of_a_cpu(row, column)) > most]
        if shares:
            reasons.append(text.format(formats.share(max(shares))))
    return "; ".join(reasons)


def deciding(groups, least=1):
    """Those of which no repeat is unfit, if they are most and enough; else all, and why not."""
    fit = [rows for rows in groups if not any(map(unfit, rows))]
    if len(fit) >= least and 2 * len(fit) > len(groups):
        return fit, ""
    return groups, unfitness([row for rows in groups for row in rows])


def was_served(row):
    return row["status"] == "ok" and row["connected"] >= row["connections"] and not row["errors"]


class Truth:
    """All that a report may say of a run."""

    def __init__(self, directory):
        self.name = directory.name
        self.manifest = json.loads((directory / "run.json").read_text())
        self.found = self.manifest.get("max_connections", [])
        plan = self.plan = self.manifest["plan"]
        steps = pd.read_parquet(directory / "steps.parquet")
        windows = pd.read_parquet(directory / "windows.parquet")
        self.samples = pd.read_parquet(directory / "samples.parquet")
        self.log = Log(directory / "latency.hlog")
        self.recorded = list(steps)
        active = {load["name"]: load["active"] for load in plan["workloads"]}
        self.steps, self.windows = (grouped(derived(frame, active)) for frame in (steps, windows))
        self.loads = {load["name"]: load for load in plan["workloads"]}
        self.map = {name: self.loads.pop(name) for name in plan["mapped"]}
        self.ramp = sorted({*plan["steps"]} & {connections for *_, connections in self.steps})
        self.slo_p99_ms = plan["slo_p99_ms"]
        self.servers = [server["label"] for server in plan["servers"]]
        self.kind = {server["label"]: kind_of(server["model"]) for server in plan["servers"]}
        self.pair = ["threaded", "asyncio_streams"]  # stand for the chapter's columns
        models = [server["model"] for server in plan["servers"]]
        nouns = ("threads", "the event loop")  # where no other server of the run is of the model
        self.noun = {
            label: noun if models.count(models[self.servers.index(label)]) == 1 else label
            for label, noun in zip(self.pair, nouns, strict=True)
        }
        named = [*self.servers, *self.loads, *self.map, *self.noun.values()]
        named = sorted([*named, *map(str.capitalize, named)], reverse=True)
        names = "|".join(map(re.escape, named))
        self._token = re.compile(rf"(?<!\w)(?:{names})(?!\w)|[{MARKS}]|{NUMBER}")
        self._known = {}

    def tokens(self, *texts):
        """What can be wrong in texts: numbers with their units, names and marks, in order."""
        spaced = re.sub(f"[{MARKS}]", r" \g<0> ", "\n".join(texts))
        return self._token.findall(" ".join(spaced.split()))

    # What there is.

    def rows(self, point):
        return self.steps.get(point, [])

    def usable(self, point):
        return [row for row in self.rows(point) if row["status"] != "failed"]

    def visited(self, server, workload):
        return any(key[:2] == (server, workload) for key in self.steps)

    def points(self, loads=None):
        """(server, workload, connections) of every step of the ramps, in the order of the plan."""
        every = [
            (server, workload, connections)
            for workload in (self.loads if loads is None else loads)
            for connections in self.ramp
            for server in self.servers
        ]
        return [point for point in every if point in self.steps]

    def load(self, loop, among=None):
        """The first workload with this loop; a plain one, in which all send and the server only
        replies, if there is any.
        """
        fitting = [name for name in among or self.loads if self.loads[name]["loop"] == loop]
        plain = [name for name in fitting if PLAIN.items() <= self.loads[name].items()]
        return next(iter(plain + fitting), None)

    def heading(self, workload):
        load = self.loads[workload]
        return f"{workload}: {load['loop']} loop, {load['summary']}"

    @property
    def usual(self):
        return self.load("open") or next(iter(self.loads))

    def common(self, servers):
        """The workloads under which all of these were visited."""
        return [name for name in self.loads if all(self.visited(each, name) for each in servers)]

    def nearest(self, connections):
        return min(self.ramp, key=lambda step: max(step / connections, connections / step))

    # What was measured.

    def value(self, point, column):
        if (point, column) not in self._known:
            self._known[point, column] = self._value(point, column, self.usable(point))
        return self._known[point, column]

    def deciding(self, point, column):
        """The same of the repeats that a verdict rests on."""
        told, _why = deciding([(row,) for row in self.usable(point)])
        return self._value(point, column, [row for (row,) in told])

    def _value(self, point, column, rows):
        known = [row for row in rows if not math.isnan(row[column])]
        _told, why = deciding([(row,) for row in rows])
        if len(known) != 1:
            return median_of([row[column] for row in known], self.marks(point), why)
        value = float(known[0][column])
        windows = [
            window[column]
            for window in self.windows[point]
            if column in window and window["repeat"] == known[0]["repeat"]
        ]
        parts = [part for part in windows if not math.isnan(part)]
        if len(parts) < 2 or column in SUMS:
            return Value(value, marks=self.marks(point), unjudged=why)
        # Merged percentiles may lie outside those of the windows.
        ends = float(min(value, *parts)), float(max(value, *parts))
        return Value(value, *ends, self.marks(point), unjudged=why)

    def marks(self, point):
        return united(*map(borne, self.rows(point)))

    def contrast(self, pair, workload, connections, column):
        """Two servers at a step by one measure."""
        values = tuple(self.value((each, workload, connections), column) for each in pair)
        return Contrast(values, self.ratio(pair, workload, connections, column), column)

    def ratio(self, pair, workload, connections, column):
        """One server's figure by the other's, in pairs of the same repeat if there are some."""
        points = [(server, workload, connections) for server in pair]
        one, other = ({row["repeat"]: row for row in self.usable(point)} for point in points)
        both = [(one[repeat], other[repeat]) for repeat in one if repeat in other]
        if len(both) < 2:
            one, other = (self.value(point, column) for point in points)
            ratio = one.over(other)
            why = unfitness([row for point in points for row in self.usable(point)])
            return replace(ratio, unjudged=ratio.unjudged and why)
        marks = united(*(self.marks(point) for point in points))
        fit, why = deciding(both, least=2)
        if len(fit) < len(both):
            marks = "".join(symbol for symbol in marks if symbol not in UNFIT)
        both = fit
        figures = np.array([[row[column] for row in rows] for rows in both])
        with np.errstate(divide="ignore", invalid="ignore"):
            return median_of(figures[:, 0] / figures[:, 1], marks, why)

    def slope(self, server, workload, column, deciding_only=False):
        """By how much a column grows a connection held; in the steps that decide, or all."""
        rows = [
            row
            for step in self.ramp
            for row in self.usable((server, workload, step))
            if not math.isnan(row[column])
        ]
        told, why = deciding([(row,) for row in rows])
        pairs = [
            (row["connected"], row[column])
            for row in ([row for (row,) in told] if deciding_only else rows)
        ]
        if len({held for held, _ in pairs}) < 2:
            return Value(unjudged=unfitness(rows) if deciding_only else why)
        x, y = np.array(pairs, float).T
        ends = bootstrapped(least_squares, x, y) if len(x) > 2 else (math.nan, math.nan)
        return Value(float(least_squares(x, y)), *map(float, ends), unjudged=why)

    def ratio_of_slopes(self, workload, column):
        """By how much a column grows with one of the pair, by how much with the other."""
        one, other = (self.slope(each, workload, column, deciding_only=True) for each in self.pair)
        ratio = one.over(other)
        ramps = [(server, workload, step) for server in self.pair for step in self.ramp]
        rows = [row for point in ramps for row in self.usable(point) if row[column] == row[column]]
        return replace(ratio, unjudged=ratio.unjudged and unfitness(rows))

    def ceiling(self, workload, connections):
        """What the loader can drive, in messages/s."""
        places = [(server, workload, connections) for server in self.servers]
        known = [row["ceiling_messages_per_s"] for each in places for row in self.rows(each)]
        return next((each for each in known if not math.isnan(each)), math.nan)

    def of_ceiling(self, point):
        return self.value(point, "messages_per_s").over(stated(self.ceiling(*point[1:])))

    # What follows.

    def holds(self, point):
        """Whether everybody was served, and in time."""
        rows = self.rows(point)
        fair = [row for row in rows if not unfit(row)] or rows
        slow = median(row["response_p99_ms"] for row in fair) > self.slo_p99_ms
        return all(map(was_served, rows)) and not slow and not any(row["starved"] for row in fair)

    def doubted(self, point):
        """Whether a step served everybody, but how fast decides nothing."""
        return all(was_served(row) and unfit(row) for row in self.rows(point))

    def most(self, server, workload):
        """Max connections, among all numbers that were tried."""
        tried = sorted(key for key in self.steps if key[:2] == (server, workload))
        held = [point for point in tried if self.holds(point)]
        if not tried:
            return NOTHING
        if not held:
            rows = self.rows(tried[0])
            why = unfitness(rows) if all(map(unfit, rows)) else ""
            return Value(tried[0][2], marks=self.marks(tried[0]), bound="< ", unjudged=why)
        best, *beyond = tried[tried.index(held[-1]) :]
        if beyond and not self.doubted(beyond[0]):
            return Value(best[2])
        doubtful = beyond[0] if beyond else best
        if not beyond and not self.doubted(best):
            return Value(best[2], bound="≥ ")
        marks = "".join(symbol for symbol in self.marks(doubtful) if symbol in UNFIT)
        return Value(best[2], marks=marks, bound="≥ ", unjudged=unfitness(self.rows(doubtful)))


# Verdicts, as docs/method.md has them.


@dataclass(frozen=True)
class Verdict:
    """What becomes of a claim, and how many times it is off; `least`: or more. `why` it is not
    judged.
    """

    word: str = "not measured here"
    off: float = math.nan
    least: bool = False
    why: str = ""

    def __str__(self):
        if self.why:
            return f"{self.word}: {self.why}"
        if math.isnan(self.off):
            return self.word
        off = f"off by {'at least ' * self.least}{formats.ratio(self.off)}"
        return off if self.word == OPEN else f"{self.word}, {off}"


def judged(claimed, measured, claimed_ratio=math.nan, ratio=NOTHING):
    """What becomes of a figure of the chapter."""
    low, high = _reach(measured)
    if not measured.known or not high > 0:
        return Verdict()
    if measured.unjudged:
        return Verdict("not judged", why=measured.unjudged)
    if low <= claimed * WITHIN and high >= claimed / WITHIN:
        sure = not measured.bound or (_at_least(measured) and low >= claimed / WITHIN)
        return Verdict("holds") if sure else Verdict()
    off = max(measured.value / claimed, claimed / measured.value)
    return Verdict(direction(claimed_ratio, ratio), off, bool(measured.bound))


def direction(claimed, ratio):
    """Whether the chapter's two kinds of server differ as it says."""
    if not claimed > 0 or not ratio.known or ratio.unjudged:
        return OPEN
    value, (low, high) = ratio.value, _reach(ratio)
    if claimed < 1:
        value, low, high = 1 / value, 1 / high, 1 / low if low else math.inf
    if value >= CLEAR and low > 1:
        return "right direction"
    return "contradicted" if high < CLEAR else OPEN


def _at_least(measured):
    return measured.bound in ("≥ ", "> ")


def _reach(measured):
    """From where to where it may be."""
    if measured.bound:
        return (measured.value, math.inf) if _at_least(measured) else (0.0, measured.value)
    return (measured.low, measured.high) if measured.spread else (measured.value, measured.value)


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

    def slices(self, *key):
        """(start_s, length_s, counts) of each interval."""
        for start_s, length_s, payload in self._lines.get(key, ()):
            yield start_s, length_s, as_array(HdrHistogram.decode(payload).counts).copy()

    def counts(self, *key):
        return [counts for *_times, counts in self.slices(*key)]


def percentiles_ms(counts, percentiles):
    """By the rank of each, rounded half up, as HdrHistogram has it."""
    total = counts.sum()
    ranks = [max(1, math.floor(each * total / 100 + 0.5)) for each in percentiles]
    return _HIGHEST_MS[np.searchsorted(counts.cumsum(), ranks)]


def mean_ms(counts):
    return float((counts * _MIDDLE_MS).sum() / counts.sum())


def summary_ms(counts):
    """mean, percentiles and maximum; nothing of an empty histogram."""
    if not counts.sum():
        return {}
    percentiles = zip(PERCENTILES, percentiles_ms(counts, PERCENTILES.values()), strict=True)
    most = _HIGHEST_MS[counts.nonzero()[0][-1]]
    return {"mean": mean_ms(counts), **dict(percentiles), "max": most}
