from datetime import UTC, datetime

import pytest
from hdrh.histogram import HdrHistogram
from hdrh.log import HistogramLogReader
from hypothesis import strategies as st

from c10k.results import histogram_log
from c10k.results.histogram import HIGHEST_NS, LOWEST_NS
from c10k.results.histogram_log import Tag
from tests.results.conftest import given_few, histogram_of

STARTED = datetime(2026, 1, 2, 3, 4, 5, 250_000, tzinfo=UTC)
PLAIN = Tag("threaded", "paced", 0, 10, "response")
AWKWARD = Tag("threaded,stack=256k", "saturated", 2, 10_000, "send_lag")


@pytest.fixture
def log(tmp_path):
    path = tmp_path / "latency.hlog"
    path.write_text(
        histogram_log.header(STARTED)
        + histogram_log.line(PLAIN, 0.5, 2.0, histogram_of(60_000, 70_000))
        + histogram_log.line(AWKWARD, 0.5, 2.0, histogram_of(9_000_000))
        + histogram_log.line(PLAIN, 2.5, 2.0, histogram_of(80_000))
    )
    return path


def test_the_reference_reads_each_tag(log):
    reader = HistogramLogReader(str(log), HdrHistogram(LOWEST_NS, HIGHEST_NS, 3))
    found = {}
    while (histogram := reader.get_next_interval_histogram()) is not None:
        found.setdefault(histogram.get_tag(), []).append(histogram)
    reader.close()
    assert reader.get_start_time_sec() == STARTED.timestamp()
    assert set(found) == {str(PLAIN), str(AWKWARD)}
    first, second = found[str(PLAIN)]
    assert first.get_start_time_stamp() == pytest.approx((STARTED.timestamp() + 0.5) * 1000)
    assert second.get_end_time_stamp() == pytest.approx((STARTED.timestamp() + 4.5) * 1000)
    first.add(second)
    assert first.get_total_count() == 3
    assert first.get_value_at_percentile(100) == histogram_of(80_000).max_ns
    assert found[str(AWKWARD)][0].get_max_value() == histogram_of(9_000_000).max_ns


def test_it_is_the_standard_log(log):
    version, start, legend, line = log.read_text().splitlines()[:4]
    assert version == "#[Histogram log format version 1.3]"
    assert start.startswith(
        "#[StartTime: 1767323045.250 (seconds since epoch), Fri Jan 02 03:04:05"
    )
    assert (
        legend
        == '"StartTimestamp","Interval_Length","Interval_Max","Interval_Compressed_Histogram"'
    )
    tag, begin, length, maximum, payload = line.split(",")
    assert (tag, begin, length) == ("Tag=threaded|paced|0|10|response", "0.500", "2.000")
    assert float(maximum) == pytest.approx(0.07, rel=0.01)
    assert payload.startswith("HISTFAAA")


def test_what_was_written_is_read(log):
    lines = list(histogram_log.read(log.read_text()))
    assert [line.tag for line in lines] == [PLAIN, AWKWARD, PLAIN]
    assert [(line.start_s, line.length_s) for line in lines] == [(0.5, 2.0), (0.5, 2.0), (2.5, 2.0)]
    assert lines[2].histogram() == histogram_of(80_000)


def test_a_damaged_line_is_named(log):
    text = log.read_text()
    with pytest.raises(ValueError, match="line 4"):
        list(histogram_log.read(text[: text.index("response,") + 12]))


@pytest.mark.parametrize("times", ["nan,1", "inf,1", "0,-1", "0,nan", "1e300,1", "x,1", "0"])
def test_a_line_without_times_is_named(times):
    with pytest.raises(ValueError, match=r"^line 1 of the histogram log is damaged: "):
        list(histogram_log.read(f"Tag={PLAIN},{times},1,x\n"))


labels = st.text("ab=|,%+ \t\r\n\x00ä€\N{LINE SEPARATOR}\N{GRINNING FACE}", min_size=1)


@given_few(st.builds(Tag, labels, labels, st.integers(0), st.integers(0), labels))
def test_any_label_makes_a_tag(tag):
    text = str(tag)
    assert not set(text) & set(", \t\r\n")
    assert Tag.parse(text) == tag
