"""What the chapter says, as it prints it: its tables T1 to T5, and single claims (T6).

The chapter is 6.1 to 6.3 of a Korean textbook on game servers with Boost.Asio. Its KB, MB and GB
are read as powers of 1,024 bytes. It never says how its figures were measured.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from c10k.reports.language import N_, _, local_number
from c10k.reports.model.servers import MeasuredWorkload, Role

KB: Final = 1024
MB: Final = 1024**2
GB: Final = 1024**3
_UNITS: Final = {"": 1, "ms": 1, "KB": KB, "MB": MB, "GB": GB}


@dataclass(frozen=True)
class Claim:
    """A figure for each of the chapter's columns, as it prints them: "500", "10 ms", "78.2 GB"; and
    what it prints of both: "6.3×", "99.9 %". An empty one where it states none.
    """

    synchronous: str
    asynchronous: str
    both: str = ""

    def text(self, role: Role | None) -> str:
        """As printed: the figure of a column, or what is of both; digits as the language writes."""
        printed = {"synchronous": self.synchronous, "asynchronous": self.asynchronous}
        if role:
            return local_number(printed[role])
        units = {"×": _("{value}×", value="{}"), "%": _("{value} %", value="{}")}
        return units.get(self.both[-1:], "{}").format(local_number(self.both.rstrip(" %×")))

    def value(self, role: Role | None) -> float:
        """The same in bytes, ms or plain; of both the ratio. NaN where there is none."""
        if role is None:
            return self.ratio
        text = self.synchronous if role == "synchronous" else self.asynchronous
        number, _space, unit = text.partition(" ")
        return float(number.replace(",", "") or math.nan) * _UNITS[unit]

    @property
    def ratio(self) -> float:
        """The synchronous by the asynchronous figure."""
        return self.value("synchronous") / self.value("asynchronous")


# T1, a row per server type.
MAX_CONNECTIONS: Final = Claim("500", "10,000")
MEMORY_PER_CONNECTION: Final = Claim("8,192 KB", "4 KB")
CPU_EFFICIENCY: Final = Claim("0.3", "0.8")
CPU_EFFICIENCY_CLIENTS: Final = 500  # "with 500 threads a thread works about 30 % of the time"
RESPONSE: Final = Claim("10 ms", "5 ms")
RESPONSE_CLIENTS: Final = 1_000  # not stated: where T5 and the text draw their example

# T2, by number of connections.
MEMORY: Final = {
    100: Claim("781.3 MB", "0.1 MB", "99.9 %"),
    1_000: Claim("7.8 GB", "1.0 MB", "99.9 %"),
    5_000: Claim("39.1 GB", "5.0 MB", "99.9 %"),
    10_000: Claim("78.2 GB", "10.0 MB", "99.9 %"),
}

# T3, by number of clients.
LOADS: Final = {
    10: N_("low"),
    100: N_("medium"),
    1_000: N_("high"),
    10_000: N_("extreme"),
}
RESPONSE_BY_CLIENTS: Final = {
    10: Claim("5 ms", "3 ms", "1.7×"),
    100: Claim("15 ms", "5 ms", "3×"),
    1_000: Claim("50 ms", "8 ms", "6.3×"),
    10_000: Claim("200 ms", "15 ms", "13.3×"),
}

# T4, the axes of the graph; the chapter states figures only for the clients of T3.
GRAPH_CLIENTS: Final = (10, 100, 500, 1_000, 5_000, 10_000)
GRAPH_TOP_MS: Final = 200


@dataclass(frozen=True)
class Stage:
    """A stage of a request as the chapter draws it: its name, from which to which millisecond it
    says, how long that is, and the column that it shows in (empty where none does) in words.
    """

    name: str
    drawn: str
    claim: str
    column: str
    measured_as: str


# T5, at 1,000 clients.
TIME_CLIENTS: Final = 1_000
WHOLE: Final = "message_ms"
"""The column of the whole of a request, which alone is judged."""
STAGES: Final[dict[Role, Sequence[Stage]]] = {
    "synchronous": (
        Stage(
            N_("thread creation"),
            "1–5 ms",
            "5 ms",
            "first_reply_ms",
            N_("once per connection, from connected to the first reply"),
        ),
        Stage(
            N_("waiting for the scheduler"),
            "6–15 ms",
            "10 ms",
            "run_queue_ms",
            N_("runnable, waiting for a CPU"),
        ),
        Stage(
            N_("context switches"), "16–20 ms", "5 ms", "", N_("not by itself: part of system CPU")
        ),
        Stage(N_("cache misses"), "21–25 ms", "5 ms", "", N_("not by itself: part of user CPU")),
        Stage(N_("processing"), "26–30 ms", "5 ms", "user_ms", N_("user CPU")),
        Stage(N_("sending and clean-up"), "31–50 ms", "20 ms", "system_ms", N_("system CPU")),
        Stage(N_("not in the book"), "", "", "lock_ms", N_("waiting for a lock, such as the GIL")),
        Stage(
            N_("not in the book"),
            "",
            "",
            "socket_ms",
            N_("the rest: waiting in the handler, in sockets, under way"),
        ),
        Stage(N_("in all"), "", "50 ms", WHOLE, N_("a message, from due to replied")),
    ),
    "asynchronous": (
        Stage(
            N_("event seen and queued"),
            "1–2 ms",
            "2 ms",
            "socket_ms",
            N_(
                "the rest: in sockets until the loop comes to it, waiting in the handler, under way"
            ),
        ),
        Stage(N_("handler"), "3–7 ms", "5 ms", "user_ms", N_("user CPU")),
        Stage(N_("done"), "8 ms", "1 ms", "system_ms", N_("system CPU: receiving and sending")),
        Stage(N_("not in the book"), "", "", "run_queue_ms", N_("runnable, waiting for a CPU")),
        Stage(N_("not in the book"), "", "", "lock_ms", N_("waiting for a lock, such as the GIL")),
        Stage(N_("in all"), "", "8 ms", WHOLE, N_("a message, from due to replied")),
    ),
}


@dataclass(frozen=True)
class TechniqueClaim:
    """What the chapter says of a technique, the columns of the steps that it would show in, and the
    CPUs that it would show on.
    """

    text: str
    columns: tuple[str, ...]
    cpus: int = 1


TECHNIQUES: Final = {
    "threads on a loop": TechniqueClaim(
        N_("several threads on one event loop use every core"), ("messages_per_s",), cpus=2
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
WAITING_CPUS: Final = 4
WAITING_MS: Final = 2.5  # "100 threads on 4 cores add 2.5 ms of waiting"
FEW_CLIENTS: Final = 100  # up to which threads fit
MANY_CLIENTS: Final = 1_000  # from which an event loop fits

LIKE_THE_CHAPTER: Final = ("work_sleep", "work_cpu")
"""The workloads with its conditions: 5 ms of work per message, a tenth of the clients active."""


def ordered(workloads: Sequence[MeasuredWorkload]) -> list[MeasuredWorkload]:
    """Workloads, those with the chapter's conditions first."""
    return sorted(workloads, key=lambda each: each.name not in LIKE_THE_CHAPTER)


def unlike(workload: MeasuredWorkload) -> str:
    """How a workload's conditions differ from those of the chapter's response times, and what would
    make them alike; empty where they do not.
    """
    if workload.name in LIKE_THE_CHAPTER:
        return ""
    return _(
        "the book's servers work 5 ms per message and a tenth of the clients is active: "
        "c10k run --config tables measures that"
    )
