"""The bare echo server in a process of its own, on which the loader ceiling is measured.

python -m c10k.loadgen.echo_server
"""

import json
import os
import resource
import signal
import socket

from c10k.loadgen.native.echo import echo

BACKLOG = 65_535  # listen(2) lowers it to net.core.somaxconn: as many as this host allows


def main() -> None:
    """Listen on a free port of the loopback, say which, and echo until SIGTERM or SIGINT."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    stop, wake = socket.socketpair()
    wake.setblocking(False)
    signal.set_wakeup_fd(wake.fileno())  # the handlers themselves would wait for the GIL
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: None)
    with socket.create_server(("127.0.0.1", 0), backlog=BACKLOG) as listener:
        listener.setblocking(False)
        print(json.dumps({"port": listener.getsockname()[1], "pid": os.getpid()}), flush=True)
        echo(listener.fileno(), stop.fileno())


if __name__ == "__main__":
    main()
