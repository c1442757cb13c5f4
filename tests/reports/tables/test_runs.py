"""What a reader must know of two runs before trusting a verdict, and how tables read in lines."""

from c10k.reports.comparisons.runs import RunComparison
from c10k.reports.tables.runs import notes
from c10k.reports.tables.table import Cell, Column, Section, Table


def stated(base, head):
    head.about.created_at = "2025-06-16T15:00:00+00:00"
    *found, last = notes(RunComparison(base, head))
    assert last.startswith("The runs were measured one after the other")
    return found


def test_sound_runs_have_the_note_that_all_have(make):
    assert stated(make(repeats=2), make(repeats=2)) == []


def test_what_makes_a_verdict_weak_is_named(make):
    head = make(steps=(10, 100))
    head.about.host["kernel"] = "6.19.0"
    head.about.finished_at = None
    assert stated(make(), head) == [
        "Head did not come to its end.",
        "The runs differ in kernel (6.18.0, 6.19.0).",
        "Steps that only one of the runs has: 4.",
        "A verdict needs the spread between repeats: measure both with --repeat 3 or more.",
    ]


def test_lines_have_names_and_words_to_the_left_and_wide_letters_count_twice():
    columns = [Column("server", head=True), Column("한글"), Column("verdict", words=True)]
    rows = [[Cell("a"), Cell("1"), Cell("clear")], [Cell("한"), Cell("12345"), Cell("")]]
    table = Table("", "", "", columns, [Section("", rows)])
    assert table.lines() == ["server   한글  verdict", "a           1  clear", "한      12345"]
