"""Thread per connection: an echo server on blocking sockets and nothing else.

The main thread waits in accept() and starts a thread for each connection. That thread waits in
recv() for its one client, replies with sendall(), and ends with the connection. The kernel's
scheduler decides which thread runs; under CPython's GIL only one of them runs Python code at a
time. A connection costs a thread, which is a stack in the process and one in the kernel. A message
costs waking that thread, and usually a context switch. Choose this model where the code has to
block or to compute, and where clients are few or mostly wait: the code reads from top to bottom,
and a handler that blocks delays no other client.

python -m servers.threaded --port 9000
"""

from __future__ import annotations

import _thread
import threading

from .framework.accepting import accepted_alone, turn_away
from .framework.blocking import echo
from .framework.command_line import CommandLine
from .framework.signals import end_at_once_on_signals


def main() -> None:
    """Serve until SIGTERM or SIGINT."""
    command_line = CommandLine("threaded", __doc__)
    threading.stack_size(command_line.options.stack or 0)
    end_at_once_on_signals()
    listener = command_line.listen()
    command_line.announce(listener)
    log = command_line.log
    for connection, peer in accepted_alone(listener, log):
        try:
            # threading.Thread.start() would wait until the new thread runs: that takes the GIL
            # several times more, and waits for ever if the thread finds no memory to begin with.
            _thread.start_new_thread(echo, (connection, peer, command_line))
        except (RuntimeError, MemoryError) as error:
            turn_away(connection, log, error)


if __name__ == "__main__":
    main()
