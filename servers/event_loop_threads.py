"""An echo server on several event loops, a thread each: with the GIL they take turns at it.

python -m servers.event_loop_threads --port 9000 --threads 4

Each loop listens on a socket of its own, and the kernel spreads the connections over them
(SO_REUSEPORT). A connection stays with its loop, so that the threads share nothing. On a
free-threaded CPython they run at the same time.
"""

from __future__ import annotations

import os
import signal
import sys
import threading

from .event_loop import Acceptor, EventLoop
from .framework.command_line import CommandLine, cpus
from .framework.signals import ENDINGS


def main() -> None:
    """Serve until SIGTERM or SIGINT."""
    command_line = CommandLine("event_loop_threads", __doc__)
    options = command_line.parse()
    signal.pthread_sigmask(signal.SIG_BLOCK, ENDINGS)  # in all threads: for sigwait() alone
    listeners = command_line.listen_together(options.threads or cpus())
    try:
        for listener in listeners:
            loop = EventLoop()
            Acceptor(listener, loop, command_line)
            threading.Thread(target=loop.run, daemon=True).start()
    except (OSError, RuntimeError, MemoryError) as error:
        # A socket that nobody accepts from would still be given its part of the connections.
        sys.exit(f"event_loop_threads: cannot start a loop: {error}")
    command_line.announce(listeners[0])
    signal.sigwait(ENDINGS)
    os._exit(0)


if __name__ == "__main__":
    main()
