"""An echo server with a thread for every connection: blocking sockets and nothing else.

python -m servers.threaded --port 9000
"""

import _thread
import argparse
import contextlib
import json
import os
import signal
import socket
import sys
import threading
import time

BACKLOG = 65_535  # listen(2) lowers it to net.core.somaxconn: as many as this host allows
SHORTAGE_PAUSE_S = 0.1  # until the next accept when descriptors, memory or threads ran out


def echo(connection: socket.socket, peer: str, buffer: int, verbose: bool) -> None:
    """Send everything back until the peer has sent its last byte. Runs in a thread of its own."""
    with connection:
        try:
            if verbose:
                report(f"{peer}: connected")
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            while data := connection.recv(buffer):
                connection.sendall(data)
                if verbose:
                    report(f"{peer}: echoed {len(data)} bytes: {data!r}")
        except (OSError, MemoryError) as error:
            report(f"{peer}: connection broken: {error!r}")
        else:
            if verbose:
                report(f"{peer}: end of file")


def accept_forever(listener: socket.socket, buffer: int, verbose: bool) -> None:
    """Give every connection a thread; wait a moment when the host has nothing left to give.

    threading.Thread.start() would wait until the new thread runs: several turns at the GIL more,
    and for ever where the thread finds no memory to begin with.
    """
    shortages = 0
    while True:
        connection = None
        try:
            connection, (host, port) = listener.accept()
            _thread.start_new_thread(echo, (connection, f"{host}:{port}", buffer, verbose))
        except ConnectionAbortedError:
            pass  # the client left while it waited in the queue
        except (OSError, RuntimeError, MemoryError) as error:
            # No descriptor (EMFILE, ENFILE), no memory (ENOMEM, ENOBUFS) or no thread. A
            # connection that got no thread is closed; the queue waits for better times.
            shortages += 1
            report(f"cannot accept: {error!r} ({shortages} times so far)")
            if connection:
                connection.close()
            time.sleep(SHORTAGE_PAUSE_S)


def report(line: str) -> None:
    """Write a line to standard error, in one call: threads do not wait for each other's."""
    with contextlib.suppress(OSError, MemoryError):
        os.write(2, f"threaded: {line}\n".encode())


def end(signal_number: int, frame: object) -> None:
    """Leave at once: threads in recv() cannot be joined, and the kernel closes their sockets."""
    os._exit(0)


def byte_count(text: str) -> int:
    """Read 65536, 64k or 1m."""
    unit = {"k": 1024, "m": 1024**2}.get(text[-1:].lower())
    return int(text[:-1]) * unit if unit else int(text)


def main() -> None:
    """Listen, say where, and serve until SIGTERM or SIGINT."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--host", default="127.0.0.1", help="address to bind (%(default)s)")
    parser.add_argument("--port", type=int, default=0, help="0, the default, takes a free one")
    parser.add_argument("--buffer", type=int, default=1024, help="bytes a read (%(default)s)")
    parser.add_argument("--backlog", type=int, default=BACKLOG, help="default: the most allowed")
    parser.add_argument("--stack", type=byte_count, default=0, help="bytes a thread, 256k (ulimit)")
    parser.add_argument("--verbose", action="store_true", help="log connections and messages")
    options = parser.parse_args()
    if options.buffer < 1:
        parser.error("--buffer must be at least 1")

    try:
        threading.stack_size(options.stack)
    except ValueError as error:
        parser.error(f"--stack: {error}")
    signal.signal(signal.SIGTERM, end)
    signal.signal(signal.SIGINT, end)
    try:
        listener = socket.create_server((options.host, options.port), backlog=options.backlog)
    except (OSError, OverflowError) as error:
        sys.exit(f"threaded: cannot listen: {error}")
    print(json.dumps({"port": listener.getsockname()[1], "pid": os.getpid()}), flush=True)
    accept_forever(listener, options.buffer, options.verbose)


if __name__ == "__main__":
    main()
