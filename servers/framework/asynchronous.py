"""Running an asyncio server: on which loop, until a signal, and what it says of a shortage."""

import asyncio
import errno
import importlib
import signal
import socket
from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any

from .command_line import CommandLine
from .log import Log

SHORTAGES = {errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM}

Start = Callable[[socket.socket], Awaitable[asyncio.AbstractServer]]


def run(
    command_line: CommandLine,
    listener: socket.socket,
    start: Start,
    started: Callable[[], object] | None = None,
) -> None:
    """Serve what connects to the listening socket until SIGTERM or SIGINT.

    `started` is called when it is served; unless there is one, the server is announced then.
    """
    started = started or partial(command_line.announce, listener)
    loop = command_line.options.loop
    factory = None if loop == "asyncio" else importlib.import_module(loop).new_event_loop
    with asyncio.Runner(loop_factory=factory) as runner:
        runner.run(_serve(command_line, listener, start, started))


async def _serve(
    command_line: CommandLine,
    listener: socket.socket,
    start: Start,
    started: Callable[[], object],
) -> None:
    loop = asyncio.get_running_loop()
    loop.set_exception_handler(ShortageLog(command_line.log))
    ended = asyncio.Event()
    loop.add_signal_handler(signal.SIGTERM, ended.set)
    loop.add_signal_handler(signal.SIGINT, ended.set)
    server = await start(listener.dup())  # rloop takes it away
    # asyncio's own backlog is also how many it accepts in one turn.
    listener.listen(command_line.options.backlog)
    started()
    await ended.wait()
    server.close()  # the run that ends now cancels the connections' coroutines


class ShortageLog:
    """The loop's exception handler: counts and logs that accept ran out of descriptors or memory.

    asyncio accepts again after a second. Until then it calls this for every accept of the turn.
    """

    def __init__(self, log: Log) -> None:
        self._log = log
        self._silent_until = 0.0

    def __call__(self, loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        """Take the context of an error that nobody awaited; see loop.set_exception_handler."""
        error = context.get("exception")
        if not isinstance(error, OSError) or error.errno not in SHORTAGES:
            loop.default_exception_handler(context)
        elif loop.time() >= self._silent_until:
            self._silent_until = loop.time() + 0.5
            self._log.shortage(error)
