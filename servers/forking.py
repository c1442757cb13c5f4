"""Process per connection: an echo server that forks for each client, as inetd and Apache 1.x did.

The parent waits in accept() and forks a child for each connection. The child closes the listening
socket, serves its one client with blocking calls, and exits. The kernel decides which child runs,
on any CPU: each child has an interpreter and a GIL of its own. A connection costs a fork and a
process: page tables, a stack in the kernel, and a copy of each page that the child writes to. In
Python even counting references writes. Choose this model where isolation counts more than memory
and connections are few and long: clients share nothing, and a crash or a leak ends with its client.

python -m servers.forking --port 9000
"""

from __future__ import annotations

import signal
import socket
from functools import partial

from .framework.accepting import accepted_alone, turn_away
from .framework.blocking import echo
from .framework.children import Children
from .framework.command_line import CommandLine
from .framework.signals import ENDINGS


def main() -> None:
    """Serve until SIGTERM or SIGINT."""
    command_line = CommandLine("forking", __doc__)
    log = command_line.log
    listener = command_line.listen()
    children = Children()
    signal.signal(signal.SIGCHLD, lambda *_: children.reap())
    for number in ENDINGS:
        signal.signal(number, lambda *_: children.end())
    command_line.say_where(listener)

    def converse(connection: socket.socket, peer: str) -> None:
        listener.close()
        command_line.begin_work()
        echo(connection, peer, command_line)

    for connection, peer in accepted_alone(listener, log):
        try:
            children.fork(partial(converse, connection, peer))
        except (OSError, MemoryError) as error:
            turn_away(connection, log, error)
        else:
            connection.close()  # the child has its own copy


if __name__ == "__main__":
    main()
