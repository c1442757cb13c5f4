from collections.abc import Iterable
from types import TracebackType
from typing import Self

class HiccupMeter:
    def __init__(
        self,
        cpus: Iterable[int] | None = None,
        interval_ns: int = 1_000_000,
        *,
        realtime: bool = False,
    ) -> None: ...
    def start(self) -> None: ...
    def swap(self) -> bytes: ...
    def stop(self) -> None: ...
    def __enter__(self) -> Self: ...
    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None: ...
