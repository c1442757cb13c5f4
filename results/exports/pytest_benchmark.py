"""The JSON of pytest-benchmark, which `pytest-benchmark compare` and CI services read.

Its benchmarks are the steps, its rounds the repeats. Statistics are what pytest-benchmark itself
would say of these rounds.
"""

import math
import statistics
from bisect import bisect_left, bisect_right
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final, cast

from c10k.results.fitness import MOST_STARVED, Row, disturbed, unserved

if TYPE_CHECKING:
    import pandas as pd

    from c10k.results.store import Run

VERSION: Final = "5.3.1"
"""The version of pytest-benchmark whose files these are like."""

_STEP: Final = ["server", "workload", "connections"]


def pytest_benchmark(run: "Run") -> dict[str, Any]:
    """A run as pytest-benchmark's JSON: a benchmark for each server, workload and step.

    Times are in seconds. In a closed loop a round is the time per message, 1 / messages_per_s, so
    that operations per second are messages per second; in an open loop, whose rate is given, it is
    the median response time, unless clients were unserved: it would be of the few that were served.
    A step of which no repeat has such a time is left out. `extra_info` says what makes a step's
    figures doubtful.
    """
    manifest = run.manifest
    commit = manifest["commit"] or "unversioned"
    measured = run.steps[run.steps["status"] != "failed"].sort_values("repeat", kind="stable")
    return {
        "machine_info": _machine(manifest["host"]),
        "commit_info": {
            "id": commit.removesuffix("+"),
            "time": manifest["created_at"],
            "author_time": None,
            "dirty": commit.endswith("+"),
            "project": "c10k",
            "branch": "(unknown)",
        },
        "benchmarks": [
            _benchmark(rows, values)
            for _, rows in measured.groupby(_STEP, sort=False)
            if (values := _seconds(rows))
        ],
        "datetime": manifest["created_at"],
        "version": VERSION,
    }


def _machine(host: Mapping[str, Any]) -> dict[str, Any]:
    implementation, _, version = str(host.get("python") or "").partition(" ")
    return {
        "node": host.get("hostname_hash"),
        "machine": host.get("fingerprint"),
        "system": host.get("os"),
        "release": host.get("kernel"),
        "python_implementation": implementation,
        "python_version": version,
        "cpu": {"brand_raw": host.get("cpu_model"), "count": host.get("cpus")},
    }


def _closed(rows: "pd.DataFrame") -> bool:
    return bool(rows["loop"].iloc[0] == "closed")


def _seconds(rows: "pd.DataFrame") -> list[float]:
    """The rounds, in the order of the repeats."""
    if _closed(rows):
        times = 1 / rows["messages_per_s"]
    else:
        served = rows.apply(unserved, axis=1) <= MOST_STARVED * rows["connections"]
        times = rows["response_p50_ms"].where(served) / 1e3
    return [each for each in times.tolist() if math.isfinite(each)]


def _benchmark(rows: "pd.DataFrame", values: Sequence[float]) -> dict[str, Any]:
    server, workload, connections = rows[_STEP].iloc[0].tolist()
    param = f"{server}-{workload}-{connections}"
    what = "time per message" if _closed(rows) else "median response time"
    name = f"{what.replace(' ', '_')}[{param}]"
    return {
        "group": f"{workload}, {connections} connections: {what}",
        "name": name,
        "fullname": f"c10k::{name}",
        "params": {"server": server, "workload": workload, "connections": int(connections)},
        "param": param,
        "extra_info": {
            "resident_bytes": _median(rows["resident_bytes"]),
            "cpu_us_per_message": _median(rows["cpu_us_per_message"]),
            "disturbed": any(map(disturbed, cast("list[Row]", rows.to_dict("records")))),
            "loader_limited": bool(rows["loader_limited"].any()),
            "unserved_clients": int(rows.apply(unserved, axis=1).max()),
        },
        "options": {},
        "stats": {**statistics_of(values), "data": [*values], "iterations": 1},
    }


def _median(values: "pd.Series[float]") -> float | None:
    """The median over the repeats; None where none measured it."""
    median = float(values.median())
    return median if math.isfinite(median) else None


def statistics_of(values: Sequence[float]) -> dict[str, Any]:
    """What pytest-benchmark says of the times of one or more rounds, in seconds."""
    ordered, rounds = sorted(values), len(values)
    mean = statistics.mean(values)
    stddev = statistics.stdev(values) if rounds > 1 else 0
    q1, q3 = _quartiles(ordered)
    low, high = q1 - 1.5 * (q3 - q1), q3 + 1.5 * (q3 - q1)
    beyond_stddev = sum(not mean - stddev <= each <= mean + stddev for each in values)
    beyond_iqr = sum(not low <= each <= high for each in values)
    total = sum(values)
    return {
        "min": ordered[0],
        "max": ordered[-1],
        "mean": mean,
        "stddev": stddev,
        "rounds": rounds,
        "median": statistics.median(values),
        "iqr": q3 - q1,
        "q1": q1,
        "q3": q3,
        "iqr_outliers": beyond_iqr,
        "stddev_outliers": beyond_stddev,
        "outliers": f"{beyond_stddev};{beyond_iqr}",
        "ld15iqr": ordered[bisect_left(ordered, low)],
        "hd15iqr": ordered[bisect_right(ordered, high) - 1],
        "ops": rounds / total if total else 0,
        "total": total,
    }


def _quartiles(ordered: Sequence[float]) -> tuple[float, float]:
    """Medians of the halves; of an odd number, the mean of including and excluding the middle.

    https://en.wikipedia.org/wiki/Quartile#Computing_methods, methods 2 and 3.
    """
    half, odd = divmod(len(ordered), 2)
    if not half:
        return ordered[0], ordered[0]
    if not odd:
        return statistics.median(ordered[:half]), statistics.median(ordered[half:])
    quarter = len(ordered) // 4
    near, far = (0.25, 0.75) if len(ordered) % 4 == 1 else (0.75, 0.25)
    first = quarter - (len(ordered) % 4 == 1)
    q1 = near * ordered[first] + far * ordered[first + 1]
    q3 = far * ordered[-first - 2] + near * ordered[-first - 1]
    return q1, q3
