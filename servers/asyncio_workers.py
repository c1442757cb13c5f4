"""Event loop per process: an echo server of several processes on asyncio.

python -m servers.asyncio_workers --port 9000 --workers 4

Each process listens on a socket of its own, and the kernel spreads the connections over them
(SO_REUSEPORT). The sockets outlive a worker: its successor serves who waits in the queue.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable

from .asyncio_protocol import start
from .framework import asynchronous
from .framework.children import supervise
from .framework.command_line import CommandLine, cpus


def main() -> None:
    """Serve until SIGTERM or SIGINT."""
    command_line = CommandLine("asyncio_workers", __doc__)
    options = command_line.options
    workers = options.workers or cpus()
    importlib.import_module(options.loop)  # once, for all of them
    listeners = command_line.listen_together(workers)

    def work(index: int, ready: Callable[[], None]) -> None:
        listener = listeners.pop(index)
        for other in listeners:
            other.close()

        def started() -> None:
            command_line.begin_work()
            ready()

        asynchronous.run(command_line, listener, start, started)

    supervise(workers, work, lambda: command_line.say_where(listeners[0]), command_line.log)


if __name__ == "__main__":
    main()
