"""Bounded process pool: an echo server of processes forked in advance, each with one client.

python -m servers.prefork --port 9000 --workers 64

They share the listening socket: the kernel gives a connection to one process that waits in
accept(). While all are busy, new clients wait in the kernel's queue.
"""

from __future__ import annotations

from collections.abc import Callable

from .framework.accepting import accepted
from .framework.blocking import echo
from .framework.children import supervise
from .framework.command_line import CommandLine


def main() -> None:
    """Serve until SIGTERM or SIGINT."""
    command_line = CommandLine("prefork", __doc__)
    log = command_line.log
    listener = command_line.listen()

    def work(_index: int, ready: Callable[[], None]) -> None:
        command_line.begin_work()
        ready()
        for connection, peer in accepted(listener, log):
            echo(connection, peer, command_line)

    supervise(command_line.options.workers, work, lambda: command_line.say_where(listener), log)


if __name__ == "__main__":
    main()
