"""The interactive client's connection, against servers that echo and servers that do not."""

import itertools
import socket
import struct
import threading
from concurrent.futures import Future

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from c10k.echo_client import QUEUE_BYTES, ConversationError, EchoClient, UnreachableError
from tests.loadgen.conftest import PATIENCE_S, echo

pytestmark = pytest.mark.system


class Received(bytearray):
    """What came, as the callback of a client; and whether at least so much has."""

    def __init__(self):
        super().__init__()
        self.grew = threading.Condition()

    def __call__(self, data):
        with self.grew:
            self.extend(data)
            self.grew.notify_all()

    def wait(self, size):
        with self.grew:
            assert self.grew.wait_for(lambda: len(self) >= size, PATIENCE_S), bytes(self)


@pytest.fixture
def received():
    return Received()


@pytest.fixture
def resolved(monkeypatch):
    """Let every name have these addresses."""

    def to(*addresses):
        found = [
            (
                socket.AF_INET6 if ":" in address[0] else socket.AF_INET,
                *(socket.SOCK_STREAM, 0, "", address),
            )
            for address in addresses
        ]
        monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: found)

    return to


def start(act, *arguments):
    """Do it in a daemon thread, so that one which is stuck does not keep the tests from ending."""
    done = Future()

    def run():
        try:
            done.set_result(act(*arguments))
        except ConversationError as error:
            done.set_exception(error)

    threading.Thread(target=run, daemon=True).start()
    return done


def failure(client):
    return str(client.ended.exception(PATIENCE_S))


class TestOrder:
    def test_no_message_is_written_into_another(self, serve, received):
        size = 1_000_000  # more than a socket takes at a time
        with EchoClient(*serve(echo), received) as client:
            for sender in [start(client.send_message, bytes([n]) * size) for n in range(8)]:
                sender.result(PATIENCE_S)
        messages = [bytes(received[i : i + size]) for i in range(0, len(received), size)]
        assert sorted(messages) == [bytes([byte]) * size for byte in range(8)]

    @settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
    @given(messages=st.lists(st.binary(max_size=100)))
    def test_what_goes_comes_back(self, serve, messages):
        received = Received()
        with EchoClient(*serve(echo), received) as client:
            for message in messages:
                client.send_message(message)
        assert received == b"".join(messages)

    def test_the_client_s_own_thread_may_send_beyond_a_full_queue(self, serve, received):
        sizes = iter([QUEUE_BYTES + 1, QUEUE_BYTES + 1, 1])

        def answer(data):
            received(data)
            for size in sizes:
                client.send_message(b"x" * size)

        client = EchoClient(*serve(echo), answer)
        client.send_message(b"x")
        received.wait(2 * QUEUE_BYTES + 4)
        client.close()
        client.ended.result(PATIENCE_S)

    def test_a_server_that_floods_does_not_hold_up_what_is_sent(self, serve, monkeypatch):
        flooded, heard = threading.Event(), threading.Event()
        monkeypatch.setattr("c10k.echo_client.READ_BYTES", 10)

        def flood(connection):
            connection.recv(1)
            connection.sendall(bytes(200))
            flooded.set()
            if connection.recv(1):
                heard.set()

        pieces = itertools.count()

        def receive(_):
            piece = next(pieces)
            if piece == 0:
                assert flooded.wait(PATIENCE_S)
                client.send_message(b"x")
            if piece == 10:
                assert heard.wait(5)

        client = EchoClient(*serve(flood), receive)
        client.send_message(b"x")
        assert failure(client) == "the server closed the connection"

    def test_ipv6(self, received):
        try:
            listener = socket.create_server(("::1", 0), family=socket.AF_INET6)
        except OSError:
            pytest.skip("no IPv6: enable it (net.ipv6.conf.lo.disable_ipv6=0)")
        listener.settimeout(PATIENCE_S)
        with listener, EchoClient(*listener.getsockname()[:2], received) as client:
            client.send_message(b"six")
            with listener.accept()[0] as connection:
                connection.sendall(connection.recv(3, socket.MSG_WAITALL))
                received.wait(3)
                client.close()
                assert connection.recv(1) == b""
            assert client.connected.result(PATIENCE_S) == "::1"


class TestConnecting:
    def test_each_address_is_tried_in_turn(self, serve, received, refusing, resolved):
        _, port = served = serve(echo)
        resolved(("::1", port, 0, 0), refusing, served, ("127.0.0.3", port))
        with EchoClient("a.name", port, received) as client:
            client.send_message(b"hello")
            assert client.connected.result(PATIENCE_S) == "127.0.0.1"
        assert received == b"hello"
        assert [failed.split(": ")[0] for failed in client.failures] == ["::1", "127.0.0.2"]
        assert client.failures[1] == "127.0.0.2: Connection refused"

    def test_where_none_answers_every_reason_is_given(self, received, refusing, resolved):
        _, port = refusing
        with socket.create_server(("127.0.0.1", 0), backlog=0) as full:
            resolved(refusing, full.getsockname())
            with socket.create_connection(full.getsockname()):  # the only place in its queue
                client = EchoClient("a.name", port, received, connect_timeout_s=0.2)
                error = client.ended.exception(PATIENCE_S)
        assert isinstance(error, UnreachableError)
        assert str(error) == (
            f"cannot reach a.name port {port}: "
            "127.0.0.2: Connection refused; 127.0.0.1: no answer in 0.2 s"
        )
        assert client.connected.exception(0) is error
        with pytest.raises(UnreachableError):
            client.send_message(b"x")

    @pytest.mark.parametrize(
        ("error", "reason"),
        [
            (socket.gaierror(socket.EAI_NONAME, "Name or service not known"), "not known"),
            (UnicodeError("label too long"), "no host can have such a name"),
        ],
    )
    def test_a_name_without_addresses(self, received, monkeypatch, error, reason):
        def fail(*_, **__):
            raise error

        monkeypatch.setattr(socket, "getaddrinfo", fail)
        assert reason in failure(EchoClient("a.name", 9, received))

    def test_messages_may_be_sent_before_there_is_a_connection(self, serve, received, monkeypatch):
        known, getaddrinfo = threading.Event(), socket.getaddrinfo

        def resolve(*arguments, **options):
            assert known.wait(PATIENCE_S)
            return getaddrinfo(*arguments, **options)

        monkeypatch.setattr(socket, "getaddrinfo", resolve)
        client = EchoClient(*serve(echo), received)
        client.send_message(b"early ")
        client.send_message(b"bird")
        client.close()
        assert not client.connected.done()
        known.set()
        client.ended.result(PATIENCE_S)
        assert received == b"early bird"

    def test_a_resolver_that_hangs_is_not_waited_for(self, received, monkeypatch):
        known = threading.Event()
        found = [(socket.AF_INET, socket.SOCK_STREAM, 0, "", ("127.0.0.1", 9))]
        monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: known.wait() and found)
        with pytest.raises(ZeroDivisionError), EchoClient("a.name", 9, received) as client:
            raise ZeroDivisionError
        assert not client.ended.done()
        known.set()
        assert "broken off" in failure(client)


class TestClosing:
    def test_it_first_sends_what_is_queued(self, serve, received):
        reading = threading.Event()

        def late(connection):
            assert reading.wait(PATIENCE_S)
            echo(connection)

        client = EchoClient(*serve(late), received)
        message = bytes(range(256)) * 65_536  # 16 MiB: more than sockets hold
        client.send_message(message)
        client.close()
        client.close()
        with pytest.raises(ConversationError, match="closed"):
            client.send_message(b"x")
        assert not client.ended.done()
        reading.set()
        client.ended.result(PATIENCE_S)
        assert received == message

    def test_silence_before_it_is_allowed(self, serve, received):
        ended = threading.Event()
        client = EchoClient(*serve(lambda _: ended.wait(PATIENCE_S)), received, patience_s=0.1)
        with pytest.raises(TimeoutError):
            client.ended.result(0.2)
        ended.set()
        assert failure(client) == "the server closed the connection"

    def test_a_server_that_never_reads(self, serve, received):
        ended = threading.Event()
        client = EchoClient(*serve(lambda _: ended.wait(PATIENCE_S)), received, patience_s=0.1)
        client.send_message(bytes(2**24))
        client.close()
        assert "silent for 0.1 s; 16,777,216 bytes" in failure(client)
        ended.set()

    def test_a_server_that_answers_all_and_never_closes(self, serve, received):
        ended = threading.Event()

        def stay(connection):
            echo(connection)
            ended.wait(PATIENCE_S)

        with EchoClient(*serve(stay), received, patience_s=0.1) as client:
            client.send_message(b"hello")
        assert received == b"hello"
        ended.set()

    def test_a_slow_reader_of_ours_is_no_silence_of_the_server_s(
        self, serve, received, monkeypatch
    ):
        slow = threading.Event()

        def read_slowly(data):
            received(data)
            now = client._loop.time()
            monkeypatch.setattr(client._loop, "time", lambda: now + 100)
            slow.set()

        def answer(connection):
            assert connection.recv(10, socket.MSG_WAITALL) == b"abcd"  # closing has begun
            connection.sendall(b"ab")
            assert slow.wait(PATIENCE_S)
            threading.Event().wait(0.1)  # in which the client could give up
            connection.sendall(b"cd")

        client = EchoClient(*serve(answer), read_slowly, patience_s=50)
        client.send_message(b"abcd")
        client.close()
        client.ended.result(PATIENCE_S)
        assert received == b"abcd"


class TestServersThatGoAway:
    def test_at_once(self, serve, received):
        client = EchoClient(*serve(lambda _: None), received)
        assert failure(client) == "the server closed the connection"
        with pytest.raises(ConversationError, match="the server closed the connection"):
            client.send_message(b"x")
        client.close()

    def test_with_a_reset(self, serve, received):
        def reset(connection):
            connection.sendall(connection.recv(10))
            received.wait(5)
            linger = struct.pack("ii", 1, 0)
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)

        client = EchoClient(*serve(reset), received)
        client.send_message(b"hello")
        assert failure(client) == "the connection broke: Connection reset by peer"
        assert received == b"hello"

    def test_what_came_before_is_read_though_a_write_failed(self, serve, received):
        """The rest of a message that was not read makes a reset of the server's close."""

        def answer(connection):
            connection.recv(1)
            connection.sendall(b"bye")

        client = EchoClient(*serve(answer), received)
        client.send_message(bytes(2**24))
        assert f"{2**24 - 3:,} bytes had not come back" in failure(client)
        assert received == b"bye"


class TestTheQueue:
    @pytest.fixture
    def stuck(self, serve, received):
        """A client with senders that wait, since the server does not read until it is asked to."""
        reading, leaving = threading.Event(), threading.Event()

        def late(connection):
            assert reading.wait(PATIENCE_S)
            if not leaving.is_set():
                echo(connection)

        client = EchoClient(*serve(late), received)
        client.send_message(bytes(2**24))
        senders = [start(client.send_message, b"x") for _ in range(3)]
        client.connected.result(PATIENCE_S)
        yield client, senders, reading, leaving
        reading.set()

    def test_who_has_more_than_it_takes_waits(self, stuck, received):
        client, senders, reading, _ = stuck
        with pytest.raises(TimeoutError):
            senders[0].result(0.2)
        assert not any(sender.done() for sender in senders)
        reading.set()
        for sender in senders:
            sender.result(PATIENCE_S)
        client.close()
        client.ended.result(PATIENCE_S)
        assert len(received) == 2**24 + 3

    def test_who_waits_learns_that_the_client_is_closed(self, stuck):
        client, senders, _, _ = stuck
        client.close()
        for sender in senders:
            assert str(sender.exception(PATIENCE_S)) == "the client is closed"

    def test_who_waits_learns_that_the_server_is_gone(self, stuck):
        _, senders, reading, leaving = stuck
        leaving.set()
        reading.set()
        for sender in senders:
            assert "16,777,216 bytes had not come back" in str(sender.exception(PATIENCE_S))


def test_what_the_callback_raises_ends_the_conversation(serve):
    client = EchoClient(*serve(echo), lambda data: data.decode())
    client.send_message(b"\xff")
    assert isinstance(client.ended.exception(PATIENCE_S), UnicodeDecodeError)
    with pytest.raises(UnicodeDecodeError):
        client.send_message(b"x")
