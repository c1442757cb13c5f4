from c10k.loadgen.address import Address
from c10k.loadgen.shard import ShardSnapshot, ShardStatus
from c10k.loadgen.workload import Workload

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
def read_reply(parts: list[bytes]) -> tuple[int, str, bool]: ...

class Shard:
    def __init__(
        self,
        target: Address,
        workload: Workload,
        *,
        index: int,
        shards: int,
        in_flight: int,
        cpu: int | None,
        spin: bool,
    ) -> None: ...
    def resize(self, target: int, active: int, fleet_active: int, epoch_ns: int) -> None: ...
    def load(self, epoch_ns: int) -> None: ...
    def stop(self) -> None: ...
    def snapshot(self) -> ShardSnapshot: ...
    def peek(self) -> ShardStatus: ...
    def response_counts(self) -> bytes: ...
    def quit(self) -> None: ...
