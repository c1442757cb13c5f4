"""What each connection does: how often it sends, how much, and how long it waits."""

from dataclasses import dataclass
from typing import Final

ARRIVALS: Final = ("uniform", "poisson")
LARGEST_MESSAGE: Final = 16 * 1024 * 1024


@dataclass(frozen=True)
class Workload:
    """A way to load a server with echo messages.

    A closed loop sends a connection's next message when the echo of the last has come. An open
    loop (a rate is given) sends at times fixed in advance; a message that is due while its
    connection is busy waits its turn with its clock running. These times are `uniform`, the
    connections' phases spread evenly over the period, or `poisson`, as independent as people are:
    some at once, then none for a while; a `seed` gives the same ones again. Raises ValueError for
    a figure that cannot be driven.
    """

    name: str
    rate_per_connection: float | None = None  # messages/s; None is a closed loop
    arrivals: str = "uniform"
    seed: int = 0
    size_bytes: int = 64
    connect_timeout_s: float = 10.0
    timeout_s: float = 30.0  # from a message's sending to its last echoed byte

    def __post_init__(self) -> None:
        if self.rate_per_connection is not None and not 0 < self.rate_per_connection <= 1e6:
            raise ValueError("the rate a connection must be above 0 and at most 1,000,000/s")
        if self.arrivals not in ARRIVALS or not 0 <= self.seed < 1 << 64:
            raise ValueError(
                f"arrivals must be {' or '.join(ARRIVALS)}, the seed from 0 to 2^64 - 1"
            )
        if not 1 <= self.size_bytes <= LARGEST_MESSAGE:
            raise ValueError(f"the message size must be from 1 to {LARGEST_MESSAGE} bytes")
        if not (0 < self.connect_timeout_s < 1e6 and 0 < self.timeout_s < 1e6):
            raise ValueError("a timeout must be above 0 seconds")

    @property
    def loop(self) -> str:
        """`open` or `closed`."""
        return "closed" if self.rate_per_connection is None else "open"


WORKLOADS: Final = {
    workload.name: workload
    for workload in (
        Workload("steady", rate_per_connection=1.0),
        Workload("saturated"),
    )
}
