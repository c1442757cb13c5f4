"""Messages over two pipes."""

import os
import threading

import pytest

from c10k.remote import lines
from c10k.remote.lines import Lines


@pytest.fixture
def pipe():
    ends = os.pipe()
    yield ends
    for end in ends:
        try:
            os.close(end)
        except OSError:
            continue


def test_messages_of_any_length_arrive_whole_and_greetings_are_left_out(pipe):
    reads, writes = pipe
    sent = [{"id": 1, "text": "ä" * 300_000}, {"id": 2}]

    def send():
        os.write(writes, b"Welcome to the host!\n[1, 2]\n")
        for message in sent:
            Lines(reads, writes).send(message)
        os.close(writes)

    sender = threading.Thread(target=send)
    sender.start()
    assert list(Lines(reads, writes).received()) == sent
    sender.join()


@pytest.mark.system
def test_silence_ends_the_connection_and_signs_of_life_do_not(pipe, monkeypatch):
    monkeypatch.setattr(lines, "SILENCE_S", 0.5)
    monkeypatch.setattr(lines, "BEAT_S", 0.05)
    reads, writes = pipe
    end = Lines(reads, writes)
    end.beat()
    threading.Timer(1.0, lambda: end.send({"id": 1})).start()
    received = end.received()
    assert next(received) == {"id": 1}  # later than the silence that is borne
    end.close()
    with pytest.raises(BrokenPipeError):
        end.send({"id": 2})
    with pytest.raises(TimeoutError, match="nothing was heard"):
        next(received)
