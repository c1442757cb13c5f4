"""What the chapter claims, to put beside a measurement: its tables T1 to T4, and of techniques.

The chapter's KB, MB and GB are read as powers of 1,024 bytes. It never says how its figures were
measured, and where it contradicts itself or a figure means something else than it seems to, NOTES
says so.
"""

import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final, Literal

from c10k.reports.language import N_, local_number

Role = Literal["synchronous", "asynchronous"]
ROLES: Final[tuple[Role, ...]] = ("synchronous", "asynchronous")

KB: Final = 1024
MB: Final = 1024**2
GB: Final = 1024**3
_UNITS: Final = {"": 1, "ms": 1, "KB": KB, "MB": MB, "GB": GB}


@dataclass(frozen=True)
class Claim:
    """A figure for each of the chapter's columns, as it prints them: "500", "10 ms", "78.2 GB".

    An empty one where it states none.
    """

    synchronous: str
    asynchronous: str

    def text(self, role: Role) -> str:
        """The figure of a column as printed, its digits as the language writes them."""
        return local_number(self._of(role))

    def value(self, role: Role) -> float:
        """The figure of a column in bytes, ms or plain; NaN where there is none."""
        number, _, unit = self._of(role).partition(" ")
        return float(number.replace(",", "") or math.nan) * _UNITS[unit]

    def _of(self, role: Role) -> str:
        return self.synchronous if role == "synchronous" else self.asynchronous

    @property
    def ratio(self) -> float:
        """The synchronous by the asynchronous figure."""
        return self.value("synchronous") / self.value("asynchronous")


# T1, a row a server type.
MAX_CONNECTIONS: Final = Claim("500", "10,000")
MEMORY_A_CONNECTION: Final = Claim("8,192 KB", "4 KB")
CPU_EFFICIENCY: Final = Claim("0.3", "0.8")
CPU_EFFICIENCY_CLIENTS: Final = 500  # "with 500 threads a thread works about 30 % of the time"
RESPONSE: Final = Claim("10 ms", "5 ms")

# T2, by number of connections. Each row says 99.9 % saved.
MEMORY: Final = {
    100: Claim("781.3 MB", "0.1 MB"),
    1_000: Claim("7.8 GB", "1.0 MB"),
    5_000: Claim("39.1 GB", "5.0 MB"),
    10_000: Claim("78.2 GB", "10.0 MB"),
}

# T3, by number of clients.
LOADS: Final = {
    10: N_("low"),
    100: N_("medium"),
    1_000: N_("high"),
    10_000: N_("extreme"),
}
RESPONSE_BY_CLIENTS: Final = {
    10: Claim("5 ms", "3 ms"),
    100: Claim("15 ms", "5 ms"),
    1_000: Claim("50 ms", "8 ms"),
    10_000: Claim("200 ms", "15 ms"),
}

# T4, the axes of the graph; the chapter states figures only for the clients of T3.
GRAPH_CLIENTS: Final = (10, 100, 500, 1_000, 5_000, 10_000)
GRAPH_TOP_MS: Final = 200

# T5, where the time of a request goes at 1,000 clients, by the derived columns that it shows in.
TIME_CLIENTS: Final = 1_000
TIME: Final = {
    "message_ms": Claim("50 ms", "8 ms"),
    "first_reply_ms": Claim("5 ms", ""),  # thread creation
    "socket_ms": Claim("", "2 ms"),  # event seen, queued
    "run_queue_ms": Claim("10 ms", ""),  # waiting for the scheduler
    "lock_ms": Claim("", ""),
    "user_ms": Claim("10 ms", "5 ms"),  # processing and cache misses; handler
    "system_ms": Claim("25 ms", "1 ms"),  # context switches, sending and clean-up; done
}


@dataclass(frozen=True)
class TechniqueClaim:
    """What the chapter says of a technique, and the columns of the steps that it would show in."""

    text: str
    columns: tuple[str, ...]


TECHNIQUES: Final = {
    "threads on a loop": TechniqueClaim(
        N_("several threads on one event loop use every core"), ("messages_per_s",)
    ),
    "buffer pool": TechniqueClaim(
        N_("a pool of buffers removes the cost of allocation and fragmentation"),
        ("cpu_us_per_message", "resident_bytes"),
    ),
    "zero copy": TechniqueClaim(
        N_("zero copy saves two copies, and CPU for large files"), ("cpu_us_per_message",)
    ),
}

# T6, single figures.
SWITCH_MS: Final = 0.1  # "one context switch costs about 0.1 ms"
WAITING_THREADS: Final = 100
WAITING_MS: Final = 2.5  # "100 threads on 4 cores add 2.5 ms of waiting"
FEW_CLIENTS: Final = 100  # up to which threads fit
MANY_CLIENTS: Final = 1_000  # from which an event loop fits

NOTES: Final = {
    "T1": (
        N_(
            "The chapter's 8,192 KB a thread is the address space reserved for its stack, not "
            "memory in use: the figure to hold against it is virtual memory."
        ),
        N_(
            "The chapter's 4 KB a connection does not agree with its own T2, where 10,000 "
            "connections take 10 MB (1 KB each) instead of 40 MB."
        ),
    ),
    "T2": (
        N_(
            "The chapter counts whole stacks as memory in use. Resident is what the server really "
            "occupies; virtual is what it reserves; page tables and kernel memory (thread stacks, "
            "sockets of both ends) come on top and are no part of the chapter's count."
        ),
        N_("4 KB × 10,000 is 40 MB, as the chapter's text says; this table of its says 10 MB."),
    ),
    "T2 lies": (
        N_(
            "The chapter's thread is a control block of 8 KB, a stack of 8 MB, a session of 1 KB "
            "and a buffer of 1 KB; its session on an event loop is 80 bytes, a descriptor of 4 "
            "bytes and a buffer of 1 KB, which it calls about 4 KB."
        ),
    ),
    "T3": (
        N_(
            "The chapter assumes 5 ms of processing a message and about a tenth of the "
            "connections active: the workloads work_sleep and work_cpu are that. Under the others "
            "servers only echo."
        ),
        N_(
            "It does not say whether it means a mean or which percentile, so its figure stands "
            "beside each."
        ),
    ),
    "T4": (
        N_(
            "The chapter states figures for 10, 100, 1,000 and 10,000 clients only. Its drawing "
            "puts the asynchronous line near 50 ms, its table at 3 to 15 ms."
        ),
        N_(
            "A median is of messages: where connections starve, the few that are served send most "
            "of them. T3's mean and p99 do not flatter such a server."
        ),
    ),
    "T5": (
        N_(
            "The chapter draws a request as a line of milliseconds: thread creation 1 to 5, "
            "waiting for the scheduler 6 to 15, context switches 16 to 20, cache misses 21 to 25, "
            "processing 26 to 30, sending and clean-up 31 to 50; on the event loop it is seen at "
            "1, queued at 2, handled from 3 to 7 and done at 8. A thread is created for a "
            "connection, not for a request."
        ),
        N_(
            "What cache misses cost is a part of user time that hardware counters would tell: it "
            "was not measured by itself. Context switches are a part of system time."
        ),
    ),
}

_DEFAULT_NAMES: Final[dict[Role, str]] = {
    "synchronous": "threaded",
    "asynchronous": "asyncio_streams",
}
_MODEL_WORDS: Final[dict[Role, tuple[str, ...]]] = {
    "synchronous": ("thread",),
    "asynchronous": ("loop", "async", "event"),
}


def roles(servers: Iterable[tuple[str, str, str]]) -> dict[Role, str]:
    """Which label stands for each of the chapter's columns, from (label, name, model) in order.

    The chapter's own pair (`threaded`, `asyncio_streams`) goes first, a plain SPEC before one with
    options; else the first server of that model. A column that no server fits is absent.
    """
    known = list(servers)
    found: dict[Role, str] = {}
    for role in ROLES:
        candidates = [
            *(label for label, name, _ in known if label == name == _DEFAULT_NAMES[role]),
            *(label for label, name, _ in known if name == _DEFAULT_NAMES[role]),
            *(label for label, _, model in known if role_of(model) == role),
        ]
        if candidates:
            found[role] = candidates[0]
    return found


def role_of(model: str) -> Role | None:
    """Which of the chapter's columns speaks of a model; None where neither does."""
    # An event loop run by threads is still an event loop.
    for role in reversed(ROLES):
        if any(word in model.lower() for word in _MODEL_WORDS[role]):
            return role
    return None
