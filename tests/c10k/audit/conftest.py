"""Records of servers, written by hand."""

from collections.abc import Callable, Sequence

import numpy as np
import pytest

from c10k.audit.behaviours import ACTIONS
from c10k.audit.server import NEVER
from c10k.audit.truth import Record


@pytest.fixture
def record() -> Callable[..., Record]:
    """Make a record of messages (arrived s, waited s, action); None waited was never answered.

    They come on one connection, or on those that are given.
    """

    def make(
        messages: Sequence[tuple[float, float | None, str]], senders: Sequence[int] | None = None
    ) -> Record:
        arrived_ns = np.array([1e12 + 1e9 * arrived for arrived, *_ in messages]).astype(np.int64)
        waited = [wait for _, wait, _ in messages]
        answered_ns = [
            NEVER if wait is None else int(came + 1e9 * wait)
            for came, wait in zip(arrived_ns, waited, strict=True)
        ]
        return Record(
            arrived_ns,
            np.array(answered_ns, np.int64),
            np.array([ACTIONS.index(action) for *_, action in messages], np.int8),
            np.array(senders or [0] * len(messages)),
            np.array([int(1e12)]),
        )

    return make
