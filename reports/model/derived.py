"""Columns that follow from those of the steps, so that reports can treat them alike.

| column | is |
| --- | --- |
| `occupied_bytes` | resident and kernel memory together |
| `file_bytes` | resident memory that is neither stacks nor heaps: programs and libraries |
| `added_resident_bytes`, `added_vms_bytes`, `added_occupied_bytes` | see below |
| `message_ms` | how long a message takes: see below |
| `user_ms`, `system_ms` | of that, on a CPU, in user mode and in the kernel |
| `run_queue_ms` | of that, runnable but waiting for a CPU |
| `lock_ms` | of that, waiting for a lock: the GIL, a mutex, a queue |
| `socket_ms` | the rest: waiting in sockets, under way, and until the loader has read the reply |
| `first_reply_ms` | from connected to replied: accepting, a thread or a process, a message |
| `switch_ms` | all system CPU time by the context switches: a switch costs less |
| `ceiling_share` | messages/s by what the loader can drive |

Memory that the connections added is what the server has at a step, less what it has without any.
That is taken from the first step of the same ramp, less its connections by the slope of the ramp.

In a closed loop a message takes as long as the active connections divided by the messages per
second, by Little's law (J. D. C. Little 1961), which counts those that starve; in an open loop it
takes the mean response time. By the same law the time that tasks spend in a state, divided by the
messages, is how long a message is in it. Where tasks spend more than messages take, as when they
also wait for something else, `socket_ms` is NaN.
"""

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, Final

import numpy as np
from numpy.typing import NDArray

from c10k.results.schema import STEPS

if TYPE_CHECKING:
    import pandas as pd

RAMP: Final = ["server", "workload", "repeat"]
"""The columns that name a ramp: a server process, with more and more connections."""

_ADDED: Final = ("resident", "vms", "occupied")
PER_CONNECTION: Final = "_per_connection"
"""The end of what is not a column of the steps but how much one grows with each connection."""
_DERIVED: Final = frozenset(
    [
        *("occupied_bytes", "file_bytes", *(f"added_{kind}_bytes" for kind in _ADDED)),
        *("message_ms", "user_ms", "system_ms", "run_queue_ms", "lock_ms", "socket_ms"),
        *("first_reply_ms", "switch_ms", "ceiling_share"),
    ]
)
MEASURES: Final = _DERIVED | {
    name for name, column in STEPS.items() if column.dtype in ("float64", "int64")
}
"""The columns that hold numbers."""


def with_columns(steps: "pd.DataFrame", active: Mapping[str, float]) -> "pd.DataFrame":
    """The steps with these columns; `active`: what part of the connections sends, by workload."""
    sending = np.array([active.get(each, 1.0) for each in steps["workload"].tolist()], float)
    with np.errstate(all="ignore"):
        messages = steps["messages"].where(steps["messages"] > 0)
        by_law = 1e3 * steps["connections"] * sending / steps["messages_per_s"]
        message_ms = by_law.where(steps["loop"] == "closed", steps["response_mean_ms"])
        spent = {
            "user_ms": 1e3 * steps["cpu_user_s"] / messages,
            "system_ms": 1e3 * steps["cpu_system_s"] / messages,
            "run_queue_ms": 1e3 * steps["runqueue_wait_s"] / messages,
            "lock_ms": 1e3 * steps["lock_wait_s"] / messages,
        }
        rest = message_ms - sum(spent.values())
        found = steps.assign(
            occupied_bytes=steps["resident_bytes"] + steps["kernel_delta_bytes"],
            file_bytes=steps["resident_bytes"] - steps["stack_bytes"] - steps["heap_bytes"],
            message_ms=message_ms,
            **spent,
            socket_ms=rest.where(rest >= 0),
            first_reply_ms=steps["first_echo_mean_ms"] - steps["connect_mean_ms"],
            switch_ms=1e3 * steps["cpu_system_s"] / steps["context_switches"],
            ceiling_share=steps["messages_per_s"] / steps["ceiling_messages_per_s"],
        )
        found = found.replace([math.inf, -math.inf], math.nan)
    found = found.sort_values("connections", kind="stable", ignore_index=True)
    measured = found[found["status"] != "failed"]
    ramps = [list(index) for index in measured.groupby(RAMP).groups.values()]
    for kind in _ADDED:
        held, values = (found[name].to_numpy(np.float64) for name in ("connected", f"{kind}_bytes"))
        added = np.full(len(found), math.nan)
        for ramp in ramps:
            without_any = values[ramp[0]] - slope(held[ramp], values[ramp]) * held[ramp[0]]
            added[ramp] = values[ramp] - without_any
        found[f"added_{kind}_bytes"] = added
    return found


def slope(held: NDArray[np.float64], values: NDArray[np.float64]) -> float:
    """By how much a value grows with each connection held, by least squares; NaN for fewer than two
    numbers of connections.
    """
    known = np.isfinite(values)
    held, values = held[known], values[known]
    if len(np.unique(held)) < 2:
        return math.nan
    from_mean = held - held.mean()
    return float((from_mean * values).sum() / (from_mean**2).sum())
