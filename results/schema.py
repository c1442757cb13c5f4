"""The tables of a run: every column with its type, meaning and unit, and their checks.

A column of the steps also names the rule by which it follows from the step's windows.
"""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from c10k.results import merging
from c10k.results.histogram import SUMMARY
from c10k.results.merging import Cell, Rule
from c10k.results.shape import COUNT, LIMIT, TEXT, Kind, misfits, parsed

if TYPE_CHECKING:
    import pandas as pd

MISSING: Final[Mapping[str, Cell]] = {"float64": float("nan"), "int64": 0, "bool": False, "str": ""}
"""The column types, and what stands where a step did not measure."""


_PYTHON: Final[Mapping[str, Callable[[Any], Cell]]] = {
    "float64": float,
    "int64": int,
    "bool": bool,
    "str": str,
}


class RunError(ValueError):
    """A run cannot be read or written; the message is one line for the user."""

    def __init__(self, message: str) -> None:
        super().__init__(one_line(message))


def one_line(text: str) -> str:
    """The text with line ends and whatever else would control a terminal written as escapes."""
    return "".join(each if each.isprintable() else repr(each)[1:-1] for each in text)


@dataclass(frozen=True)
class Column:
    """A column's type (a key of MISSING), its meaning with the unit, and its rule.

    A `later` one is lacking in runs that were written before there was such a measure. One that
    has a `least` is never without a number.
    """

    dtype: str
    meaning: str
    rule: Rule = merging.first
    later: bool = False
    least: float | None = None


Table = Mapping[str, Column]


def _number(meaning: str, rule: Rule, *, later: bool = False) -> Column:
    return Column("float64", meaning, rule, later)


def _count(
    meaning: str, rule: Rule = merging.total, *, least: int = 0, later: bool = False
) -> Column:
    return Column("int64", meaning, rule, later, least)


def _text(meaning: str, rule: Rule = merging.first, *, later: bool = False) -> Column:
    return Column("str", meaning, rule, later)


def _latency(kind: str, meaning: str) -> Table:
    later = kind == "first_echo"
    return {
        f"{kind}_{name}_ms": _number(
            f"{name} of {meaning}, ms", merging.from_histograms, later=later
        )
        for name in SUMMARY
    }


LATENCIES: Final[Mapping[str, str]] = {
    "response": "response times, from due to echoed; what got no reply counts with its wait",
    "service": "service times, from sent to echoed",
    "send_lag": "send lags, from due to sent",
    "connect": "times to connect",
    "first_echo": "times from the start of connecting to the first reply",
}

KEY: Final[Table] = {
    "server": _text("the server's SPEC as typed"),
    "workload": _text("the workload's name"),
    "repeat": _count("which repeat of the ramp, from 0", merging.first),
    "connections": _count("connections asked for", merging.first, least=1),
}

_LEVELS: Final[Mapping[str, str]] = {
    "resident_bytes": "resident memory of the server, what its processes share counted once, bytes",
    "rss_bytes": "resident memory summed over the server's processes, bytes",
    "vms_bytes": "virtual memory of the server's processes, bytes",
    "uss_bytes": "memory of the server's processes that nobody shares, bytes",
    "pss_bytes": "resident memory of its processes, divided among all that share a page, bytes",
    "stack_bytes": "of the resident memory, anonymous: stacks of threads, bytes",
    "heap_bytes": "of the resident memory, anonymous: all but stacks, bytes",
    "page_tables_bytes": "page tables of the server's processes (VmPTE), bytes",
    "kernel_delta_bytes": "change of kernel memory on the host since before the connections, bytes",
    "kernel_stack_delta_bytes": "change of KernelStack on the host since before them, bytes",
    "slab_delta_bytes": "change of Slab on the host since before the connections, bytes",
    "tcp_memory_delta_bytes": "change of TCP socket memory on the host since before them, bytes",
    "threads": "threads of the server's processes",
    "processes": "processes of the server",
    "descriptors": "open file descriptors of the server's processes",
}

_MEASURES: Final[Table] = {
    "connected": _count("connections that had a verified echo", merging.lowest),
    "status": _text("ok, partial (some connections or messages failed) or failed", merging.status),
    "window_s": _number("time measured, s", merging.total),
    "messages": _count("messages echoed and verified"),
    "messages_per_s": _number(
        "messages by time measured, 1/s", merging.ratio("messages", "window_s")
    ),
    "windows": _count("windows measured", merging.window_count),
    "loop": _text("open or closed"),
    "protocol": _text("echo, http, raw or download; empty before there were others", later=True),
    "rate_per_connection": _number("messages due a connection in an open loop, 1/s", merging.first),
    "size_bytes": _count(
        "size of a message that comes back or 0 where that is unknown, bytes", merging.first
    ),
    "offered_per_s": _number("messages due on all connections, 1/s", merging.first),
    **{
        name: column
        for kind, meaning in LATENCIES.items()
        for name, column in _latency(kind, meaning).items()
    },
    "due": _count(
        "messages due under load, in the windows and between them; in a closed loop those sent",
        later=True,
    ),
    "lost": _count("of these, messages that got no reply, or a wrong one", later=True),
    "sent": _count("messages sent"),
    "received": _count("messages received"),
    "errors": _count("errors of connections and messages"),
    "error_causes": _text("JSON object: cause -> count", merging.causes),
    "starved": _count("connections that completed nothing in a window", merging.highest),
    "starved_wait_max_ms": _number("longest wait so far of those, ms", merging.highest),
    "littles_law_ratio": _number(
        "messages_per_s x mean response of completed messages by connections; NaN in an open loop",
        merging.mean_by("window_s"),
    ),
    "setup_s": _number("time until every connection had an echo or failed, s", merging.first),
    "accepts_per_s": _number("connections accepted by time of set-up, 1/s", merging.first),
    "warmup_s": _number("time under load before the windows, s", merging.first, later=True),
    "unsteady": _text(
        "what had not settled at the limit, when windows began: throughput, memory, both or empty",
        merging.together,
        later=True,
    ),
    "loader_cpu_s": _number("CPU time of the loader, s", merging.total),
    "loader_cpu_cores": _number(
        "CPU time of the loader by time measured, 1 = one CPU", merging.mean_by("window_s")
    ),
    "loader_cpu_us_per_message": _number(
        "CPU time of the loader a message, us", merging.ratio("loader_cpu_s", "messages", 1e6)
    ),
    "loader_limited": Column(
        "bool", "the loader was the bottleneck: not the server's figure", merging.any_true
    ),
    "ceiling_messages_per_s": _number(
        "messages the loader drove of a bare echo server; NaN in an open loop or unmeasured, 1/s",
        merging.first,
        later=True,
    ),
    **{
        name: _number(meaning, merging.median, later=name in ("stack_bytes", "heap_bytes"))
        for name, meaning in _LEVELS.items()
    },
    "memory_sampled_fraction": _number(
        "part of the memory by RSS that was read; the rest was taken to be like it, 0 to 1",
        merging.lowest,
        later=True,
    ),
    "cpu_s": _number("CPU time of the server, user and system, s", merging.total),
    "cpu_user_s": _number("CPU time of the server in user mode, s", merging.total),
    "cpu_system_s": _number("CPU time of the server in the kernel, s", merging.total),
    "cpu_cores": _number(
        "CPU time of the server by time measured, 1 = one CPU", merging.mean_by("window_s")
    ),
    "cpu_us_per_message": _number(
        "CPU time of the server a message, us", merging.ratio("cpu_s", "messages", 1e6)
    ),
    "cpu_efficiency": _number(
        "time on a CPU by that and time runnable without one, all tasks of the server, 0 to 1",
        merging.mean_by("cpu_s", "runqueue_wait_s"),
    ),
    "runqueue_wait_s": _number("time runnable without a CPU, all tasks, s", merging.total),
    "lock_wait_s": _number(
        "time waiting for a lock, all tasks, from looks at some of them, s",
        merging.total,
        later=True,
    ),
    "context_switches": _number("context switches of the server", merging.total),
    "context_switches_per_message": _number(
        "context switches of the server a message", merging.ratio("context_switches", "messages")
    ),
    "minor_faults": _number("page faults without input or output", merging.total),
    "major_faults": _number("page faults with input or output", merging.total),
    "listen_overflows": _number("accept queue overflows on the host", merging.total),
    "listen_drops": _number("connections dropped before accept on the host", merging.total),
    "retransmits": _number("TCP segments sent again on the host", merging.total),
    "steal_s": _number("time the hypervisor took from the host's CPUs, s", merging.total),
    "other_processes_cpu_s": _number(
        "CPU time on the host of all but server and loader, s", merging.total, later=True
    ),
    "hiccup_p99_ms": _number(
        "p99 of how late a waiting thread woke on the loader's CPUs, ms", merging.highest
    ),
    "hiccup_max_ms": _number(
        "longest that a waiting thread woke late on the loader's CPUs, ms", merging.highest
    ),
    "server_hiccup_p99_ms": _number(
        "open loop: p99 of how late a thread woke on the server's CPUs, ms",
        merging.highest,
        later=True,
    ),
    "server_hiccup_max_ms": _number(
        "open loop: longest that a thread woke late on the server's CPUs, ms",
        merging.highest,
        later=True,
    ),
    "started_at": _number("when it began, s since the epoch", merging.first),
    "reason": _text("why the status is not ok, else empty", merging.together),
    "log_tail": _text("last lines of the server's log when connections failed", merging.last),
}

STEPS: Final[Table] = {**KEY, **_MEASURES}
"""One row a server, workload, repeat and number of connections."""

WINDOWS: Final[Table] = {
    **KEY,
    "window": _count("which window of the step, from 0"),
    **{name: column for name, column in _MEASURES.items() if name != "windows"},
}
"""One row a window; percentiles are the window's own."""

SAMPLES: Final[Table] = {
    "t_s": Column("float64", "time since the run began, s", least=-math.inf),
    **KEY,
    "phase": _text("open, warmup, window or close"),
    **{
        name: _number(meaning, merging.first)
        for name, meaning in {
            **{
                name: _LEVELS[name]
                for name in (
                    "rss_bytes",
                    "vms_bytes",
                    "page_tables_bytes",
                    "threads",
                    "processes",
                    "descriptors",
                )
            },
            "cpu_user_s": "CPU time of the server in user mode since it started, s",
            "cpu_system_s": "CPU time of the server in the kernel since it started, s",
            "minor_faults": "page faults without input or output since the server started",
            "major_faults": "page faults with input or output since the server started",
            "kernel_stack_bytes": "KernelStack of the host, bytes",
            "slab_bytes": "Slab of the host, bytes",
            "tcp_memory_bytes": "TCP socket memory of the host, bytes",
            "page_tables_host_bytes": "PageTables of the host, bytes",
            "listen_overflows": "accept queue overflows on the host since it started",
            "listen_drops": "connections dropped before accept on the host since it started",
            "retransmits": "TCP segments sent again on the host since it started",
            "connected": "connections open with a verified echo",
            "messages_per_s": "messages echoed since the last sample by the time, 1/s",
        }.items()
    },
}
"""Telemetry over time. CPU times and faults are NaN at most samples of thousands of threads: the
kernel sums them up without a pause, which would hold up the load."""


def complete(table: Table, row: Mapping[str, Any]) -> dict[str, Cell]:
    """The row with every column of the table in order, of its type; what is missing is MISSING.

    RunError for a column that the table lacks, a key that the row lacks, and a wrong type.
    """
    if unknown := row.keys() - table.keys():
        raise RunError(f"no such column: {', '.join(sorted(unknown))}")
    if absent := KEY.keys() - row.keys():
        raise RunError(f"a row needs {', '.join(sorted(absent))}")
    return {name: _typed(name, column.dtype, row.get(name)) for name, column in table.items()}


def _typed(name: str, dtype: str, value: Cell) -> Cell:
    if value is None or value != value:  # NaN alone differs from itself
        return MISSING[dtype]
    try:
        typed = _PYTHON[dtype](value)
    except (TypeError, ValueError) as error:
        raise RunError(f"column {name} is {dtype}, not {value!r}") from error
    if typed != value or typed == math.inf or typed == -math.inf:
        raise RunError(f"column {name} is {dtype}, not {value!r}")
    return typed


def check_frame(table: Table, frame: "pd.DataFrame", source: str) -> "pd.DataFrame":
    """The frame, with MISSING in later columns that it lacks.

    RunError when it lacks another column of the table, has one twice or of another type, or holds
    what no run measures.
    """
    if frame.columns.has_duplicates:
        twice = frame.columns[frame.columns.duplicated()][0]
        raise RunError(f"{source} has the column {twice} twice")
    absent = {
        name: MISSING[column.dtype]
        for name, column in table.items()
        if column.later and name not in frame.columns
    }
    frame = frame.assign(**absent) if absent else frame
    for name, column in table.items():
        if name not in frame.columns:
            raise RunError(f"{source} lacks the column {name}: measure again with this version")
        dtype = frame[name].dtype
        found = "str" if dtype.kind == "O" else str(dtype)  # pandas 2 reads text as objects
        if found != column.dtype:
            raise RunError(f"{source}: column {name} is {found}, and should be {column.dtype}")
        if oddity := _oddity(name, column, frame[name]):
            raise RunError(f"{source}: column {name} holds {oddity}")
    if table is STEPS and (again := frame.duplicated(list(KEY))).any():
        step = ", ".join(map(str, frame.loc[again, list(KEY)].iloc[0]))
        raise RunError(f"{source} has a step twice: {step}")
    return frame


def _oddity(name: str, column: Column, values: "pd.Series[Any]") -> str:
    """What a column holds that no run measures, in words; empty where there is nothing such."""
    if column.dtype == "str":
        kind = _CAUSES if name == "error_causes" else TEXT
        odd = [value for value in values if not kind.fits(value)]
        return f"{odd[0]!r:.60}, not {kind.name}" if odd else ""
    if column.least is not None and not (values >= column.least).all():
        start = "" if column.least == -math.inf else f" from {column.least:g} on"
        return f"what is no number{start}"
    return "a number beyond 2**63" if (values.abs() >= LIMIT).any() else ""


def _are_causes(text: object) -> bool:
    try:
        return isinstance(text, str) and not any(misfits(parsed(text or "{}"), {"*": COUNT}))
    except ValueError:
        return False


_CAUSES: Final = Kind("a JSON object of counts", _are_causes)
