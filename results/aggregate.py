"""From the windows of a step to the step's row."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from c10k.results.histogram import Histogram
from c10k.results.schema import LATENCIES, STEPS


class Recording(NamedTuple):
    """What was recorded of one kind from `start_s` (since the run began) for `length_s` seconds.

    kind: response (of messages that were completed, or lost without a reply), service, send_lag,
    connect, first_echo; waiting: how long what had no reply yet had waited when the window ended;
    or slice: response times of a part of a window.
    """

    kind: str
    start_s: float
    length_s: float
    histogram: Histogram


def merged(kind: str, histograms: Iterable[Histogram]) -> Histogram:
    """One histogram of a step's intervals of one kind, which come in order of time.

    Waiting is a state at the end of a window, which that of the next window includes: only the last
    counts.
    """
    histograms = list(histograms)
    return Histogram().merged(*(histograms[-1:] if kind == "waiting" else histograms))


def latency_columns(recordings: Iterable[Recording]) -> dict[str, float]:
    """The columns KIND_{mean,p50,...,max}_ms of these recordings, KIND being each of LATENCIES.

    Response times include the waits of messages that have no reply yet: without them, a server that
    leaves some unanswered would look faster. NaN where nothing was recorded.
    """
    recordings = sorted(recordings, key=lambda recording: recording.start_s)

    def of(kind: str) -> Histogram:
        return merged(kind, (each.histogram for each in recordings if each.kind == kind))

    kinds = {kind: of(kind) for kind in LATENCIES}
    kinds["response"] += of("waiting")
    return {
        f"{kind}_{name}_ms": value
        for kind, histogram in kinds.items()
        for name, value in histogram.summary_ms().items()
    }


def step_row(
    windows: Sequence[Mapping[str, Any]], recordings: Iterable[Recording]
) -> dict[str, Any]:
    """The row of a step: latencies from the merged recordings, all else by the rules of STEPS.

    What belongs to the step as a whole (`setup_s`, `started_at`, ...) may be left out of the
    windows and set in the row afterwards. Raises ValueError without windows.
    """
    if not windows:
        raise ValueError("a step without windows has no row to work out")
    row = {name: column.rule(name, windows) for name, column in STEPS.items() if column.rule}
    return row | latency_columns(recordings)
