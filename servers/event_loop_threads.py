"""Event loop per thread: an echo server on several event loops, which share the GIL.

Each thread runs an event loop of its own and listens on a socket of its own. All sockets have the
same port, and the kernel spreads the connections over them (SO_REUSEPORT). A connection stays with
its loop, so that the threads share no data and need no locks. A callback that blocks delays only
the clients of its own loop. A connection costs as little as on one loop. The threads run in
parallel only on a free-threaded CPython: elsewhere they take turns at the GIL and gain nothing for
code that computes. Choose this model to use several CPUs on a free-threaded CPython.

python -m servers.event_loop_threads --port 9000 --threads 4

The loop is that of event_loop.py: EventLoop calls what is ready, and an Acceptor accepts
connections and serves them on its loop.
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
    options = command_line.options
    signal.pthread_sigmask(signal.SIG_BLOCK, ENDINGS)  # in all threads: sigwait() takes them
    listeners = command_line.listen_together(options.threads or cpus())
    try:
        for listener in listeners:
            loop = EventLoop()
            Acceptor(listener, loop, command_line)
            threading.Thread(target=loop.run, daemon=True).start()
    except (OSError, RuntimeError, MemoryError) as error:
        # The kernel would go on to give connections to a socket that nobody accepts from.
        sys.exit(f"event_loop_threads: cannot start a loop: {error}")
    command_line.announce(listeners[0])
    signal.sigwait(ENDINGS)
    os._exit(0)


if __name__ == "__main__":
    main()
