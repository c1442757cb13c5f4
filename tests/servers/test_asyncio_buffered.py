"""The pool of buffers: shared, never by two who are not done, and off where it is to be off."""

import os

import pytest

from tests.servers.talk import echo, fill, receive, served

pytestmark = pytest.mark.system


def made(server):
    return server.log.read_text().count(" made\n")


@pytest.mark.parametrize(("pool", "buffers"), [("on", 1), ("off", 30)])
def test_who_takes_turns_shares_a_buffer(pool, buffers, serve, connect):
    server = serve(f"asyncio_buffered,pool={pool}", verbose=True)
    for connection in [connect(server) for _ in range(10)]:
        for _ in range(3):
            assert served(connection)
    assert made(server) == buffers


@pytest.mark.parametrize("loop", ["asyncio", "uvloop"])
def test_a_buffer_that_is_not_sent_yet_is_nobody_elses(loop, serve, connect, wait_until):
    if loop == "uvloop":
        pytest.importorskip("uvloop", reason="pip install 'c10k-bench[uvloop]'")
    server = serve(f"asyncio_buffered,loop={loop}", verbose=True)
    slow = connect(server)
    sent = fill(slow, 64 * 1024**2)
    wait_until(lambda: made(server) == 1)
    other = connect(server)
    message = os.urandom(100_000)
    assert echo(other, message) == message
    slow.settimeout(15)
    assert receive(slow, sent) == b"x" * sent
    for connection in [connect(server) for _ in range(3)]:
        assert served(connection)
    assert made(server) == 2, "they came back to the pool"
