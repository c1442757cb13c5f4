"""Which CPUs the loader has and which the servers have."""

import os
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Self


@dataclass(frozen=True)
class CpuSplit:
    """CPU numbers of the loader (its telemetry included) and of the servers."""

    loader: tuple[int, ...]
    server: tuple[int, ...]

    @classmethod
    def of_this_process(cls) -> Self:
        """Halve the CPUs that this process may use; with only one, both share it."""
        cpus = tuple(sorted(os.sched_getaffinity(0)))
        half = len(cpus) // 2
        return cls(cpus[:half] or cpus, cpus[half:])

    def __str__(self) -> str:
        loader, server = (",".join(map(str, cpus)) for cpus in (self.loader, self.server))
        return f"loader on CPU {loader}, servers on CPU {server}"

    @property
    def shared(self) -> bool:
        """Whether the loader takes CPU time from the server that it measures."""
        return bool(set(self.loader) & set(self.server))


def parse_cpus(text: str) -> tuple[int, ...]:
    """`0,2-3` as CPU numbers. Raises ValueError for anything but usable CPUs."""
    usable = os.sched_getaffinity(0)
    try:
        cpus = tuple(sorted(set(_expand(text.split(",")))))
    except ValueError:
        raise ValueError(f"CPUs are numbers and ranges, such as 0,2-3; got {text!r}") from None
    if missing := set(cpus) - usable:
        raise ValueError(
            f"CPU {min(missing)} is not available here; this process may use {sorted(usable)}"
        )
    return cpus


def _expand(parts: Iterable[str]) -> Iterable[int]:
    for part in parts:
        first, dash, last = part.partition("-")
        yield from range(int(first), int(last if dash else first) + 1)
