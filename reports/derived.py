"""Columns that follow from those of a run, so that reports can treat them alike.

| column | is |
| --- | --- |
| `occupied_bytes` | resident and kernel memory together |
| `file_bytes` | resident memory that is neither stacks nor heaps: programs and libraries |
| `message_ms` | how long a message takes: see below |
| `user_ms`, `system_ms` | of that, on a CPU, in user mode and in the kernel |
| `run_queue_ms` | of that, runnable but waiting for a CPU |
| `lock_ms` | of that, waiting for a lock: the GIL, a mutex, a queue |
| `socket_ms` | the rest: in sockets, under way, and until the loader has read the reply |
| `first_reply_ms` | from connected to replied: accepting, a thread or a process, a message |

In a closed loop a message takes as long as the active connections divided by the messages a
second, by Little's law (J. D. C. Little 1961), which counts those that starve; in an open loop it
takes the mean response time. By the same law the time that tasks spend in a state, divided by the
messages, is how long a message is in it. Where tasks spend more than messages take, as when they
also wait for something else, `socket_ms` is NaN.
"""

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, Final

import numpy as np

if TYPE_CHECKING:
    import pandas as pd

_USED: Final = (
    *("connections", "messages", "messages_per_s", "response_mean_ms"),
    *("cpu_user_s", "cpu_system_s", "runqueue_wait_s", "lock_wait_s"),
    *("resident_bytes", "kernel_delta_bytes", "stack_bytes", "heap_bytes"),
    *("first_echo_mean_ms", "connect_mean_ms"),
)


def with_columns(frame: "pd.DataFrame", active: Mapping[str, float]) -> "pd.DataFrame":
    """Steps or windows with these columns; `active` is the part of the connections that send, by
    workload."""
    of = {name: frame[name].to_numpy() for name in _USED}
    sending = [active.get(workload, 1.0) for workload in frame["workload"].tolist()]
    with np.errstate(all="ignore"):
        messages = np.where(of["messages"] > 0, of["messages"], math.nan)
        rate = np.where(of["messages_per_s"] > 0, of["messages_per_s"], math.nan)
        by_law = 1e3 * of["connections"] * np.array(sending, float) / rate
        by_law = np.where(abs(by_law) < math.inf, by_law, math.nan)
        message_ms = np.where(frame["loop"] == "closed", by_law, of["response_mean_ms"])
        spent = {
            "user_ms": 1e3 * of["cpu_user_s"] / messages,
            "system_ms": 1e3 * of["cpu_system_s"] / messages,
            "run_queue_ms": 1e3 * of["runqueue_wait_s"] / messages,
            "lock_ms": 1e3 * of["lock_wait_s"] / messages,
        }
        rest = message_ms - sum(spent.values())
        return frame.assign(
            occupied_bytes=of["resident_bytes"] + of["kernel_delta_bytes"],
            file_bytes=of["resident_bytes"] - of["stack_bytes"] - of["heap_bytes"],
            message_ms=message_ms,
            **spent,
            socket_ms=np.where(rest >= 0, rest, math.nan),
            first_reply_ms=of["first_echo_mean_ms"] - of["connect_mean_ms"],
        )
