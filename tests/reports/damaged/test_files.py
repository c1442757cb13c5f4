"""Damaged files of a run: a report names the file in one line."""

import base64
import json
import shutil
import struct
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from c10k.results.histogram import Histogram
from tests.reports.damaged.conftest import (
    FILES,
    HOSTILE,
    page_of,
    refusal_of,
    report,
    rewrite,
    some,
)


def test_the_run_that_is_damaged_here_shows_all_there_is(sound, tmp_path):
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
    """But for a log or a journal that merely ends early, as that of a run that was killed."""
    path = run / file
    DAMAGES[damage](path, path.read_bytes())
    page, refused = report(run, out=run.parent / "out")
    if page is None:
        assert file in refused
    else:
        assert file in ("journal.jsonl", "latency.hlog")
        assert damage.startswith(("cut", "empty"))


@some
@given(st.sampled_from(FILES), st.floats(0, 1, exclude_max=True), st.integers(1, 255))
def test_a_flipped_byte_raises_no_traceback(sound, run, undrawn, file, place, flip):
    content = bytearray((sound / file).read_bytes())
    content[int(place * len(content))] ^= flip
    (run / file).write_bytes(content)
    report(run, out=run.parent / "out")
    shutil.copy(sound / file, run / file)


# The journal, from which tables that lag behind are made up.


@pytest.mark.parametrize(
    "change",
    [
        {"log_end": "9"},
        {"log_end": None},
        {"steps": []},
        {"steps": None},
        {"steps": {}},
        {"samples": "samples"},
    ],
    ids=repr,
)
def test_a_line_of_the_journal_that_is_no_step_is_refused(run, change):
    assert "journal.jsonl" in refused_for_its_journal(run, lambda line: line | change)


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("connections", [0]),
        ("connections", [10**30]),
        ("connections", ["ten"]),
        ("connections", [None]),
        ("connections", 10),
        ("connections", []),
        ("server", ["\ud800"]),
        ("server", [5]),
        ("cpu_s", [1e300]),
        ("cpu_s", [{}]),
        ("error_causes", ["[]"]),
    ],
)
def test_a_column_of_the_journal_that_is_none_is_refused(run, column, value):
    refused = refused_for_its_journal(
        run, lambda line: line | {"steps": line["steps"] | {column: value}}
    )
    assert "journal.jsonl" in refused


def refused_for_its_journal(run, change):
    rewrite(run, "steps", lambda frame: frame[:0])
    journal = run / "journal.jsonl"
    lines = [json.dumps(change(json.loads(line))) for line in journal.read_text().splitlines()]
    journal.write_text("\n".join([*lines, ""]))
    return refusal_of(run)


# The histograms.

TAG = "Tag=threaded|saturated|0|10|response"


def encoded(body, cookie=0x1C849314):
    stream = zlib.compress(body)
    return base64.b64encode(struct.pack(">ii", cookie, len(stream)) + stream).decode()


def crowded():
    histogram = Histogram()
    histogram.counts[:] = 1 << 54  # the sum overflows
    return histogram.encode()


def relog(run, log):
    """Give a run another histogram log, all of which counts."""
    (run / "latency.hlog").write_bytes(log)
    journal = run / "journal.jsonl"
    lines = [json.loads(line) | {"log_end": len(log)} for line in journal.read_text().splitlines()]
    journal.write_text("".join(f"{json.dumps(line)}\n" for line in lines))


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("Tag=a,b", "line 1 of the histogram log is damaged"),
        (f"{TAG},nan,1,1,x", "line 1 of the histogram log is damaged"),
        (f"{TAG},0,inf,1,x", "line 1 of the histogram log is damaged"),
        (f"{TAG},0,-1,1,x", "line 1 of the histogram log is damaged"),
        ("Tag=nobody,0,1,1,x", "the tag 'nobody' names no step of a run"),
        ("0,1,1,x", "the tag '' names no step of a run"),
        (f"Tag={HOSTILE}|a|b|c|d,0,1,1,x", f"the tag '{HOSTILE}|a|b|c|d' names no step"),
        (f"{TAG},0,1,1,x", "a damaged histogram"),
        (f"{TAG},0,1,1,{encoded(b'', cookie=5)}", "not a V2 compressed HdrHistogram"),
        (f"{TAG},0,1,1,{encoded(b'')}", "a damaged histogram"),
        (f"{TAG},0,1,1,{crowded()}", "more than 2**40 values"),
    ],
)
def test_a_line_of_the_histogram_log_that_is_none_is_named(run, undrawn, line, message):
    relog(run, f"{line}\n".encode())
    refused = refusal_of(run)
    assert "latency.hlog: " in refused
    assert message in refused


def test_a_histogram_log_that_is_no_text_is_refused(run):
    relog(run, b"\xff\n")
    assert "latency.hlog: 'utf-8' codec" in refusal_of(run)


def test_histograms_of_unknown_steps_are_left_out(run, undrawn):
    relog(run, f"Tag={'W' * 10_000}|%3Cscript%3E|-5|{10**30}|colour,0,1,1,x\n".encode())
    page_of(run)
