from collections.abc import Iterable

def counts_index(ns: int) -> int: ...
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
) -> list[tuple[int, int, int, int]]: ...
def read_reply(parts: list[bytes]) -> tuple[int, str, bool]: ...

class Receiver:
    def __init__(self, protocol: str, request: bytes, reply_size: int) -> None: ...
    def message(self, number: int) -> bytes: ...
    def receive(self, reads: Iterable[bytes], ended: bool) -> tuple[str, int, dict[str, int]]: ...
