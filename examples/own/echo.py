"""An echo server on asyncio: python3 echo.py PORT."""

import asyncio
import sys


class Echo(asyncio.Protocol):
    """Sends back whatever a client sends."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """A client has connected."""
        self.transport = transport

    def data_received(self, data: bytes) -> None:
        """Bytes have arrived."""
        self.transport.write(data)


async def serve(port: int) -> None:
    """Serve until the process ends."""
    loop = asyncio.get_running_loop()
    server = await loop.create_server(Echo, "127.0.0.1", port, backlog=1024)
    await server.serve_forever()


asyncio.run(serve(int(sys.argv[1])))
