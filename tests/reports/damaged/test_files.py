"""Damaged files of a run: a report names the file in one line."""

import base64
import re
import shutil
import struct
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from c10k.results.histogram import Histogram
from c10k.results.schema import RunError
from c10k.results.store import read_run
from tests.reports.damaged.conftest import FILES, HOSTILE, refusal_of, report, some


@pytest.mark.system
def test_the_run_that_is_damaged_here_shows_all_there_is(sound, tmp_path, undrawn):
    page, _ = report(sound, out=tmp_path / "out")
    parts = ("over the step", "over time", "Techniques", "Max connections", "Capacity", "reset × 1")
    assert all(part in page for part in parts)


DAMAGES = {
    "missing": lambda path, _: path.unlink(),
    "empty": lambda path, _: path.write_bytes(b""),
    "cut after one byte": lambda path, content: path.write_bytes(content[:1]),
    "cut in the middle": lambda path, content: path.write_bytes(content[: len(content) // 2]),
    "cut before two bytes": lambda path, content: path.write_bytes(content[:-2]),
    "noise": lambda path, _: path.write_bytes(bytes(range(256)) * 9),
    "a directory": lambda path, _: (path.unlink(), path.mkdir()),
    "a symlink loop": lambda path, _: (path.unlink(), path.symlink_to(path.name)),
}


@pytest.mark.parametrize("damage", DAMAGES)
@pytest.mark.parametrize("file", FILES)
def test_a_damaged_file_is_named(run, file, damage, unpictured):
    """But for a log that ends within its last line, as that of a run that was killed."""
    path = run / file
    DAMAGES[damage](path, path.read_bytes())
    page, refused = report(run, out=run.parent / "out")
    if page is None:
        assert file in refused
    else:
        assert (file, damage) == ("latency.hlog", "cut before two bytes")


@pytest.mark.system
@some
@given(st.sampled_from(FILES), st.floats(0, 1, exclude_max=True), st.integers(1, 255))
def test_a_flipped_byte_raises_no_traceback(sound, run, unpictured, file, place, flip):
    content = bytearray((sound / file).read_bytes())
    content[int(place * len(content))] ^= flip
    (run / file).write_bytes(content)
    report(run, out=run.parent / "out")
    shutil.copy(sound / file, run / file)


# The histograms.

TAG = "Tag=threaded|saturated|0|10|response"


def encoded(body, cookie=0x1C849314):
    stream = zlib.compress(body)
    return base64.b64encode(struct.pack(">ii", cookie, len(stream)) + stream).decode()


def crowded():
    histogram = Histogram()
    histogram.counts[:] = 1 << 54  # the sum overflows
    return histogram.encode()


def relog(run, line):
    """Put a line before those of the steps in the histogram log: what follows them is ignored."""
    log = run / "latency.hlog"
    log.write_bytes(log.read_bytes().replace(b"Tag=", line + b"\nTag=", 1))


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("Tag=a,b", "line 4 of the histogram log is damaged"),
        (f"{TAG},nan,1,1,x", "line 4 of the histogram log is damaged"),
        (f"{TAG},0,inf,1,x", "line 4 of the histogram log is damaged"),
        (f"{TAG},0,-1,1,x", "line 4 of the histogram log is damaged"),
        ("Tag=nobody,0,1,1,x", "the tag 'nobody' names no step of a run"),
        (f"Tag={HOSTILE}|a|b|c|d,0,1,1,x", f"the tag '{HOSTILE}|a|b|c|d' names no step"),
        (f"{TAG},0,1,1,x", "a damaged histogram"),
        (f"{TAG},0,1,1,{encoded(b'', cookie=5)}", "not a V2 compressed HdrHistogram"),
        (f"{TAG},0,1,1,{encoded(b'')}", "a damaged histogram"),
        (f"{TAG},0,1,1,{crowded()}", "more than 2**40 values"),
    ],
)
def test_a_line_of_the_histogram_log_that_is_none_is_named(run, line, message):
    relog(run, line.encode())
    with pytest.raises(RunError, match=f"latency.hlog: .*{re.escape(message)}"):
        read_run(run).histograms("threaded", "saturated", 10, "response")


@pytest.mark.system
def test_a_damaged_histogram_is_named_when_it_is_drawn(run, undrawn):
    relog(run, f"{TAG},0,1,1,x".encode())
    assert "latency.hlog: a damaged histogram" in refusal_of(run)


def test_a_histogram_log_that_is_no_text_is_refused(run):
    relog(run, b"\xff")
    assert "latency.hlog: 'utf-8' codec" in refusal_of(run)


def test_histograms_of_unknown_steps_are_left_out(run):
    relog(run, f"Tag={'W' * 10_000}|%3Cscript%3E|-5|{10**30}|colour,0,1,1,x".encode())
    assert read_run(run).histograms("threaded", "saturated", 10, "response").total
