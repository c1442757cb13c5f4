"""The fleet's portable engine: one shard is one thread with an event loop of its own."""

import asyncio
import os
import threading
from collections.abc import Callable
from concurrent.futures import Future
from contextlib import suppress
from functools import partial
from typing import Any, TypeVar

from c10k.loadgen.portable.driver import Driver
from c10k.loadgen.portable.loop import new_event_loop
from c10k.loadgen.shard import ShardSettings, ShardSnapshot, ShardStatus

T = TypeVar("T")


class Shard:
    """One thread of the fleet; see `c10k.loadgen.shard.Shard` for what the calls mean.

    Raises OSError where the machine refuses a descriptor or a thread. It is pinned to no CPU where
    the system has no call for it. An error in the loop ends the shard, and the next call raises it.
    """

    def __init__(self, settings: ShardSettings) -> None:
        self._broken: BaseException | None = None
        self._running = False
        self._loop, oversleep_ns = new_event_loop()
        self._loop.set_exception_handler(self._break)
        self._thread = threading.Thread(target=self._run, name="c10k-fleet", daemon=True)
        try:
            self._thread.start()
        except RuntimeError as error:
            self._loop.close()
            raise OSError(
                "the fleet's thread cannot be started: too many processes or no memory"
            ) from error
        self._running = True
        try:
            if settings.cpu is not None and hasattr(os, "sched_setaffinity"):
                self._handle_command(partial(os.sched_setaffinity, 0, {settings.cpu}))
            self._driver = self._handle_command(partial(Driver, self._loop, settings, oversleep_ns))
        except BaseException:
            self._stop()
            raise

    def resize(self, target: int, active: int, fleet_active: int, epoch_ns: int) -> None:
        """Grow or shrink."""
        self._handle_command(lambda: self._driver.resize(target, active, fleet_active, epoch_ns))

    def load(self, epoch_ns: int) -> None:
        """Give up on connections without a first reply, and let the others begin."""
        self._handle_command(lambda: self._driver.load(epoch_ns))

    def stop(self) -> None:
        """Send nothing new."""
        self._handle_command(self._driver.stop)

    def snapshot(self) -> ShardSnapshot:
        """What was recorded since the last snapshot; begin anew."""
        return self._handle_command(self._driver.snapshot).taken()

    def peek(self) -> ShardStatus:
        """The state of the shard."""
        return self._driver.state.status()

    def response_counts(self) -> bytes:
        """The response times since the last snapshot, as far as recorded."""
        return self._handle_command(lambda: self._driver.state.tally.response.counts())

    def quit(self) -> None:
        """Close every connection and end the thread."""
        if self._running:
            with suppress(Exception):  # whatever broke the loop: it ends here
                self._handle_command(self._driver.end)
            self._stop()

    def _run(self) -> None:
        self._loop.run_forever()
        self._loop.run_until_complete(_close_transports())
        self._loop.close()

    def _stop(self) -> None:
        self._running = False
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()

    def _handle_command(self, command: Callable[[], T]) -> T:
        """Run a command in the loop's thread and wait for what it returns or raises."""
        if self._broken:
            raise RuntimeError("the fleet's event loop broke") from self._broken
        handled: Future[T] = Future()

        def handle_command() -> None:
            try:
                handled.set_result(command())
            except Exception as error:  # noqa: BLE001 (raised where the command was given)
                handled.set_exception(error)

        self._loop.call_soon_threadsafe(handle_command)
        return handled.result()

    def _break(self, _loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        self._broken = self._broken or context.get("exception") or RuntimeError(context["message"])


async def _close_transports() -> None:
    """Let the transports that were aborted close their sockets."""
    while len(tasks := asyncio.all_tasks()) > 1:
        await asyncio.wait(tasks - {asyncio.current_task()})
    for _ in range(3):
        await asyncio.sleep(0)
