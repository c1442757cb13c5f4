"""Event loop: an echo server of blocking code, with a gevent greenlet per connection.

One thread runs gevent's event loop and a greenlet for each connection: a function that can stop
anywhere, also deep in calls, and go on later. It runs the blocking code of the threaded server on
gevent's sockets: a call that would wait switches to the loop, which switches back when the socket
is ready. A connection costs a greenlet, with the part of the stack that it uses; a message costs
two switches within the thread, which the kernel does not see. Code that computes, or that blocks
without gevent's knowledge, delays all clients. Choose this model to serve many connections with
code that was written to block.

python -m servers.gevent --port 9000
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
    command_line = CommandLine("gevent", __doc__, "gevent.ssl")
    for number in (signal.SIGTERM, signal.SIGINT):
        gevent.signal_handler(number, os._exit, 0)
    plain = command_line.listen()
    command_line.announce(plain)
    listener = gevent.socket.socket(plain.family, plain.type, fileno=plain.detach())
    for connection, peer in accepted(listener, command_line.log, sleep=gevent.sleep):
        gevent.spawn(echo, connection, peer, command_line, gevent.sleep)


if __name__ == "__main__":
    main()
