"""What every engine makes of servers of WebSocket, right ones and wrong ones."""

import time

import pytest

from c10k.loadgen.workload import Workload
from tests.loadgen.conftest import drained, loaded, on_every_loop, total, until
from tests.websocket import (
    BINARY,
    CLOSE,
    CONTINUATION,
    PING,
    PONG,
    TEXT,
    Frame,
    agreement,
    encoded,
    frame_of,
    head,
    header,
    serving,
)

pytestmark = [pytest.mark.system, on_every_loop]


def chat(size=64, **figures):
    return Workload("chat", protocol="websocket", size_bytes=size, timeout_s=5.0, **figures)


def echo(connection, _number, payload):
    connection.sendall(encoded(Frame(BINARY, payload)))


def causes(fleet):
    """The errors of a loaded fleet, when all of its connections have failed."""
    until(lambda: fleet.progress().failed == fleet.connections)
    return fleet.snapshot().errors


def test_the_handshake_is_one_of_rfc_6455(serve, fleet):
    seen = []

    def handler(connection):
        seen.append(request := head(connection))
        connection.sendall(agreement(request))

    address = serve(handler)
    with fleet(address, chat(path="/room?x=1")) as driven:
        driven.resize(5)
        until(lambda: len(seen) == 5)
    assert {request.split("\r\n")[0] for request in seen} == {"GET /room?x=1 HTTP/1.1"}
    for request in seen:
        assert header(request, "Host") == f"{address[0]}:{address[1]}"
        assert header(request, "Upgrade") == "websocket"
        assert header(request, "Connection") == "Upgrade"
        assert header(request, "Sec-WebSocket-Version") == "13"
    assert len({header(request, "Sec-WebSocket-Key") for request in seen}) == 5


def test_messages_and_mask_keys_differ(serve, fleet):
    seen = []

    def keep(connection, number, payload):
        seen.append(payload)
        echo(connection, number, payload)

    with loaded(fleet(serve(serving(keep)), chat()), 5) as driven:
        until(lambda: driven.progress().messages >= 300)
        snapshot = drained(driven)
    assert snapshot.errors == {}
    assert total(snapshot, "response") == snapshot.messages >= 300
    assert {len(payload) for payload in seen} == {64}
    assert len(set(seen[:300])) > 290


@pytest.mark.parametrize("size", [1, 125, 126, 65_535, 65_536, 200_003])
def test_a_length_of_each_form_is_sent_and_read(serve, fleet, size):
    with loaded(fleet(serve(serving(echo)), chat(size)), 2) as driven:
        until(lambda: driven.progress().messages >= 3)
        assert drained(driven).errors == {}


def test_a_large_message_that_is_read_slowly_is_sent_on(serve, fleet):
    def slow(connection):
        connection.sendall(agreement(head(connection)))
        time.sleep(0.2)  # until the socket takes no more
        while True:
            try:
                frame = frame_of(connection, masked=True)
            except EOFError:
                return
            echo(connection, 0, frame.payload)

    with loaded(fleet(serve(slow), chat(8_000_000)), 1) as driven:
        until(lambda: driven.progress().messages >= 1)
        assert drained(driven).errors == {}


def test_a_connection_is_opened_again_with_a_handshake(serve, fleet):
    workload = chat(messages_per_connection=2)
    with loaded(fleet(serve(serving(echo)), workload), 3) as driven:
        until(lambda: driven.progress().messages >= 30)
        snapshot = drained(driven)
    assert snapshot.errors == {}
    assert snapshot.opened >= 15


def in_fragments(connection, _number, payload):
    """The message in three frames, one of them empty, with control frames between."""
    for part in (
        Frame(BINARY, payload[:10], final=False),
        Frame(PING, b"between"),
        Frame(CONTINUATION, b"", final=False),
        Frame(PONG, b"that nobody asked for"),
        Frame(CONTINUATION, payload[10:]),
    ):
        connection.sendall(encoded(part))


def byte_by_byte(connection, _number, payload):
    for byte in encoded(Frame(PING, b"?")) + encoded(Frame(BINARY, payload)):
        connection.sendall(bytes([byte]))


@pytest.mark.parametrize("answer", [in_fragments, byte_by_byte])
def test_a_server_may_send_a_message_in_parts(serve, fleet, answer):
    with loaded(fleet(serve(serving(answer)), chat(200)), 2) as driven:
        until(lambda: driven.progress().messages >= 6)
        assert drained(driven).errors == {}


def test_a_ping_is_answered_before_between_and_within_messages(serve, fleet):
    """A pong never cuts a message in two: the server would read neither."""
    pongs = []

    def handler(connection):
        connection.sendall(agreement(head(connection)) + encoded(Frame(PING, b"first")))
        time.sleep(0.1)  # with a message under way that fills the socket
        connection.sendall(encoded(Frame(PING, b"x" * 125)))
        while True:
            try:
                frame = frame_of(connection, masked=True)
            except EOFError:
                return
            if frame.opcode == PONG:
                pongs.append(frame.payload)
            else:
                echo(connection, 0, frame.payload)
                connection.sendall(encoded(Frame(PING, b"")))

    workload = chat(6_000_000, rate_per_connection=0.1)
    with fleet(serve(handler), workload) as driven:
        driven.resize(1)
        assert driven.wait_open(30).connected == 1
        until(lambda: {b"first", b"x" * 125, b""} >= {*pongs} >= {b"x" * 125, b""})
        assert driven.snapshot().errors == {}
        assert driven.progress().ready == 1


HEAD = agreement("GET / HTTP/1.1\r\nSec-WebSocket-Key: another\r\n\r\n").decode()


def refusing(reply):
    def handler(connection):
        right = agreement(head(connection)).decode()
        connection.sendall(reply(right).encode("latin-1"))
        connection.recv(1)

    return handler


@pytest.mark.parametrize(
    ("reply", "cause"),
    [
        (lambda right: HEAD, "protocol_error"),
        (lambda right: right.replace("Sec-WebSocket-Accept", "X"), "protocol_error"),
        (lambda right: right.replace("Upgrade: websocket\r\n", ""), "protocol_error"),
        (lambda right: right.replace("Upgrade: websocket", "Upgrade: h2c"), "protocol_error"),
        (lambda right: right.replace("Connection: Upgrade", "Connection: x"), "protocol_error"),
        (
            lambda right: right.replace(
                "\r\nU", "\r\nSec-WebSocket-Extensions: permessage-deflate\r\nU"
            ),
            "protocol_error",
        ),
        (
            lambda right: right.replace("\r\nU", "\r\nSec-WebSocket-Protocol: x\r\nU"),
            "protocol_error",
        ),
        (lambda right: right.replace("101", "200"), "http_status"),
        (lambda right: "HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n", "http_status"),
        (lambda right: "SSH-2.0-OpenSSH_9.2\r\n", "malformed"),
        (lambda right: right + encoded(Frame(BINARY, b"unasked")).decode("latin-1"), "excess"),
    ],
)
def test_who_does_not_agree_to_the_handshake_is_no_server(serve, fleet, reply, cause):
    with fleet(serve(refusing(reply)), chat()) as driven:
        driven.resize(2)
        assert driven.wait_open(20).failed == 2
        assert driven.snapshot().errors == {cause: 2}


@pytest.mark.parametrize("change", [str.lower, lambda right: right.replace("\r\n", "\n")])
def test_the_case_of_a_header_and_the_end_of_a_line_do_not_matter(serve, fleet, change):
    def handler(connection):
        right = agreement(head(connection)).decode()
        first, _, rest = right.partition("\r\n")
        accept = header(right, "Sec-WebSocket-Accept")
        changed = f"{first}\r\n" + change(rest.replace(accept, "@")).replace("@", accept)
        connection.sendall(changed.encode())
        while True:
            try:
                echo(connection, 0, frame_of(connection, masked=True).payload)
            except EOFError:
                return

    with loaded(fleet(serve(handler), chat()), 2) as driven:
        until(lambda: driven.progress().messages >= 4)
        assert drained(driven).errors == {}


def wrongly(reply):
    """A server whose connections prove themselves, and whose every further reply is this."""

    def answer(connection, number, payload):
        connection.sendall(reply(payload) if number > 1 else encoded(Frame(BINARY, payload)))

    return serving(answer)


def flipped(payload, place):
    wrong = bytearray(payload)
    wrong[place] ^= 1
    return bytes(wrong)


@pytest.mark.parametrize(
    ("reply", "cause"),
    [
        (lambda payload: encoded(Frame(TEXT, payload)), "protocol_error"),
        (lambda payload: encoded(Frame(BINARY, payload), b"mask"), "protocol_error"),
        (lambda payload: encoded(Frame(CONTINUATION, payload)), "protocol_error"),
        (lambda payload: encoded(Frame(BINARY | 0x40, payload)), "protocol_error"),
        (lambda payload: encoded(Frame(11, b"")), "protocol_error"),
        (lambda payload: encoded(Frame(PING, b"", final=False)), "protocol_error"),
        (lambda payload: encoded(Frame(PING, bytes(126))), "protocol_error"),
        (lambda payload: b"\x82\x7e" + len(payload).to_bytes(2) + payload, "protocol_error"),
        (lambda payload: b"\x82\x7f" + len(payload).to_bytes(8) + payload, "protocol_error"),
        (lambda payload: b"\x82\x7f" + b"\xff" * 8, "protocol_error"),
        (lambda payload: encoded(Frame(BINARY, b"", final=False)) * 2, "protocol_error"),
        (lambda payload: b"\x82\x7f" + b"\x7f" * 8, "excess"),
        (lambda payload: encoded(Frame(BINARY, payload + b"!")), "excess"),
        (lambda payload: encoded(Frame(BINARY, payload)) * 2, "excess"),
        (lambda payload: encoded(Frame(BINARY, payload[:-1])), "corrupt"),
        (lambda payload: encoded(Frame(BINARY, b"")), "corrupt"),
        (lambda payload: encoded(Frame(BINARY, flipped(payload, 0))), "corrupt"),
        (lambda payload: encoded(Frame(BINARY, flipped(payload, 8))), "corrupt"),
        (lambda payload: encoded(Frame(BINARY, flipped(payload, 66))), "corrupt"),
        (lambda payload: encoded(Frame(CLOSE, b"\x03\xe8")), "closed_by_server"),
    ],
)
def test_a_wrong_reply_fails_the_connection_and_is_no_sample(serve, fleet, reply, cause):
    workload = chat(67, reconnect=False)
    with loaded(fleet(serve(wrongly(reply)), workload), 2) as driven:
        assert causes(driven) == {cause: 2}


def test_a_message_between_two_is_excess_and_a_ping_there_is_not(serve, fleet):
    pongs = []

    def handler(connection):
        connection.sendall(agreement(head(connection)))
        echo(connection, 0, frame_of(connection, masked=True).payload)
        connection.sendall(encoded(Frame(PING, b"still there?")))
        pongs.append(frame_of(connection, masked=True))
        connection.sendall(encoded(Frame(BINARY, b"unasked")))
        connection.recv(1)

    with fleet(serve(handler), chat()) as driven:
        driven.resize(1)
        assert driven.wait_open(20).connected == 1
        assert causes(driven) == {"excess": 1}
    assert pongs == [Frame(PONG, b"still there?")]
