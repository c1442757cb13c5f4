"""Bounded process pool: an echo server of processes forked in advance, each with one client.

A fixed number of processes is forked when the server starts. They share the listening socket, and
all that are free wait in accept(): the kernel gives each connection to one of them, which serves it
with blocking calls until its client leaves. No client waits for a fork. The pool costs its
processes, however many clients come. While all processes are busy, new clients wait in the kernel's
queue: they are connected and get no reply. The parent serves no client; it replaces processes that
end. Choose this model where connections are short, and the code needs isolation or cannot run in
threads.

python -m servers.prefork --port 9000 --workers 64
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
