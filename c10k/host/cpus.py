"""Which CPUs the loader has and which the servers have."""

import os
import re
from contextlib import suppress
from dataclasses import dataclass
from typing import Self

from c10k.results.schema import RunError


@dataclass(frozen=True)
class CpuSplit:
    """CPU numbers of the loader (its telemetry included) and of the servers, which may be `apart`,
    on another machine.
    """

    loader: tuple[int, ...]
    server: tuple[int, ...]
    apart: bool = False

    @classmethod
    def of_this_process(cls) -> Self:
        """Give each half of the CPUs that this process may use; with one CPU, both share it."""
        cpus = tuple(sorted(os.sched_getaffinity(0)))
        half = len(cpus) // 2
        return cls(cpus[:half] or cpus, cpus[half:])

    def __str__(self) -> str:
        loader, server = (",".join(map(str, cpus)) for cpus in (self.loader, self.server))
        return f"loader on CPU {loader}, servers on CPU {server}" + " there" * self.apart

    @property
    def shared(self) -> bool:
        """Whether the loader and the servers have a CPU in common."""
        return not self.apart and bool(set(self.loader) & set(self.server))

    def check(self) -> None:
        """Raise RunError where one of those here was taken away, as a container's limits can be
        changed: what is measured on fewer CPUs would stand beside what was measured on all.

        Call it in a process that may use those of the loader.
        """
        mine = os.sched_getaffinity(0)
        with suppress(OSError):  # none of them is left
            os.sched_setaffinity(0, self.here)  # as far as the container allows
        lost = {*self.loader} - mine | self.here - os.sched_getaffinity(0)
        os.sched_setaffinity(0, mine)
        if lost:
            raise RunError(f"CPU {', '.join(map(str, sorted(lost)))} was taken away")

    @property
    def here(self) -> set[int]:
        """All that are of this machine."""
        return {*self.loader} if self.apart else {*self.loader, *self.server}


def parse_cpus(text: str) -> tuple[int, ...]:
    """Read `0,2-3`. Raises ValueError unless these are CPUs that this process may use."""
    usable = os.sched_getaffinity(0)
    cpus: set[int] = set()
    for part in text.split(","):
        found = re.fullmatch(r"(\d{1,9})(?:-(\d{1,9}))?", part.strip(), re.ASCII)
        span = range(int(found[1]), int(found[2] or found[1]) + 1) if found else range(0)
        if not span:
            raise ValueError(f"CPUs are numbers and ranges, such as 0,2-3; got {text!r}")
        for cpu in span:  # up to the first that is missing: the span may be long
            if cpu not in usable:
                raise ValueError(
                    f"CPU {cpu} is not available here; this process may use {sorted(usable)}"
                )
            cpus.add(cpu)
    return tuple(sorted(cpus))
