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
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd


def with_columns(frame: "pd.DataFrame", active: Mapping[str, float]) -> "pd.DataFrame":
    """Steps or windows with these columns; `active` is the part of the connections that send, by
    workload."""
    messages = frame["messages"].where(frame["messages"] > 0)
    senders = frame["connections"] * frame["workload"].map(active).astype(float).fillna(1.0)
    by_law = 1e3 * senders / frame["messages_per_s"].where(frame["messages_per_s"] > 0)
    by_law = by_law.where(by_law.abs() < math.inf)
    message_ms = by_law.where(frame["loop"] == "closed", frame["response_mean_ms"])
    spent = {
        "user_ms": 1e3 * frame["cpu_user_s"] / messages,
        "system_ms": 1e3 * frame["cpu_system_s"] / messages,
        "run_queue_ms": 1e3 * frame["runqueue_wait_s"] / messages,
        "lock_ms": 1e3 * frame["lock_wait_s"] / messages,
    }
    rest = message_ms - sum(spent.values())
    return frame.assign(
        occupied_bytes=frame["resident_bytes"] + frame["kernel_delta_bytes"],
        file_bytes=frame["resident_bytes"] - frame["stack_bytes"] - frame["heap_bytes"],
        message_ms=message_ms,
        **spent,
        socket_ms=rest.where(rest >= 0),
        first_reply_ms=frame["first_echo_mean_ms"] - frame["connect_mean_ms"],
    )
