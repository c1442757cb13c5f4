"""What a loader should have reported, from the record of the server that it loaded."""

from dataclasses import dataclass
from math import nan
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from c10k.audit.behaviours import Behaviour
from c10k.audit.server import NEVER

Times = NDArray[np.int64]

PERCENTILES: Final = {"p50": 50.0, "p90": 90.0, "p99": 99.0, "max": 100.0}
EVEN: Final = 10_000  # points in the place of the even waits


@dataclass(frozen=True)
class Record:
    """What the server did with each message, in order of arrival; times in ns of one clock."""

    arrived_ns: Times
    answered_ns: Times  #: NEVER where it was not answered
    actions: NDArray[np.int8]  #: of c10k.audit.behaviours.ACTIONS
    senders: NDArray[np.int64]  #: the number of the connection that each came on
    accepted_ns: Times

    @classmethod
    def read(cls, file: Path) -> "Record":
        """Read what c10k.audit.server wrote."""
        with np.load(file) as stored:
            return cls(**{name: stored[name] for name in cls.__dataclass_fields__})

    def begin_s(self, window_s: float | None) -> float:
        """When a window began that lasted so long and ended with the last message, in s since the
        first. Without one it is all that was sent.
        """
        sent_s = int(self.arrived_ns.max() - self.arrived_ns[0]) / 1e9
        return 0.0 if window_s is None else max(0.0, sent_s - window_s)


def truth(
    record: Record, behaviour: Behaviour, window_s: float | None, recorded_from_s: float = 0.0
) -> dict[str, float]:
    """What should have been reported of the last `window_s` seconds, or of all: figures by name.

    `rate` is of right answers per second, `errors` the number of messages answered wrongly or by
    the end of their connection, `first_reply` the longest that a connection's first message waited;
    percentiles are of the time that a client waited, later than `recorded_from_s` after the first
    message. Times are in ms. `kept_sending` is how fast messages came while the server was silent,
    as a share of how fast they came otherwise, and `messages` how many have a part in percentiles.

    A client that comes at a random moment while the server is silent waits for the rest of the
    silence. So for the silence's share of the window the waits are even, from 0 to its length,
    whatever the loader sent meanwhile; for the rest they are those of the messages that came.
    """
    first_ns, last_ns = int(record.arrived_ns[0]), int(record.arrived_ns.max())
    begin_ns = first_ns + int(record.begin_s(window_s) * 1e9)
    seconds = (last_ns - begin_ns) / 1e9 or nan
    answered = (record.arrived_ns >= begin_ns) & (record.answered_ns != NEVER)
    right = answered & (record.actions == 0)

    recorded_ns = max(begin_ns, first_ns + int(recorded_from_s * 1e9))
    recorded = record.arrived_ns >= recorded_ns
    silent_from_ns, silent_until_ns = (first_ns + int(each * 1e9) for each in behaviour.silent)
    outside = (record.answered_ns < silent_from_ns) | (record.arrived_ns >= silent_until_ns)
    waits_ms = (record.answered_ns - record.arrived_ns)[right & recorded & outside] / 1e6
    silence_ms = (silent_until_ns - silent_from_ns) / 1e6
    silence = (record.arrived_ns >= silent_from_ns) & (record.arrived_ns < silent_until_ns)
    otherwise = recorded & ~silence
    end_ns = max(last_ns, silent_until_ns)  # a loader may have sent nothing after the silence
    share = silence_ms * 1e6 / ((end_ns - recorded_ns) or nan)
    kept_sending = silence.sum() / max(1, otherwise.sum()) * (1 - share) / share if share else 1.0
    return {
        "rate": right.sum() / seconds,
        "errors": float((answered & ~right).sum()),
        "first_reply": _longest_first_wait_ms(record),
        "messages": float(recorded.sum()),
        "kept_sending": kept_sending,
        **_percentiles(waits_ms, silence_ms, share),
    }


def _longest_first_wait_ms(record: Record) -> float:
    """Of each connection's first message that was answered, also before any window."""
    answered = record.answered_ns != NEVER
    _, firsts = np.unique(record.senders[answered], return_index=True)
    waits_ns = (record.answered_ns - record.arrived_ns)[answered][firsts]
    return float(waits_ns.max(initial=0) / 1e6)


def _percentiles(
    waits_ms: NDArray[np.float64], silence_ms: float, share: float
) -> dict[str, float]:
    """Percentiles of the waits, and for a share of the time of even ones up to `silence_ms`."""
    even_ms = np.linspace(0, silence_ms, EVEN) if silence_ms else np.empty(0)
    all_ms = np.concatenate([waits_ms, even_ms])
    weights = np.concatenate(
        [
            np.full(len(waits_ms), (1 - share) / max(len(waits_ms), 1)),
            np.full(len(even_ms), share / EVEN),
        ]
    )
    order = np.argsort(all_ms)
    reached = np.cumsum(weights[order])
    if not len(all_ms):
        return dict.fromkeys(PERCENTILES, nan)
    places = np.searchsorted(reached, np.array(list(PERCENTILES.values())) / 100 * reached[-1])
    times_ms = all_ms[order][np.minimum(places, len(all_ms) - 1)]
    return dict(zip(PERCENTILES, map(float, times_ms), strict=True))
