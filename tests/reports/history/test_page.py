"""The page of a history, its table and its pictures."""

import re
from dataclasses import replace

import pytest

from c10k.reports.comparisons.pairs import THROUGHPUT
from c10k.reports.history.page import build_history
from c10k.reports.history.series import Setting, history_of
from c10k.reports.history.table import notes, summary, table
from c10k.reports.output import UnwritableError
from tests.reports.history.conftest import HERE, SUBJECT
from tests.reports.parsed import Page

STEP = [10.0] * 8 + [12.0] * 8
HOSTILE = "<script>alert(1)</script>\x1b[31m"


def built(history, out):
    return build_history(history, out).read_text()


def test_a_change_stands_in_the_table_with_its_commits(runs):
    _heads, row = table(history_of(runs(STEP))).lines()
    cells = ["threaded", "saturated", "1,000", "CPU per message", "1.200× [1.200 to 1.200], worse"]
    assert re.split("  +", row) == [*cells, "run-8", "0000008", "0000007"]


def test_a_commit_or_an_interval_that_is_not_known_is_said_so(runs):
    history = history_of(runs(STEP, commit=""))
    (series,) = history.series
    wide = replace(series.changes[0], ratio=replace(series.changes[0].ratio, low=0.0))
    _heads, row = table(replace(history, series=[replace(series, changes=[wide])])).lines()
    assert "1.200× [too few runs], worse" in row
    assert row.count("not known") == 2


def test_the_summary_counts(runs):
    assert summary(history_of(runs(STEP))) == "1 change in 1 series of 16 runs"
    assert summary(history_of(runs([1.0]))) == "no change in 1 series of 1 run"


def test_the_notes_say_what_a_reader_must_know(runs):
    assert notes(history_of(runs(STEP))) == []
    elsewhere = runs([1.0], setting=Setting("Other CPU", HERE.plan), unfit=(0,))
    several, short, unfit = notes(history_of([*runs(STEP), *elsewhere]))
    assert several == "The runs are of 2 machines or plans, which have series of their own."
    assert short.startswith("1 series has fewer than 10 runs")
    assert unfit.startswith("1 figure of steps that the loader limited or others disturbed counts")


def test_a_picture_has_a_word_for_each_run_and_each_change(runs, tmp_path):
    page = built(history_of(runs(STEP, unfit=(3,))), tmp_path)
    titles = re.findall("<title>([^<]+)</title>", page)[1:]  # after the page's own
    assert len(titles) == len(STEP) + 1
    assert titles[0] == "1.200× (1.200 to 1.200), worse, since run-8 at 0000008, before 0000007"
    assert titles[1] == "run-0, 0000000, 10.0 µs (9.09–11.0 µs)"
    assert titles[-1].startswith("run-15, 000000f"[:7])
    assert "16 runs from 2026-09-01 to 2026-09-16" in page


def test_the_page_needs_nothing_else(runs, tmp_path):
    page = built(history_of(runs(STEP)), tmp_path)
    assert not re.findall(r"<(?:script|link|img|iframe)\b|\bsrc=|url\([^#]|@import", page)
    references = re.findall(r'(?:xlink:)?href="([^"]*)"', page)
    assert references
    assert all(each.startswith("#") for each in references)


def test_changed_series_come_first_in_the_part_of_their_machine(runs, tmp_path):
    still = SUBJECT._replace(measure=THROUGHPUT)
    other = Setting("Other CPU", "profile quick")
    some = [
        replace(one, figures={**two.figures, **one.figures})
        for one, two in zip(runs(STEP), runs([5.0] * 16, still), strict=True)
    ]
    page = Page(built(history_of([*some, *runs([1.0], setting=other)]), tmp_path))
    heads = [node.text() for node in page.all("h2")]
    assert heads == ["Changes", "Profile standard", "Profile quick"]
    titles = [node.text() for node in page.all("h3")]
    assert titles[:2] == ["CPU per message, threaded", "Throughput, threaded"]
    assert len(titles) == 3


def test_without_a_change_there_is_no_table(runs, tmp_path):
    page = built(history_of(runs([1.0] * 12), ["bad is left out: why"]), tmp_path)
    assert "<h1>No change in 1 series of 12 runs</h1>" in page
    assert "bad is left out: why" in page
    assert "<table" not in page


def test_text_of_the_runs_is_escaped(runs, tmp_path):
    subject = SUBJECT._replace(server=HOSTILE, workload=HOSTILE)
    page = built(
        history_of(runs(STEP, subject, Setting(HOSTILE, HOSTILE), commit=HOSTILE)), tmp_path
    )
    assert "<script" not in page
    assert "&lt;script&gt;" in page


@pytest.mark.usefixtures("painted")
def test_each_picture_lies_beside_the_page_as_png(runs, tmp_path):
    built(history_of(runs(STEP)), tmp_path / "out")
    (picture,) = (tmp_path / "out" / "figures").iterdir()
    assert picture.name.startswith("1-cpu-per-message-threaded")
    assert picture.read_bytes().startswith(b"\x89PNG")


def test_where_nothing_can_be_written_it_says_so(runs, tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(UnwritableError, match="file"):
        build_history(history_of(runs(STEP)), tmp_path / "file")
