"""What the servers do to a loader: each behaviour says when and how a message is answered."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, NamedTuple

SILENT_AFTER_S: Final = 3.0
"""After the first message, or after a loader begins to record what it reports."""
STALL_S: Final = 1.0
FREEZE_S: Final = 4.0  # longer than wrk's time-out of 2 s, and shorter than a short load
MAX_PER_S: Final = 2_000.0
EVERY: Final = 100
"""Of so many messages one is answered wrongly, or not at all."""
SLOW_EVERY: Final = 20
LONGEST_LEFT_OUT: Final = "survivorship: the longest waits are in no figure"
SCATTER: Final = 0x9E3779B1
"""2³² by the golden ratio, and prime (Knuth, The Art of Computer Programming 3, 6.4)."""

ACTIONS: Final = ("reply", "wrong", "reset", "close")
REPLY, WRONG, RESET, CLOSE = ACTIONS


class Answer(NamedTuple):
    """When a message is answered, and by what."""

    at_s: float  # seconds since the first message
    action: str = REPLY


@dataclass(frozen=True)
class Behaviour:
    """A server's behaviour towards all of its connections together.

    `answer` is given the number of a message, from 1 in the order of arrival, and when it arrived,
    in seconds since the first. Connections are accepted `accept_s` apart. While it is `silent`
    (from, until; in seconds since the first message) the server sends nothing. `judged` are the
    figures that a loader must report right, `failure` is what it is called if one is too low.
    """

    name: str
    summary: str
    answer: Callable[[int, float], Answer]
    judged: tuple[str, ...]
    failure: str = "too low"
    accept_s: float = 0.0
    silent: tuple[float, float] = (0.0, 0.0)


def _picked(number: int, every: int) -> bool:
    """Whether a message is one of so many, scattered evenly over all: clients that send in turn
    would otherwise have the same few of them picked again and again.
    """
    return number * SCATTER % 2**32 < 2**32 // every


def _after(delay_s: float, action: str = REPLY) -> Callable[[int, float], Answer]:
    """Answer so long after a message came; one of EVERY by this action."""

    def answer(number: int, at_s: float) -> Answer:
        return Answer(at_s + delay_s, action if _picked(number, EVERY) else REPLY)

    return answer


def _two_delays(number: int, at_s: float) -> Answer:
    """One of SLOW_EVERY takes five times as long."""
    return Answer(at_s + (0.25 if _picked(number, SLOW_EVERY) else 0.05))


def _in_turn() -> Callable[[int, float], Answer]:
    """Answer one after the other, MAX_PER_S of them a second."""
    free_s = 0.0

    def answer(_number: int, at_s: float) -> Answer:
        nonlocal free_s
        free_s = max(free_s, at_s) + 1 / MAX_PER_S
        return Answer(free_s)

    return answer


def _silent(begin_s: float, end_s: float) -> Callable[[int, float], Answer]:
    def answer(_number: int, at_s: float) -> Answer:
        due_s = at_s + 0.01
        return Answer(end_s if begin_s <= due_s < end_s else due_s)

    return answer


def behaviours(recorded_from_s: float = 0.0) -> dict[str, Behaviour]:
    """All behaviours by name, anew: some keep count. A loader that leaves so many seconds out of
    what it reports meets the silence later.
    """
    silent_s = recorded_from_s + SILENT_AFTER_S
    stall, freeze = (silent_s, silent_s + STALL_S), (silent_s, silent_s + FREEZE_S)
    each = (
        Behaviour(
            "fixed-delay",
            "answers each message after 50 ms",
            _after(0.05),
            ("rate", "p50", "p99"),
        ),
        Behaviour(
            "two-delays",
            "takes 50 ms, and 250 ms for one message of 20",
            _two_delays,
            ("p50", "p90", "p99"),
        ),
        Behaviour(
            "stall",
            "answers after 10 ms; once it sends nothing for 1 s",
            _silent(*stall),
            ("p99", "max"),
            LONGEST_LEFT_OUT,
            silent=stall,
        ),
        Behaviour(
            "frozen",
            "answers after 10 ms; once it sends nothing for 4 s, longer than wrk's time-out",
            _silent(*freeze),
            ("p99", "max"),
            LONGEST_LEFT_OUT,
            silent=freeze,
        ),
        Behaviour(
            "max-rate",
            "answers 2,000 messages/s, one after the other",
            _in_turn(),
            ("rate",),
        ),
        Behaviour(
            "wrong",
            "a byte of one reply of 100 is wrong",
            _after(0.02, WRONG),
            ("errors",),
            "unverified bytes: it takes wrong replies for right ones",
        ),
        Behaviour(
            "reset",
            "resets a connection for one message of 100",
            _after(0.02, RESET),
            ("errors",),
            "errors that it does not count",
        ),
        Behaviour(
            "close",
            "closes a connection for one message of 100",
            _after(0.02, CLOSE),
            ("errors",),
            "errors that it does not count",
        ),
        Behaviour(
            "slow-accept",
            "accepts 20 connections a second",
            _after(0.01),
            ("first_reply",),
            "the wait for a connection is in no figure",
            accept_s=0.05,
        ),
    )
    return {behaviour.name: behaviour for behaviour in each}
