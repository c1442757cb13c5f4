"""asyncio's servers on other event loops than its own."""

import os
import socket

import pytest

from tests.servers.talk import echo, fill, receive, served

pytestmark = pytest.mark.system

MIB = 1024**2


@pytest.mark.parametrize("loop", ["uvloop", "rloop"])
@pytest.mark.parametrize("name", ["asyncio_streams", "asyncio_protocol", "asyncio_buffered"])
def test_it_serves_on_that_loop(loop, name, serve, connect):
    server = serve(f"{name},loop={loop}")
    connections = [connect(server) for _ in range(5)]
    assert all(served(connection) for connection in connections)
    message = os.urandom(MIB)
    assert echo(connections[0], message) == message
    if loop == "uvloop":  # rloop 0.5 reads on, and closes late
        assert fill(connections[1], 64 * MIB, stall_s=0.1) < 64 * MIB
        connections[2].sendall(b"hello")
        connections[2].shutdown(socket.SHUT_WR)
        assert receive(connections[2], 6) == b"hello"
    server.stop()
    assert server.returncode == 0
