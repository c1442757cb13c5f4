"""What every engine says to a server, and what it makes of the replies."""

import time

import pytest

from c10k.loadgen.workload import Workload
from tests.loadgen.conftest import drained, loaded, on_every_loop, recorded, total, until

pytestmark = [pytest.mark.system, on_every_loop]

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello"


def requests(connection):
    """The requests of one connection, as they come."""
    pending = b""
    while data := connection.recv(65536):
        pending += data
        while b"\r\n\r\n" in pending:
            request, _, pending = pending.partition(b"\r\n\r\n")
            yield request


def http(reply, *, first=OK, close=False):
    """A server that proves each connection with `first`, then always gives the same reply."""

    def handler(connection):
        for number, _ in enumerate(requests(connection)):
            connection.sendall(reply if number else first)
            if close and (number or first == reply):
                return

    return handler


def get(path="/", **figures):
    return Workload("get", protocol="http", path=path, timeout_s=5.0, **figures)


def causes(fleet):
    """The errors of a loaded fleet, when all of its connections have failed."""
    until(lambda: fleet.progress().failed == fleet.connections)
    return fleet.snapshot().errors


class TestEcho:
    def test_messages_differ(self, serve, fleet):
        """Some in a quarter of a million pairs may be equal, by chance (payload.pxd)."""
        seen = []

        def keep(connection):
            while len(data := connection.recv(64)) == 64:
                seen.append(data)
                connection.sendall(data)

        with loaded(fleet(serve(keep), Workload("echo")), 5) as driven:
            until(lambda: driven.progress().messages >= 300)
            drained(driven)
        assert len(set(seen[:300])) > 290

    def test_a_large_message_that_is_read_slowly_is_sent_on(self, serve, fleet):
        """The socket takes a part at a time, and the echo begins before the message is out."""

        def slow(connection):
            while data := connection.recv(100_000):
                time.sleep(0.001)
                connection.sendall(data)

        with loaded(fleet(serve(slow), Workload("large", size_bytes=4_000_000)), 2) as driven:
            until(lambda: driven.progress().messages >= 2)
            assert drained(driven).errors == {}


class TestHttp:
    def test_the_request_is_the_workloads(self, serve, fleet):
        seen = set()

        def handler(connection):
            for request in requests(connection):
                seen.add(request + b"\r\n\r\n")
                connection.sendall(OK)

        address = serve(handler)
        with loaded(fleet(address, get("/a?b=%20")), 2) as driven:
            until(lambda: driven.progress().messages >= 10)
        assert seen == {get("/a?b=%20").request(f"{address[0]}:{address[1]}")}

    @pytest.mark.parametrize(
        "reply",
        [
            OK,
            b"HTTP/1.1 204 No Content\r\n\r\n",
            b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n" + OK,
            b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
            b"5\r\nhello\r\nA;q=1\r\n0123456789\r\n0\r\n\r\n",
            b"HTTP/1.1 200 OK\r\nContent-Length: 300000\r\n\r\n" + bytes(300_000),
        ],
    )
    def test_a_connection_is_kept_for_one_reply_after_the_other(self, serve, fleet, reply):
        with loaded(fleet(serve(http(reply)), get()), 3) as driven:
            until(lambda: driven.progress().messages >= 10)
            snapshot = drained(driven)
        assert snapshot.errors == {}
        assert snapshot.opened == 3
        assert total(snapshot, "response") == total(snapshot, "service") == snapshot.messages

    @pytest.mark.parametrize(
        "reply",
        [
            b"HTTP/1.1 200 OK\r\n\r\nuntil the end",
            b"HTTP/1.0 200 OK\r\nContent-Length: 1\r\n\r\n!",
            b"HTTP/1.1 200 OK\r\nConnection: Close\r\nContent-Length: 1\r\n\r\n!",
        ],
    )
    def test_a_connection_that_the_server_ends_is_opened_again(self, serve, fleet, reply):
        with loaded(fleet(serve(http(reply, first=reply, close=True)), get()), 2) as driven:
            until(lambda: driven.progress().messages >= 10)
            snapshot = drained(driven)
            assert driven.progress().ready == 2
        assert snapshot.errors == {}
        assert snapshot.opened >= 10
        assert total(snapshot, "first_echo") == snapshot.opened

    def test_a_status_other_than_2xx_is_an_error_and_no_sample(self, serve, fleet):
        bad = b"HTTP/1.1 500 Internal Server Error\r\nContent-Length: 4\r\n\r\noops"
        with loaded(fleet(serve(http(bad)), get(rate_per_connection=50)), 2) as driven:
            time.sleep(0.3)
            snapshot = drained(driven)
            assert driven.progress().failed == 0
        assert snapshot.messages == 0
        # What was still waiting to be sent at the end got no wrong reply, and counts with its wait.
        assert total(snapshot, "response") == snapshot.due - snapshot.sent
        assert snapshot.errors == {"http_status": snapshot.sent}
        assert snapshot.sent >= 10

    def test_a_first_reply_other_than_2xx_fails_the_connection(self, serve, fleet):
        bad = b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n"
        with fleet(serve(http(OK, first=bad)), get()) as driven:
            driven.resize(3)
            assert driven.wait_open(20).failed == 3
            assert driven.snapshot().errors == {"http_status": 3}

    @pytest.mark.parametrize(
        ("reply", "cause"),
        [
            (b"nonsense and no HTTP at all\r\n\r\n", "malformed"),
            (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nhello\r\n", "malformed"),
            (b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 20_000, "malformed"),
            (OK + b"!", "excess"),
            (b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhello", "closed_by_server"),
        ],
    )
    def test_what_is_no_whole_reply_fails_the_connection(self, serve, fleet, reply, cause):
        address = serve(http(reply, close=cause == "closed_by_server"))
        with loaded(fleet(address, get()), 2) as driven:
            assert causes(driven) == {cause: 2}


class TestRaw:
    PING = Workload("ping", protocol="raw", send="PING\r\n\xff", expect_bytes=7)

    def test_any_reply_of_the_right_length_will_do(self, serve, fleet):
        seen = set()

        def pong(connection):
            number = 0
            while data := connection.recv(7):
                seen.add(data)
                number += 1
                connection.sendall(b"+PONG%2d" % (number % 100))

        with loaded(fleet(serve(pong), self.PING), 3) as driven:
            until(lambda: driven.progress().messages >= 20)
            assert drained(driven).errors == {}
        assert seen == {b"PING\r\n\xff"}

    def test_a_longer_one_is_excess(self, serve, fleet):
        def pong(connection):
            reply = b"+PONG\r\n"
            while connection.recv(7):
                connection.sendall(reply)
                reply = b"+PONGG\r\n"

        with loaded(fleet(serve(pong), self.PING), 2) as driven:
            assert causes(driven) == {"excess": 2}


class TestDownload:
    SIZE = 1_000_000
    BYTES = bytes(i % 251 for i in range(SIZE))

    def workload(self):
        return Workload("download", protocol="download", expect_bytes=self.SIZE)

    def served(self, content):
        def handler(connection):
            first = True
            while request := connection.recv(64):
                assert request == b"1000000\n"
                connection.sendall(self.BYTES if first else content)
                first = False

        return handler

    def test_every_byte_arrives(self, serve, fleet):
        with loaded(fleet(serve(self.served(self.BYTES)), self.workload()), 2) as driven:
            until(lambda: driven.progress().messages >= 6)
            snapshot = drained(driven)
        assert snapshot.errors == {}
        assert snapshot.messages >= 6

    @pytest.mark.parametrize("place", [0, 65_537, SIZE - 1])
    def test_a_wrong_byte_is_found(self, serve, fleet, place):
        wrong = bytearray(self.BYTES)
        wrong[place] ^= 1
        with loaded(fleet(serve(self.served(bytes(wrong))), self.workload()), 1) as driven:
            assert causes(driven) == {"corrupt": 1}


def test_a_reply_takes_as_long_as_its_last_byte(serve, fleet):
    def slow(connection):
        for _ in requests(connection):
            connection.sendall(OK[:-1])
            time.sleep(0.05)
            connection.sendall(OK[-1:])

    with loaded(fleet(serve(slow), get()), 2) as driven:
        until(lambda: driven.progress().messages >= 4)
        snapshot = drained(driven)
    assert recorded(snapshot, "response").min_ns >= 50e6 * 0.999
