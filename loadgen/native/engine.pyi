from typing import TypedDict

CAUSE_NAMES: tuple[str, ...]

class Taken(TypedDict):
    began_ns: int
    ended_ns: int
    cpu_ns: int
    sent: int
    messages: int
    due: int
    late: int
    starved: int
    errors: list[int]
    sums_ns: dict[str, int]
    counts: dict[str, bytes]

def due_times(
    arrivals: int,
    *,
    connections: int,
    fleet: int,
    index: int,
    shards: int,
    period_ns: float,
    poisson: bool,
    seed: int,
    epoch_ns: int,
) -> list[tuple[int, int, int]]: ...

class Shard:
    def __init__(
        self,
        address: bytes,
        *,
        index: int,
        shards: int,
        size: int,
        period_ns: float,
        poisson: bool,
        seed: int,
        connect_timeout_ns: int,
        timeout_ns: int,
        in_flight_limit: int,
        cpu: int,
        spin: bool,
    ) -> None: ...
    def resize(self, target: int, total: int, epoch_ns: int) -> None: ...
    def load(self, epoch_ns: int) -> None: ...
    def rest(self) -> None: ...
    def quit(self) -> None: ...
    def cut(self) -> Taken: ...
    def peek(self) -> tuple[int, int, int, int, int, int, int, int]: ...
    def response_counts(self) -> bytes: ...
