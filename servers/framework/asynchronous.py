"""Run an asyncio server on the chosen loop until a signal, and log what accept runs out of."""

from __future__ import annotations

import asyncio
import errno
import importlib
import os
import signal
import socket
from collections.abc import Awaitable, Callable
from typing import Any, NoReturn

from .command_line import CommandLine
from .log import Log

SHORTAGES = {errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM}


def run(
    command_line: CommandLine,
    listener: socket.socket,
    start: Callable[[CommandLine, socket.socket], Awaitable[asyncio.AbstractServer]],
    started: Callable[[], object] | None = None,
) -> NoReturn:
    """Serve what connects to the listening socket until SIGTERM or SIGINT; then end the process.

    `start` makes asyncio's server. `started` is called when it serves; by default it is announced.
    """

    async def serve() -> None:
        loop.set_exception_handler(ShortageLog(command_line.log))
        ended = asyncio.Event()
        loop.add_signal_handler(signal.SIGTERM, ended.set)
        loop.add_signal_handler(signal.SIGINT, ended.set)
        server = await start(command_line, listener.dup())  # rloop closes what it is given
        # asyncio would take its own backlog also for how many connections it accepts per turn.
        listener.listen(command_line.options.backlog)
        if started:
            started()
        else:
            command_line.announce(listener)
        await ended.wait()
        server.close()

    loop = importlib.import_module(command_line.options.loop).new_event_loop()
    loop.run_until_complete(serve())
    os._exit(0)  # the kernel closes the connections


class ShortageLog:
    """The loop's exception handler: counts and logs that accept ran out of descriptors or memory.

    asyncio accepts again after a second. Before that it calls this for each accept of the turn.
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
