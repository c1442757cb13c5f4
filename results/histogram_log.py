"""The standard HdrHistogram log, version 1.3: text that any HdrHistogram tool reads.

One line per interval: `Tag=...,start,length,max,histogram`, with start and length in seconds, the
start counted from the log's StartTime, and the maximum in ms (the conventional 1e6 of nanoseconds).
"""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import NamedTuple
from urllib.parse import quote, unquote

from c10k.results.histogram import Histogram
from c10k.results.schema import LIMIT


class Tag(NamedTuple):
    """What a histogram is of; kind is one of those of `c10k.results.aggregate.Recording`."""

    server: str  #: the server's SPEC
    workload: str  #: its name
    repeat: int  #: from 0
    connections: int
    kind: str

    def __str__(self) -> str:
        """The fields joined by `|`, percent-encoded, since a log's tag holds no comma or space."""
        return "|".join(quote(str(field), safe="") for field in self)

    @classmethod
    def parse(cls, text: str) -> "Tag":
        """The tag that `str` wrote. Raises ValueError for any other."""
        try:
            server, workload, repeat, connections, kind = map(unquote, text.split("|"))
            return cls(server, workload, int(repeat), int(connections), kind)
        except ValueError as error:
            raise ValueError(f"the tag {text!r:.60} names no step of a run") from error


class LogInterval(NamedTuple):
    """One interval of a log, its histogram still encoded."""

    tag: Tag
    start_s: float  #: since the log's StartTime, s
    length_s: float  #: how long, s
    payload: str  #: the histogram, encoded

    def histogram(self) -> Histogram:
        """Decode the histogram. Raises ValueError when it is damaged or of another layout."""
        return Histogram.decode(self.payload)


def header(started_at: datetime) -> str:
    """The lines a log begins with."""
    return (
        "#[Histogram log format version 1.3]\n"
        f"#[StartTime: {started_at.timestamp():.3f} (seconds since epoch), "
        f"{started_at.astimezone(UTC):%a %b %d %H:%M:%S UTC %Y}]\n"
        '"StartTimestamp","Interval_Length","Interval_Max","Interval_Compressed_Histogram"\n'
    )


def line(tag: Tag, start_s: float, length_s: float, histogram: Histogram) -> str:
    """One interval as a line of the log."""
    maximum_ms = histogram.max_ns / 1e6
    return f"Tag={tag},{start_s:.3f},{length_s:.3f},{maximum_ms:.3f},{histogram.encode()}\n"


def read(text: str) -> Iterator[LogInterval]:
    """The intervals of a log that `line` wrote. Raises ValueError, which names a damaged line."""
    for number, written in enumerate(text.splitlines(), start=1):
        if not written or written[0] in '#"':
            continue
        try:
            tag, start, length, _maximum, payload = written.removeprefix("Tag=").split(",")
            interval = LogInterval(Tag.parse(tag), float(start), float(length), payload)
            if not (abs(interval.start_s) < LIMIT and 0 <= interval.length_s < LIMIT):
                raise ValueError("no time of a run")
        except ValueError as error:
            raise ValueError(f"line {number} of the histogram log is damaged: {error}") from error
        yield interval
