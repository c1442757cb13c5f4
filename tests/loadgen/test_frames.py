"""Both readers of WebSocket's frames: a message in fragments of any size, cut at any byte."""

from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from c10k.loadgen.native.test_support import Receiver
from c10k.loadgen.portable.causes import ReplyError
from c10k.loadgen.portable.exchange import WebSocket
from c10k.loadgen.portable.websocket import Upgrade
from tests.websocket import (
    ACCEPT,
    BINARY,
    CONTINUATION,
    KEY,
    PING,
    Frame,
    agreement,
    encoded,
    frame_of_bytes,
    turned,
)

AGREEMENT = agreement(f"\r\nSec-WebSocket-Key: {KEY}")


class Native:
    """The native engine's reader."""

    def __init__(self, size):
        self._receiver = Receiver("websocket", ACCEPT.encode(), size)
        sent = self._receiver.message(1)
        self.payload = turned(sent[4:], sent[:4])

    def outcome(self, parts):
        """What the parts of the reply to the first message come to: whole, cut or a cause."""
        state, _, errors = self._receiver.receive([AGREEMENT, *parts], False)
        return next(iter(errors), {"busy": "whole", "probing": "cut"}.get(state))


class Portable:
    """The portable engine's."""

    def __init__(self, size):
        self._exchange = WebSocket("/", "localhost", size, 0)
        self._open()
        frame = frame_of_bytes(self._sent)
        assert (frame.opcode, frame.final) == (BINARY, True)
        self.payload = frame.payload

    def _open(self):
        exchange = self._exchange
        exchange.open()
        exchange._upgrade = Upgrade(ACCEPT.encode())
        exchange.begin(1)
        handshake = exchange.size
        assert not exchange.take(AGREEMENT, handshake)
        self._sent = b""
        while handshake + len(self._sent) < exchange.size:
            self._sent += exchange.request(handshake + len(self._sent))

    def outcome(self, parts):
        self._open()
        whole = False
        try:
            for part in parts:
                assert not whole
                whole = self._exchange.take(part, self._exchange.size)
        except ReplyError as error:
            return error.cause
        return "whole" if whole else "cut"


@pytest.fixture(params=[Native, Portable])
def reader(request):
    return request.param


PLACES = st.lists(st.integers(0, 500), max_size=6)


def pieces(data, places):
    ends = sorted({place % (len(data) + 1) for place in places} | {0, len(data)})
    return [data[begin:end] for begin, end in pairwise(ends)]


@settings(max_examples=60, deadline=None)
@given(size=st.integers(1, 400), fragments=PLACES, cuts=PLACES, wrong=st.integers(0, 399))
def read_cut_anywhere(reader, size, fragments, cuts, wrong):
    read = reader(size)

    def reply(payload):
        first, *others = pieces(payload, fragments)
        frames = [Frame(BINARY, first, final=not others)]
        for other in others:
            frames += [Frame(PING, other[:125]), Frame(CONTINUATION, other, final=False)]
        frames[-1] = frames[-1]._replace(final=True)
        return b"".join(map(encoded, frames))

    parts = pieces(reply(read.payload), cuts)
    assert read.outcome(parts) == "whole"
    assert (
        read.outcome([*parts[:-1], parts[-1][:-1]][: None if len(parts[-1]) > 1 else -1]) == "cut"
    )
    flipped = bytearray(read.payload)
    flipped[wrong % size] ^= 1 << wrong % 8
    assert read.outcome(pieces(reply(bytes(flipped)), cuts)) == "corrupt"


def test_a_message_is_read_however_it_was_cut_and_a_wrong_bit_is_found(reader):
    read_cut_anywhere(reader)
