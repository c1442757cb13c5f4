"""The tables of a run: every column with its type, meaning and unit, and their checks.

A column of the steps also names the rule by which it follows from the step's windows.
"""

import math
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any, Final

import msgspec

from c10k.results import merging
from c10k.results.histogram import SUMMARY
from c10k.results.merging import Cell, Rule

if TYPE_CHECKING:
    import pandas as pd

LIMIT: Final = 2.0**63
"""No figure of a run is as large; from there on integers overflow in what is computed of them."""

Count = Annotated[int, msgspec.Meta(ge=0, le=2**63 - 1)]

_PYTHON: Final[Mapping[str, type[Any]]] = {"float64": float, "int64": int, "bool": bool, "str": str}
MISSING: Final[Mapping[str, Cell]] = {"float64": None, "int64": 0, "bool": False, "str": ""}
"""The column types, and what is written where a step did not measure; pandas reads null as NaN."""


class RunError(ValueError):
    """A run cannot be read or written; the message is one line for the user."""

    def __init__(self, message: str) -> None:
        super().__init__(one_line(message))


def one_line(text: str) -> str:
    """The text with line ends and whatever else would control a terminal written as escapes."""
    return "".join(each if each.isprintable() else repr(each)[1:-1] for each in text)


@dataclass(frozen=True)
class ColumnSpec:
    """A column of a table: its type (a key of MISSING), its meaning with the unit, and its rule.

    Without a rule it does not follow from the windows' rows: a latency, which `aggregate` takes
    from the merged histograms, or a column of the samples. One that has a `least` is never without
    a number.
    """

    dtype: str
    meaning: str
    rule: Rule | None = None
    least: float | None = None


TableSpec = Mapping[str, ColumnSpec]


def N_(meaning: str) -> str:  # noqa: N802 (the name that gettext's users know)
    """Mark a meaning that reports translate, as those of the three kinds of columns are."""
    return meaning


def number_column(meaning: str, rule: Rule | None = None) -> ColumnSpec:
    """A column of numbers, NaN where there is none."""
    return ColumnSpec("float64", meaning, rule)


def count_column(meaning: str, rule: Rule = merging.total, *, least: int = 0) -> ColumnSpec:
    """A column of whole numbers."""
    return ColumnSpec("int64", meaning, rule, least)


def text_column(meaning: str, rule: Rule = merging.first) -> ColumnSpec:
    """A column of texts."""
    return ColumnSpec("str", meaning, rule)


LATENCIES: Final[Mapping[str, str]] = {
    "response": N_("response time, from due to replied; what got no reply counts with its wait"),
    "service": N_("service time, from sent to replied"),
    "send_lag": N_("send lag, from due to sent"),
    "connect": N_("time to connect"),
    "first_echo": N_("time from the start of connecting to the first reply"),
}

KEY: Final[TableSpec] = {
    "server": text_column("the server's SPEC as typed"),
    "workload": text_column("the workload's name"),
    "repeat": count_column("which repeat of the ramp, from 0", merging.first),
    "connections": count_column("connections asked for", merging.first, least=1),
}

_LEVELS: Final[Mapping[str, str]] = {
    "resident_bytes": N_(
        "resident memory of the server, what its processes share counted once, bytes"
    ),
    "resident_delta_bytes": N_(
        "change of the resident memory since before the connections, of a fresh server, bytes"
    ),
    "rss_bytes": N_("RSS summed over the server's processes, bytes"),
    "vms_bytes": N_("virtual memory of the server's processes, bytes"),
    "uss_bytes": N_("memory of the server's processes that no other process shares, bytes"),
    "pss_bytes": N_(
        "PSS of the server's processes: a shared page is divided among its owners, bytes"
    ),
    "stack_bytes": N_("anonymous resident memory of the server in stacks of threads, bytes"),
    "heap_bytes": N_("anonymous resident memory of the server outside of stacks, bytes"),
    "page_tables_bytes": N_("page tables of the server's processes (VmPTE), bytes"),
    "kernel_delta_bytes": N_(
        "change of the host's kernel memory since before the connections, bytes"
    ),
    "kernel_stack_delta_bytes": N_("change of the host's KernelStack since then, bytes"),
    "slab_delta_bytes": N_("change of the host's Slab since then, bytes"),
    "tcp_memory_delta_bytes": N_("change of the host's TCP socket memory since then, bytes"),
    "threads": N_("threads of the server's processes"),
    "processes": N_("processes of the server"),
    "descriptors": N_("open file descriptors of the server's processes"),
}

_MEASURES: Final[TableSpec] = {
    "connected": count_column("connections that had a verified reply", merging.lowest),
    "status": text_column(
        "ok, partial (some connections or messages failed) or failed", merging.status
    ),
    "window_s": number_column("time measured, s", merging.total),
    "messages": count_column("messages replied to and verified"),
    "messages_per_s": number_column("messages per second", merging.ratio("messages", "window_s")),
    "windows": count_column("windows measured", merging.window_count),
    "loop": text_column("open or closed"),
    "protocol": text_column("echo, http, raw, download or websocket"),
    "rate_per_connection": number_column(
        "messages due per connection and second in an open loop", merging.first
    ),
    "size_bytes": count_column(
        "size of a message, 0 where the reply's is unknown, bytes", merging.first
    ),
    "offered_per_s": number_column("messages due per second on all connections", merging.first),
    **{
        f"{kind}_{name}_ms": ColumnSpec("float64", f"{name} of the {meaning}, ms")
        for kind, meaning in LATENCIES.items()
        for name in SUMMARY
    },
    "due": count_column(
        "messages due under load, between the windows too; in a closed loop those sent"
    ),
    "lost": count_column("of these, messages that got no reply, or a wrong one"),
    "sent": count_column("messages sent"),
    "received": count_column("messages received"),
    "worker_messages": text_column(
        "JSON object: worker -> messages of its connections; empty without workers", merging.causes
    ),
    "errors": count_column("errors of connections and messages"),
    "error_causes": text_column("JSON object: cause -> count", merging.causes),
    "starved": count_column(
        "starved connections: those without a reply in a window", merging.highest
    ),
    "starved_wait_max_ms": number_column(
        "longest wait of a starved connection, ms", merging.highest
    ),
    "littles_law_ratio": number_column(
        "throughput x mean response time / connections, by Little's law 1; NaN in an open loop",
        merging.mean_by("window_s"),
    ),
    "setup_s": number_column("time until every connection had a reply or failed, s", merging.first),
    "accepts_per_s": number_column("connections accepted per second of set-up", merging.first),
    "warmup_s": number_column("warm-up: time under load before the windows, s", merging.first),
    "unsteady": text_column(
        "what had not reached a steady state when the windows began: throughput, memory, both",
        merging.together,
    ),
    "loader_cpu_s": number_column("CPU time of the loader, s", merging.total),
    "loader_cpu_cores": number_column(
        "CPUs that the loader used, 1 = one", merging.mean_by("window_s")
    ),
    "loader_cpu_us_per_message": number_column(
        "CPU time of the loader per message, us", merging.ratio("loader_cpu_s", "messages", 1e6)
    ),
    "loader_limited": ColumnSpec(
        "bool", N_("the loader was the bottleneck: not the server's figure"), merging.any_true
    ),
    "ceiling_messages_per_s": number_column(
        "loader ceiling: messages per second with a bare echo server; NaN in an open loop",
        merging.first,
    ),
    **{name: number_column(meaning, merging.median) for name, meaning in _LEVELS.items()},
    "memory_sampled_fraction": number_column(
        "part of the memory, by RSS, that was read; the rest was taken to be like it, 0 to 1",
        merging.lowest,
    ),
    "cpu_s": number_column("CPU time of the server, user and system, s", merging.total),
    "cpu_user_s": number_column("CPU time of the server in user mode, s", merging.total),
    "cpu_system_s": number_column("CPU time of the server in the kernel, s", merging.total),
    "cpu_cores": number_column("CPUs that the server used, 1 = one", merging.mean_by("window_s")),
    "cpu_us_per_message": number_column(
        "CPU time of the server per message, us", merging.ratio("cpu_s", "messages", 1e6)
    ),
    "cpu_efficiency": number_column(
        "CPU time of the server's tasks / (CPU time + time runnable without a CPU), 0 to 1",
        merging.mean_by("cpu_s", "runqueue_wait_s"),
    ),
    "runqueue_wait_s": number_column(
        "time the server's tasks were runnable without a CPU, s", merging.total
    ),
    "lock_wait_s": number_column(
        "time the server's tasks waited for a lock, from samples of some of them, s", merging.total
    ),
    "context_switches": number_column("context switches of the server", merging.total),
    "context_switches_per_message": number_column(
        "context switches of the server per message", merging.ratio("context_switches", "messages")
    ),
    "system_calls_per_message": number_column(
        "system calls of the server per message, counted after the windows", merging.first
    ),
    "minor_faults": number_column(
        "page faults of the server without input or output", merging.total
    ),
    "major_faults": number_column("page faults of the server with input or output", merging.total),
    "listen_overflows": number_column("accept queue overflows on the host", merging.total),
    "listen_drops": number_column("connections dropped before accept on the host", merging.total),
    "retransmits": number_column("TCP segments retransmitted on the host", merging.total),
    "steal_s": number_column("steal time: CPU time the hypervisor gave away, s", merging.total),
    "other_processes_cpu_s": number_column(
        "CPU time of other processes: all but server and loader, s", merging.total
    ),
    "hiccup_p99_ms": number_column("p99 of the hiccups on the loader's CPUs, ms", merging.highest),
    "hiccup_max_ms": number_column("longest hiccup on the loader's CPUs, ms", merging.highest),
    "server_hiccup_p99_ms": number_column(
        "p99 of the hiccups on the server's CPUs in an open loop, ms", merging.highest
    ),
    "server_hiccup_max_ms": number_column(
        "longest hiccup on the server's CPUs in an open loop, ms", merging.highest
    ),
    "started_at": number_column("when the step began, s since the epoch", merging.first),
    "reason": text_column("why the status is not ok, else empty", merging.together),
    "log_tail": text_column("last lines of the server's log when connections failed", merging.last),
}

STEPS: Final[TableSpec] = {**KEY, **_MEASURES}
"""One row per server, workload, repeat and number of connections."""

WINDOWS: Final[TableSpec] = {
    **KEY,
    "window": count_column("which window of the step, from 0"),
    **{name: column for name, column in _MEASURES.items() if name != "windows"},
}
"""One row per window; percentiles are the window's own."""

_SAMPLED: Final[Mapping[str, str]] = {
    **{
        name: _LEVELS[name]
        for name in ("rss_bytes", "vms_bytes", "page_tables_bytes", "threads", "processes")
    },
    "descriptors": _LEVELS["descriptors"],
    "cpu_user_s": "CPU time of the server in user mode since it started, s",
    "cpu_system_s": "CPU time of the server in the kernel since it started, s",
    "minor_faults": "page faults of the server without input or output since it started",
    "major_faults": "page faults of the server with input or output since it started",
    "kernel_stack_bytes": "KernelStack of the host, bytes",
    "slab_bytes": "Slab of the host, bytes",
    "tcp_memory_bytes": "TCP socket memory of the host, bytes",
    "page_tables_host_bytes": "PageTables of the host, bytes",
    "listen_overflows": "accept queue overflows on the host since it started",
    "listen_drops": "connections dropped before accept on the host since it started",
    "retransmits": "TCP segments retransmitted on the host since it started",
    "connected": "connections open with a verified reply",
    "messages_per_s": "messages per second since the last sample",
}

SAMPLES: Final[TableSpec] = {
    "t_s": ColumnSpec("float64", "time since the run began, s", least=-math.inf),
    **KEY,
    "phase": text_column("open, warmup, window or close"),
    **{name: number_column(meaning) for name, meaning in _SAMPLED.items()},
}
"""Telemetry over time. CPU times and faults are NaN at most samples of thousands of threads: the
kernel sums them up without a pause, which would hold up the load."""

TABLES: Final[dict[str, TableSpec]] = {"samples": SAMPLES, "windows": WINDOWS, "steps": STEPS}


def complete(table: TableSpec, row: Mapping[str, Any]) -> dict[str, Cell]:
    """The row with every column of the table in order, of its type; what is missing is MISSING.

    Raises RunError for a column that the table lacks, a key that the row lacks, and a wrong type.
    """
    if unknown := row.keys() - table.keys():
        raise RunError(f"no such column: {', '.join(sorted(unknown))}")
    if absent := KEY.keys() - row.keys():
        raise RunError(f"a row needs {', '.join(sorted(absent))}")
    return {name: _typed(name, column.dtype, row.get(name)) for name, column in table.items()}


def _typed(name: str, dtype: str, value: Cell) -> Cell:
    if value is None or value != value:  # NaN alone differs from itself
        return MISSING[dtype]
    typed: Cell = None
    with suppress(TypeError, ValueError):
        typed = _PYTHON[dtype](value)
    if typed != value or typed in (math.inf, -math.inf):
        raise RunError(f"column {name} is {dtype}, not {value!r}")
    return typed


def check_frame(table: TableSpec, frame: "pd.DataFrame", source: str) -> None:
    """Raise RunError where the frame lacks a column of the table, has one twice or of another type,
    or holds what no run measures.
    """
    if frame.columns.has_duplicates:
        twice = frame.columns[frame.columns.duplicated()][0]
        raise RunError(f"{source} has the column {twice} twice")
    for name, column in table.items():
        if name not in frame.columns:
            raise RunError(f"{source} lacks the column {name}: measure again with this version")
        values = frame[name]
        dtype = values.dtype
        found = "str" if dtype.kind == "O" else str(dtype)  # pandas 2 reads text as objects
        if found != column.dtype:
            raise RunError(f"{source}: column {name} is {found}, and should be {column.dtype}")
        if oddity := _oddity(name, column, values):
            raise RunError(f"{source}: column {name} holds {oddity}")
    if table is STEPS and (again := frame.duplicated(list(KEY))).any():
        step = ", ".join(map(str, frame.loc[again, list(KEY)].iloc[0]))
        raise RunError(f"{source} has a step twice: {step}")


def _oddity(name: str, column: ColumnSpec, values: "pd.Series[Any]") -> str:
    """What a column holds that no run measures, in words; empty where there is nothing such."""
    if column.dtype == "str":
        for value in values.tolist():
            if not isinstance(value, str):
                return f"{value!r:.60}, not a text"
            if name == "error_causes" and not _are_causes(value):
                return f"{value!r:.60}, not a JSON object of counts"
        return ""
    numbers = values.to_numpy()
    if column.least is not None and not (numbers >= column.least).all():
        start = "" if column.least == -math.inf else f" from {column.least:g} on"
        return f"what is no number{start}"
    return "a number beyond 2**63" if (abs(numbers) >= LIMIT).any() else ""


def _are_causes(text: str) -> bool:
    try:
        msgspec.json.decode(text or "{}", type=dict[str, Count])
    except (ValueError, RecursionError):
        return False
    return True
