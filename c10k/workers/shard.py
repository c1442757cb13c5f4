"""A shard that lives on a worker."""

from collections.abc import Callable
from contextlib import suppress
from typing import Any, TypeVar

from msgspec import MsgspecError

from c10k.experiment.loader import WorkerLostError
from c10k.loadgen.shard import ShardSettings, ShardSnapshot, ShardStatus
from c10k.workers.link import MasterLink, Worker
from c10k.workers.messages import (
    counts_received,
    settings_sent,
    snapshot_received,
    status_received,
)

T = TypeVar("T")


class WorkerShard:
    """A `c10k.loadgen.shard.Shard` that hands its calls to one on a worker.

    Its errors are raised here, and WorkerLostError once the worker is lost. Times are on
    CLOCK_MONOTONIC of this host in every call, and of the worker's host over there.
    """

    def __init__(self, master: MasterLink, worker: Worker, settings: ShardSettings) -> None:
        self._master = master
        self._worker = worker
        self._clock = worker.clock
        self._status = ShardStatus(0, 0, 0, 0, 0, 0, 0)
        self._closed = False
        self._ask("create", settings_sent(settings))

    def resize(self, target: int, active: int, fleet_active: int, epoch_ns: int) -> None:
        """Grow or shrink."""
        self._ask("resize", target, active, fleet_active, epoch_ns + self._clock.offset_ns)

    def load(self, epoch_ns: int) -> None:
        """Give up on connections without a first reply, and let the others begin."""
        self._ask("load", epoch_ns + self._clock.offset_ns)

    def stop(self) -> None:
        """Send nothing new."""
        self._ask("stop")

    def snapshot(self) -> ShardSnapshot:
        """What was recorded since the last snapshot; begin anew."""
        return self._read(snapshot_received, self._ask("snapshot"), self._clock)

    def peek(self) -> ShardStatus:
        """The state of the shard, or its last one once it has quit, when others may still poll."""
        if not self._closed:
            self._status = self._read(status_received, self._ask("peek"), self._clock)
        return self._status

    def response_counts(self) -> bytes:
        """The response times since the last snapshot, as far as recorded."""
        return self._read(counts_received, self._ask("response_counts"))

    def quit(self) -> None:
        """Close every connection. A worker that is lost has done so."""
        self._closed = True
        with suppress(OSError):
            self._ask("quit")

    def _ask(self, command: str, *arguments: object) -> Any:  # noqa: ANN401 (what the command returns)
        return self._master.ask(self._worker, command, *arguments)

    def _read(self, read: Callable[..., T], answer: object, *how: object) -> T:
        try:
            return read(answer, *how)
        except (MsgspecError, ValueError, TypeError, KeyError, AttributeError) as error:
            raise WorkerLostError(
                f"{self._worker.name} answers what is no answer: {error}"
            ) from None
