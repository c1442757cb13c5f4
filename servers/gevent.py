"""Event loop: an echo server of blocking code, with a gevent greenlet per connection.

python -m servers.gevent --port 9000

It runs the code of the threaded server on gevent's sockets, which switch greenlets to wait.
"""

from __future__ import annotations

import os
import signal

import gevent
import gevent.socket

from .framework.accepting import accepted
from .framework.blocking import echo
from .framework.command_line import CommandLine


def main() -> None:
    """Serve until SIGTERM or SIGINT."""
    command_line = CommandLine("gevent", __doc__)
    for number in (signal.SIGTERM, signal.SIGINT):
        gevent.signal_handler(number, os._exit, 0)
    plain = command_line.listen()
    command_line.announce(plain)
    listener = gevent.socket.socket(plain.family, plain.type, fileno=plain.detach())
    for connection, peer in accepted(listener, command_line.log, sleep=gevent.sleep):
        gevent.spawn(echo, connection, peer, command_line, gevent.sleep)


if __name__ == "__main__":
    main()
