"""Write synthetic runs with the real writer: a test changes the behaviour that it is about."""

import json
import math
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple
from unittest.mock import patch

import numpy as np
import pandas as pd

from c10k.results.aggregate import Recording, latency_columns, step_row
from c10k.results.histogram import Histogram
from c10k.results.histogram_log import Tag
from c10k.results.manifest import RUN_SCHEMA, check_manifest
from c10k.results.schema import KEY, TABLES, TableSpec, complete
from c10k.results.store import Run, RunWriter, StepRecord

KB, MB = 1024, 1024**2
STEPS = (10, 100, 500, 1_000, 5_000, 10_000)
CAPACITY = {  # messages/s of a closed loop at each of STEPS
    "threaded": (110_000, 80_000, 69_000, 63_000, 49_000, 43_000),
    "asyncio_streams": (34_000, 60_000, 49_000, 45_000, 40_000, 38_000),
}
CEILING = dict(zip(STEPS, (160_000, 176_000, 160_000, 150_000, 120_000, 113_000), strict=True))
STEADY_MS = {
    "threaded": (0.31, 0.24, 0.17, 0.14, 0.11, 0.09),
    "asyncio_streams": (0.30, 0.23, 0.17, 0.14, 0.11, 0.10),
}
MODELS = {"threaded": "thread per connection", "asyncio_streams": "event loop"}
WORKLOADS = {
    "paced": {"loop": "open", "rate_per_connection": 1.0},
    "saturated": {"loop": "closed", "rate_per_connection": math.nan},
    "work_sleep": {"loop": "closed", "rate_per_connection": math.nan},
    "work_cpu": {"loop": "closed", "rate_per_connection": math.nan},
}
SMALL = {"steps": (10, 100, 1_000), "windows": 1}
LOADER = {"loader_cpu_us_per_message": 5.5, "loader_cpu_cores": 0.93}
WINDOW_S = 3.0
TOLD = ("status", "protocol", "size_bytes", "reason", "log_tail")  # as they are in a table
BEGUN, ENDED = "2025-06-15T15:00:00+00:00", "2025-06-15T15:06:40+00:00"


@dataclass
class Behaviour:
    """How one server behaves in one step; a test changes what it is about."""

    server: str
    workload: str
    connections: int
    repeat: int
    messages_per_s: float
    median_ms: float
    sigma: float
    rss_bytes: float
    vms_bytes: float
    page_tables_bytes: float
    kernel_delta_bytes: float
    threads: int
    cpu_us: float
    cpu_efficiency: float
    starved: int = 0
    starved_wait_ms: float = 0.0
    connected: int = -1
    errors: Mapping[str, int] = field(default_factory=dict)
    status: str = "ok"
    reason: str = ""
    log_tail: str = ""
    loader_limited: bool = False
    ceiling: float = math.nan
    unsteady: str = ""
    stolen: float = 0.003  # of a CPU
    others: float = 0.03  # of a CPU
    memory_sampled_fraction: float = 1.0
    littles_law: float | None = None  # what it would be
    lost: int = 0  # messages a window
    protocol: str = ""
    size_bytes: int = 64


Change = Callable[[Behaviour], None]


def behaviour(server: str, workload: str, connections: int, repeat: int) -> Behaviour:
    """What was measured of the chapter's pair; another server behaves like asyncio_streams."""
    kind = "threaded" if server.startswith("threaded") else "asyncio_streams"
    n = connections
    capacity = float(np.interp(math.log(n), np.log(STEPS), CAPACITY[kind]))
    steady_ms = float(np.interp(math.log(n), np.log(STEPS), STEADY_MS[kind]))
    threads = kind == "threaded"
    closed = WORKLOADS[workload]["loop"] == "closed"
    starved = int(0.65 * n) if threads and closed and n >= 5_000 else 0
    usual = Behaviour(
        server=server,
        workload=workload,
        connections=n,
        repeat=repeat,
        messages_per_s=capacity if closed else float(n),
        median_ms=1e3 * (n - starved) / capacity * 0.93 if closed else steady_ms,
        sigma=(0.9 if threads else 0.12) if closed else 0.35,
        rss_bytes=(14 * MB + 23 * KB * n) if threads else (21 * MB + 2.5 * KB * n),
        vms_bytes=(32 * MB + 8.2 * MB * n) if threads else (38 * MB + 3 * KB * n),
        page_tables_bytes=90 * KB + (4.1 * KB * n if threads else 10 * n),
        kernel_delta_bytes=(26 * KB if threads else 9.4 * KB) * n,
        threads=n + 1 if threads else 1,
        cpu_us=1e6 * (1.4 if threads else 1.0) / capacity if closed else (58 if threads else 36),
        cpu_efficiency=float(np.interp(math.log(n), np.log((10, 500)), (0.32, 0.07)))
        if threads
        else 0.98,
        starved=starved,
        starved_wait_ms=7_900.0 if starved else 0.0,
        ceiling=float(CEILING.get(n, math.nan)) if closed else math.nan,
    )
    # Repeats differ a little, always in the same way.
    wobble = 1 + 0.02 * math.sin(7 * repeat + n)
    usual.median_ms *= wobble
    usual.cpu_us *= wobble
    return usual


@cache
def _histogram(median_ms: float, sigma: float, messages: float, seed: int) -> Histogram:
    histogram = Histogram()
    values = np.random.default_rng(seed).lognormal(math.log(median_ms * 1e6), sigma, 2_000)
    histogram.record(values.astype(np.int64), max(1, round(messages / 2_000)))
    return histogram


_known: dict[str, StepRecord] = {}


def _record(b: Behaviour, windows: int) -> StepRecord:
    """A step of this behaviour, made once for all tests."""
    key = f"{b} {windows} {WORKLOADS[b.workload]}"
    if key not in _known:
        _known[key] = _made(b, windows)
    return _known[key]


def _made(b: Behaviour, windows: int) -> StepRecord:
    key = {name: getattr(b, name) for name in KEY}
    loop, rate = WORKLOADS[b.workload].values()
    stated = {
        **{name: getattr(b, name) for name in TOLD},
        "connected": b.connections if b.connected < 0 else b.connected,
        "loop": loop,
        "rate_per_connection": rate,
        "started_at": 1_750_000_000.0,
    }
    if b.status == "failed":
        return StepRecord({**key, **stated})
    rows: list[dict[str, Any]] = []
    recordings: list[Recording] = []
    for window in range(windows):
        drift = 1 + 0.03 * math.sin(3 * window + b.connections)
        messages = b.messages_per_s * WINDOW_S / drift
        start_s = window * WINDOW_S
        seed = abs(hash((b.connections, b.repeat, window))) % 2**32
        kinds = {
            "response": _histogram(b.median_ms * drift, b.sigma, messages, seed),
            "service": _histogram(b.median_ms * drift * 0.95, b.sigma, messages, seed),
            "send_lag": _histogram(0.02, 0.5, messages, seed),
        }
        if b.starved:
            waits = np.linspace(0.2, 1, b.starved) * b.starved_wait_ms * 1e6
            kinds["waiting"] = Histogram()
            kinds["waiting"].record(waits.astype(np.int64))
        if window == 0:
            kinds["connect"] = _histogram(0.4, 0.6, b.connections, seed)
            kinds["first_echo"] = _histogram(0.9, 0.6, b.connections, seed)
        here = [Recording(kind, start_s, WINDOW_S, value) for kind, value in kinds.items()]
        recordings += here
        recordings += [
            Recording("slice", start_s + part * WINDOW_S / 2, WINDOW_S / 2, kinds["response"])
            for part in range(2)
        ]
        cpu_s = messages * b.cpu_us / 1e6 * drift
        latencies = latency_columns(here)
        rows.append(
            {
                **key,
                **stated,
                "window_s": WINDOW_S,
                "messages": round(messages),
                "messages_per_s": round(messages) / WINDOW_S,
                "due": round(messages) + b.lost,
                "lost": b.lost,
                "errors": sum(b.errors.values()) if window == 0 else 0,
                "error_causes": json.dumps(dict(b.errors) if window == 0 else {}),
                "starved": b.starved,
                "starved_wait_max_ms": b.starved_wait_ms if b.starved else math.nan,
                "setup_s": b.connections * (6e-5 if b.threads > 1 else 3e-5) + 0.01,
                "warmup_s": 3.0 if b.unsteady else 1.1,
                "unsteady": b.unsteady,
                "littles_law_ratio": math.nan
                if loop == "open"
                else b.littles_law or (b.connections - b.starved) / b.connections,
                "loader_cpu_s": messages * 6.5e-6,
                "loader_cpu_cores": messages * 6.5e-6 / WINDOW_S,
                "loader_limited": b.loader_limited,
                "ceiling_messages_per_s": b.ceiling,
                "resident_bytes": b.rss_bytes * drift**0.1,
                "resident_delta_bytes": b.rss_bytes - 14 * MB,
                "rss_bytes": b.rss_bytes + 4 * MB,
                "vms_bytes": b.vms_bytes,
                "page_tables_bytes": b.page_tables_bytes,
                "kernel_delta_bytes": b.kernel_delta_bytes,
                "threads": float(b.threads),
                "memory_sampled_fraction": b.memory_sampled_fraction,
                "stack_bytes": b.threads * 8 * KB,
                "heap_bytes": b.rss_bytes / 2,
                "kernel_stack_delta_bytes": b.threads * 16 * KB,
                "slab_delta_bytes": b.connections * 3 * KB,
                "tcp_memory_delta_bytes": b.connections * KB,
                "cpu_s": cpu_s,
                "cpu_user_s": 0.4 * cpu_s,
                "cpu_system_s": 0.6 * cpu_s,
                "lock_wait_s": 0.3 * b.connections * WINDOW_S if b.threads > 1 else 0.0,
                "cpu_cores": cpu_s / WINDOW_S,
                "cpu_us_per_message": b.cpu_us * drift,
                "cpu_efficiency": b.cpu_efficiency,
                "runqueue_wait_s": cpu_s * (1 / b.cpu_efficiency - 1),
                "context_switches": messages * (2.1 if b.threads > 1 else 0.2),
                "context_switches_per_message": 2.1 if b.threads > 1 else 0.2,
                "hiccup_p99_ms": 0.12,
                "hiccup_max_ms": 1.4,
                "server_hiccup_p99_ms": 0.21,
                "server_hiccup_max_ms": 2.3,
                "steal_s": b.stolen * WINDOW_S,
                "other_processes_cpu_s": b.others * WINDOW_S,
                **latencies,
            }
        )
    # Of one window the latencies are the step's: to work them out takes long.
    step = step_row(rows, recordings if windows > 1 else ()) | (latencies if windows == 1 else {})
    return StepRecord(step, windows=rows, histograms=recordings)


def _samples(b: Behaviour, count: int, begin_s: float) -> list[dict[str, Any]]:
    """Telemetry of a step, five times a second."""
    return [
        {
            "t_s": begin_s + 0.2 * number,
            "phase": "window",
            "rss_bytes": b.rss_bytes + MB * number,
            "threads": float(b.threads),
            "messages_per_s": b.messages_per_s,
        }
        for number in range(count)
    ]


def buffer_pool(with_it: str, without: str) -> dict[str, Any]:
    """A plan's technique, of which the chapter has a claim."""
    name = "buffer pool"
    sides = {"with": with_it, "without": without}
    return {"name": name, **sides, "workloads": ["saturated"], "claim": name}


def manifest(
    servers: Mapping[str, str], workloads: Sequence[str], steps: Sequence[int], repeats: int
) -> dict[str, Any]:
    """The description of a run of servers (label -> model)."""
    plan = {"workloads": list(workloads), "steps": list(steps)}
    described = [{"name": name} for name in workloads]
    return {
        "c10k_version": "0.1.0",
        "commit": "0123456789abcdef0123456789abcdef01234567",
        "argv": ["c10k", "run"],
        "plan": {
            "servers": [{"server": label, **plan} for label in servers],
            "workloads": described,
            "steps": list(steps),
            "profile": {"name": "standard", "repeats": repeats, "windows": 3, "window-s": 3.0},
        },
        "servers": [
            {
                "label": label,
                "name": label.partition(",")[0],
                "model": model,
                "language": "Python",
                "command": ["python3", "-m", f"c10k.servers.{label}", "--port", "0"],
            }
            for label, model in servers.items()
        ],
        "workloads": described,
        "left_out": [],
        "mapped": [],
        "host": {
            "cpu_model": "Example CPU at 3.0 GHz",
            "cpus": 2,
            "memory_bytes": 6 * 1024**3,
            "kernel": "6.18.0",
            "governor": None,
            "python": "CPython 3.11.2",
        },
        "versions": {"python": "3.11.2", "numpy": np.__version__},
        "cpu_split": {"loader": [0], "server": [1]},
        "ceiling": [
            {"connections": connections, "size_bytes": 64, "messages_per_s": rate, **LOADER}
            for connections, rate in CEILING.items()
        ],
        "limits": {"nofile_soft": 20_000, "somaxconn": 4_096},
        "warnings": [{"message": "a virtual machine", "remedy": "quote ratios between servers"}],
    }


def simulated(
    servers: Mapping[str, str] = MODELS,
    workloads: Sequence[str] = ("paced", "saturated"),
    steps: Sequence[int] = STEPS,
    repeats: int = 1,
    windows: int = 3,
    change: Change = lambda behaviour: None,
    skip: Callable[[Behaviour], bool] = lambda behaviour: False,
    plan: Mapping[str, Any] | None = None,
    described: Mapping[str, Any] | None = None,
    probes: Sequence[int] = (),
    found: Sequence[Mapping[str, Any]] = (),
    samples: int = 0,
) -> tuple[dict[str, Any], list[StepRecord]]:
    """The description and the steps of a run.

    `change` adjusts each step's behaviour, `skip` leaves steps unmeasured.

    `plan` are more keys of the plan, `described` more of run.json, `probes` numbers that a search
    tried beside the steps, and `found` is its result. `samples` is how many each step has.
    """
    whole = manifest(servers, workloads, steps, repeats)
    whole["plan"] |= plan or {}
    whole |= {"max_connections": list(found), **(described or {})}
    records: list[StepRecord] = []
    for repeat in range(repeats):
        for workload in workloads:
            for step in sorted({*steps, *probes}):
                for server in servers:
                    planned = behaviour(server, workload, step, repeat)
                    change(planned)
                    if not skip(planned):
                        record = _record(planned, windows)
                        if samples:
                            sampled = _samples(planned, samples, 0.2 * samples * len(records))
                            record = replace(record, samples=sampled)
                        records.append(record)
    return whole, records


def write_run(directory: Path, *args: Any, **options: Any) -> Path:
    """A simulated run on disk."""
    description, records = simulated(*args, **options)
    # No test turns off the machine.
    with patch("os.fsync"), RunWriter(directory).create(description) as writer:
        with patch.object(RunWriter, "_replace_tables"):  # once for all of them
            for record in records[:-1]:
                writer.append_step(record)
        for record in records[-1:]:
            writer.append_step(record)
        writer.update_manifest(finished_at=ENDED)
    return directory


class _Held(NamedTuple):
    """An interval of the log whose histogram was never encoded."""

    start_s: float
    length_s: float
    value: Histogram

    def histogram(self) -> Histogram:
        return self.value


def held_run(directory: Path, **options: Any) -> Run:
    """A simulated run as it would be read from the directory, which is left alone: for tests that
    want many runs and no file.
    """
    description, records = simulated(**options)
    begun = {"created_at": BEGUN, "finished_at": ENDED, "interrupted": False}
    whole = check_manifest({"schema": RUN_SCHEMA, **begun, **description}, "run.json")
    rows: dict[str, list[Mapping[str, Any]]] = {"steps": [], "windows": [], "samples": []}
    intervals: dict[Tag, list[Any]] = defaultdict(list)
    for record in records:
        rows["steps"].append(record.step)
        rows["windows"] += ({"window": i, **row} for i, row in enumerate(record.windows))
        rows["samples"] += (
            {**row, **dict(zip(KEY, record.key, strict=True))} for row in record.samples
        )
        for kind, *held in record.histograms:
            intervals[Tag(*record.key, kind)].append(_Held(*held))
    frames = {name: _frame(TABLES[name], rows[name]) for name in TABLES}
    return Run(directory, whole, **frames, log_end=0, _intervals=intervals)


def _frame(table: TableSpec, rows: Iterable[Mapping[str, Any]]) -> pd.DataFrame:
    whole = [complete(table, row) for row in rows]
    types = {name: object if spec.dtype == "str" else spec.dtype for name, spec in table.items()}
    return pd.DataFrame(
        {name: np.array([row[name] for row in whole], dtype) for name, dtype in types.items()}
    )
