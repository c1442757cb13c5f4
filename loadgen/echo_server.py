"""The bare echo server in a process of its own, on which the loader ceiling is measured.

python -m c10k.loadgen.echo_server [THREADS [ADDRESS]]
"""

import json
import os
import resource
import signal
import socket
import sys
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack

from c10k.loadgen.native.echo import echo

BACKLOG = 65_535  # listen(2) lowers it to net.core.somaxconn: as many as this host allows


def main() -> None:
    """Listen on a free port, say which, and echo until SIGTERM or SIGINT.

    It listens on the loopback, or on the ADDRESS. Each thread listens for itself: the kernel
    spreads the connections evenly over them.
    """
    threads = int(sys.argv[1]) if len(sys.argv) > 1 else 1
    host = sys.argv[2] if len(sys.argv) > 2 else "127.0.0.1"
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    stop, wake = socket.socketpair()
    wake.setblocking(False)
    signal.set_wakeup_fd(wake.fileno())  # the handlers themselves would wait for the GIL
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: None)
    with ExitStack() as stack, ThreadPoolExecutor(threads) as loops:
        port = 0
        ends = []
        for _ in range(threads):
            listener = stack.enter_context(
                socket.create_server((host, port), backlog=BACKLOG, reuse_port=threads > 1)
            )
            listener.setblocking(False)
            port = listener.getsockname()[1]
            ends.append(loops.submit(echo, listener.fileno(), stop.fileno()))
        print(json.dumps({"host": host, "port": port, "pid": os.getpid()}), flush=True)
        for end in ends:
            end.result()


if __name__ == "__main__":
    main()
