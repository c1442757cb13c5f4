"""An event loop that echoes and can be made worse in known ways, to see whether that is found.

python -m benchmarks.gate.server --port 9000 [--spin N] [--calls N] [--keep BYTES]
    [--late-every N --late-s SECONDS]
"""

import argparse
import asyncio
import os
from collections.abc import Sequence


class Echo(asyncio.Protocol):
    """Sends everything back."""

    def __init__(self, options: argparse.Namespace) -> None:
        self._spin = range(options.spin)
        self._calls = range(options.calls)
        self._every, self._late_s = options.late_every, options.late_s
        self._kept = os.urandom(options.keep)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        for _ in self._spin:
            pass
        for _ in self._calls:
            os.getppid()
        if self._every and int.from_bytes(data[:4], "little") % self._every == 0:
            asyncio.get_running_loop().call_later(self._late_s, self._transport.write, data)
        else:
            self._transport.write(data)


async def serve(options: argparse.Namespace) -> None:
    """Serve until the process is ended."""
    server = await asyncio.get_running_loop().create_server(
        lambda: Echo(options), "127.0.0.1", options.port, backlog=4096
    )
    await server.serve_forever()


def main(arguments: Sequence[str] | None = None) -> None:
    """The command."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--spin", type=int, default=0, help="empty loops per message")
    parser.add_argument("--calls", type=int, default=0, help="system calls more per message")
    parser.add_argument("--keep", type=int, default=0, help="bytes more per connection")
    parser.add_argument("--late-every", type=int, default=0, help="one message in so many is late")
    parser.add_argument("--late-s", type=float, default=0.0, help="by so much")
    asyncio.run(serve(parser.parse_args(arguments)))


if __name__ == "__main__":
    main()
