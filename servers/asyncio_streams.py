"""An echo server on one event loop: asyncio's streams, a coroutine for every connection.

python -m servers.asyncio_streams --port 9000
"""

import argparse
import asyncio
import contextlib
import errno
import functools
import json
import os
import signal
import socket
import sys
from typing import Any

BACKLOG = 65_535  # listen(2) lowers it to net.core.somaxconn: as many as this host allows
SHORTAGES = {errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM}


async def echo(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, *, buffer: int, verbose: bool
) -> None:
    """Send everything back until the peer has sent its last byte. asyncio sets TCP_NODELAY."""
    host, port = writer.get_extra_info("peername")
    peer = f"{host}:{port}"
    if verbose:
        report(f"{peer}: connected")
    try:
        while data := await reader.read(buffer):
            writer.write(data)
            await writer.drain()  # waits only for a peer that writes without reading
            if verbose:
                report(f"{peer}: echoed {len(data)} bytes: {data!r}")
    except (OSError, MemoryError) as error:
        report(f"{peer}: connection broken: {error!r}")
    except asyncio.CancelledError:
        pass  # the server ends, and its connections with it
    else:
        if verbose:
            report(f"{peer}: end of file")
    finally:
        writer.close()


class ShortageLog:
    """The loop's exception handler: counts and logs that accept ran out of descriptors or memory.

    asyncio accepts again after a second. Until then it calls this for every accept of the turn.
    """

    def __init__(self) -> None:
        self.count = 0
        self.silent_until = 0.0

    def __call__(self, loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        """Take the context of an error that nobody awaited; see loop.set_exception_handler."""
        error = context.get("exception")
        if not isinstance(error, OSError) or error.errno not in SHORTAGES:
            loop.default_exception_handler(context)
        elif loop.time() >= self.silent_until:
            self.count += 1
            self.silent_until = loop.time() + 0.5
            report(f"cannot accept: {error!r} ({self.count} times so far)")


def report(line: str) -> None:
    """Write a line to standard error."""
    with contextlib.suppress(OSError):
        print(f"asyncio_streams: {line}", file=sys.stderr)


async def serve(listener: socket.socket, backlog: int, buffer: int, verbose: bool) -> None:
    """Serve what connects to the listening socket until SIGTERM or SIGINT."""
    loop = asyncio.get_running_loop()
    loop.set_exception_handler(ShortageLog())
    ended = asyncio.Event()
    loop.add_signal_handler(signal.SIGTERM, ended.set)
    loop.add_signal_handler(signal.SIGINT, ended.set)

    client_connected = functools.partial(echo, buffer=buffer, verbose=verbose)
    server = await asyncio.start_server(client_connected, sock=listener)
    listener.listen(backlog)  # asyncio's own backlog is also how many it accepts in one turn
    print(json.dumps({"port": listener.getsockname()[1], "pid": os.getpid()}), flush=True)
    await ended.wait()
    server.close()  # the run that ends now cancels the connections' coroutines


def main() -> None:
    """Listen, say where, and serve until SIGTERM or SIGINT."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--host", default="127.0.0.1", help="address to bind (%(default)s)")
    parser.add_argument("--port", type=int, default=0, help="0, the default, takes a free one")
    parser.add_argument("--buffer", type=int, default=1024, help="bytes a read (%(default)s)")
    parser.add_argument("--backlog", type=int, default=BACKLOG, help="default: the most allowed")
    parser.add_argument("--verbose", action="store_true", help="log connections and messages")
    options = parser.parse_args()
    if options.buffer < 1:
        parser.error("--buffer must be at least 1")

    try:
        listener = socket.create_server((options.host, options.port), backlog=options.backlog)
    except (OSError, OverflowError) as error:
        sys.exit(f"asyncio_streams: cannot listen: {error}")
    asyncio.run(serve(listener, options.backlog, options.buffer, options.verbose))


if __name__ == "__main__":
    main()
