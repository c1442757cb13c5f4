"""What the chapter claims, typed afresh from its tables; its columns are `reports/`'s roles."""

import math
from typing import NamedTuple

ROLES = SYNC, ASYNC = ("synchronous", "asynchronous")
GB = 1024**3
_FACTORS = {"KB": 1024, "MB": 1024**2, "GB": GB}


class Claim(NamedTuple):
    """The figures of the two columns as printed; an empty one where the chapter states none."""

    synchronous: str = ""
    asynchronous: str = ""

    def text(self, kind):
        return getattr(self, kind) if kind else ""

    def value(self, kind):
        number, _, unit = self.text(kind).partition(" ")
        return float(number.replace(",", "") or math.nan) * _FACTORS.get(unit, 1)

    @property
    def ratio(self):
        return self.value(SYNC) / self.value(ASYNC)


NONE = Claim()

# T1.
MAX_CONNECTIONS = Claim("500", "10,000")
MEMORY_A_CONNECTION = Claim("8,192 KB", "4 KB")
EFFICIENCY = Claim("0.3", "0.8")
EFFICIENCY_CLIENTS = 500
RESPONSE = Claim("10 ms", "5 ms")

# T2.
MEMORY = {
    100: Claim("781.3 MB", "0.1 MB"),
    1_000: Claim("7.8 GB", "1.0 MB"),
    5_000: Claim("39.1 GB", "5.0 MB"),
    10_000: Claim("78.2 GB", "10.0 MB"),
}

# T3 and T4.
LOADS = {10: "low", 100: "medium", 1_000: "high", 10_000: "extreme"}
RESPONSE_BY_CLIENTS = {
    10: Claim("5 ms", "3 ms"),
    100: Claim("15 ms", "5 ms"),
    1_000: Claim("50 ms", "8 ms"),
    10_000: Claim("200 ms", "15 ms"),
}
GRAPH_CLIENTS = (10, 100, 500, 1_000, 5_000, 10_000)

# T5: a thread is created in 1-5, waits for the scheduler in 6-15, switches in 16-20, misses caches
# in 21-25, processes in 26-30, sends and cleans up in 31-50. An event is seen at 1, queued at 2,
# handled in 3-7, done at 8.
TIME_CLIENTS = 1_000
TIME = {
    "message_ms": Claim("50 ms", "8 ms"),
    "first_reply_ms": Claim("5 ms"),
    "socket_ms": Claim("", f"{1 + 1} ms"),
    "run_queue_ms": Claim("10 ms"),
    "lock_ms": NONE,
    "user_ms": Claim(f"{5 + 5} ms", "5 ms"),
    "system_ms": Claim(f"{5 + 20} ms", "1 ms"),
}

# T6.
SWITCH_MS = 0.1
WAITING_MS = 2.5
THREADS = 100
FEW_CLIENTS = 100
MANY_CLIENTS = 1_000

# What it says of techniques, and what that would show in.
TECHNIQUES = {
    "threads on a loop": (
        "several threads on one event loop use every core",
        ("messages_per_s",),
    ),
    "buffer pool": (
        "a pool of buffers removes the cost of allocation and fragmentation",
        ("cpu_us_per_message", "resident_bytes"),
    ),
    "zero copy": (
        "zero copy saves two copies, and CPU for large files",
        ("cpu_us_per_message",),
    ),
}

# The numbers and names in what a report remarks on each table of the chapter's, in their order.
REMARKS = {
    "t1": "8,192 KB; 4 KB, 10,000 of 10 MB, 1 KB each, not 40 MB",
    "t2": "4 KB by 10,000 is 40 MB, not 10 MB",
    "lies": "8 KB, 8 MB, 1 KB, 1 KB; 80, 4 and 1 KB, about 4 KB",
    "t3": "5 ms; work_cpu",
    "t4": "10, 100, 1,000 and 10,000; 50 ms, 3 to 15 ms",
    "t5": "1 to 5, 6 to 15, 16 to 20, 21 to 25, 26 to 30, 31 to 50; the event loop 1, 2, 3 to 7, 8",
}
