"""Progress in 80 columns: whole names in a pipe, and shortened ones on a narrow terminal alone."""

import io
import math
import re

import pytest
from rich.console import Console

from c10k.experiment.plan import Trial
from c10k.experiment.progress import LiveProgress, Progress, QuietProgress, TimeLeft
from c10k.experiment.trial import Moment

NAME = "threaded,stack=256k"
LONG = "asyncio_protocol,loop=uvloop,limit=as:4g,handler=sleep:5ms"
LARGE = {
    "status": "ok",
    "reason": "",
    "messages_per_s": 250_123.4,
    "response_p99_ms": 11_903.2,
    "resident_bytes": 1.5 * 1024**3,
    "cpu_us_per_message": 128.3,
    "starved": 0,
    "unsteady": "",
    "loader_limited": False,
}
BARE = LARGE | {"resident_bytes": math.nan, "cpu_us_per_message": math.nan}
FAILED = {"status": "failed", "reason": "mine: ended with status 2 before it listened " + "x " * 40}
MOMENT = Moment("window", 10_000, 1_234, 250_123.4, 11_903.2, 1.5 * 1024**3)


def trial(server=NAME, workload="mostly_idle"):
    return Trial(server, workload, 0, 10_000)


def plain(kind, *records, server=NAME):
    lines = []
    trials = [trial(server, f"mostly_idl{n}") for n in range(len(records))]
    with kind(TimeLeft(dict.fromkeys(trials, 3000.0)), lines.append) as progress:
        for each, record in zip(trials, records, strict=True):
            progress.begin(each)
            progress._shown -= 60
            progress.see(MOMENT)
            progress.end(each, record)
        progress.say("warning: " + "word " * 30)
    return lines


def test_every_line_fits_80_columns():
    troubled = LARGE | {"status": "partial", "reason": "9,388 of 10,000 connections were served"}
    troubled |= {"starved": 1234, "unsteady": "throughput and memory", "loader_limited": True}
    lines = plain(Progress, LARGE, BARE, FAILED, troubled)
    assert max(map(len, lines)) <= 80
    text = "\n".join(lines)
    for word in ("partly failed: 9,388 of", "1,234 starved", "no steady state: throughput and"):
        assert word in text
    assert "loader-limited" in text
    shorter = plain(Progress, LARGE, server="threaded")[1]
    assert "threaded: measuring: 10,000 ready, 1,234 failed" in shorter
    assert len(shorter) <= 80


def test_figures_stand_below_their_headings_in_the_units_of_the_report():
    heading, _, row, *_ = plain(Progress, LARGE)
    ends = {word: heading.index(word) + len(word) for word in ("msg/s", "memory", "µs/msg")}
    assert row[: ends["msg/s"]].endswith("250,123")
    assert row[: ends["memory"]].endswith("1.50 GB")
    assert row[: ends["µs/msg"]].endswith("128")
    assert "11,903" in row
    assert row.endswith(f"  {NAME}")


def test_a_long_name_of_a_workload_does_not_touch_the_number_of_clients():
    lines = []
    progress = Progress(TimeLeft({}), lines.append)
    progress._row("4KB-per-second", NAME, "10,000", [""] * 5, "ok")
    assert lines[0].startswith("4KB-per-second 10,000 ")


def test_what_was_not_measured_is_left_out():
    lines = plain(Progress, BARE, FAILED)
    assert not re.search("[–—]|nan", "\n".join(lines))


@pytest.mark.parametrize("server", [NAME, LONG])
def test_no_name_is_shortened_in_a_pipe(server):
    row = plain(Progress, LARGE, server=server)[2]
    assert row.endswith(server)


def test_each_repeat_is_announced_once_where_there_are_several():
    lines = []
    progress = Progress(TimeLeft({}), lines.append)
    for number in (1, 1, 2):
        progress.repeat(number, 2)
    Progress(TimeLeft({}), lines.append).repeat(1, 1)
    assert lines == ["repeat 1 of 2", "repeat 2 of 2"]


def test_quiet_prints_warnings_alone():
    assert "".join(plain(QuietProgress, LARGE, FAILED)).startswith("warning: ")


@pytest.mark.parametrize("width", [50, 80, 130])
def test_a_terminal_is_never_too_narrow(width):
    file = io.StringIO()
    console = Console(file=file, width=width, height=20, force_terminal=True, color_system=None)
    with LiveProgress(TimeLeft({trial(LONG): 3.0}), console) as progress:
        progress.begin(trial(LONG))
        progress._shown -= 60
        progress.see(MOMENT)
        progress.end(trial(LONG), LARGE)
        progress.say("warning: short")
    shown = re.sub(r"\x1b\[[\d;?]*[A-Za-z]", "", file.getvalue())
    lines = [line.rstrip() for line in re.split(r"[\r\n]+", shown) if line.strip()]
    assert max(map(len, lines)) <= width
    assert any(line.startswith("✓ mostly_idle") for line in lines)
    assert ("…" in shown) is (width < 130)
    assert "warning: short" in shown
