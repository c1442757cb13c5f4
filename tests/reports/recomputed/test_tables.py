"""Every figure of every table, in the files and on the page, and what is written around them."""

import math
import re

import pandas as pd
import pytest

from tests.reports.recomputed import told
from tests.reports.recomputed.expected import tables
from tests.reports.recomputed.formats import MISSING, joined
from tests.reports.recomputed.notes import spread
from tests.reports.recomputed.page import grid, headings, records
from tests.reports.recomputed.truth import CLEAR

# A crossing is looked for at 2,000 places between the first step and the last.
RESOLUTION = 0.005


@pytest.fixture(scope="module")
def expected(run):
    return tables(run)


@pytest.fixture(scope="module")
def drawn(page):
    """The tables of the page, each with its title and what is written around it, by their names."""
    return {
        block.one("table").attributes["aria-labelledby"]: block
        for block in page.all("div", class_="table-block")
    }


def same(text, value):
    """Whether a field of a CSV file holds a value."""
    if value is None or value == "" or value != value:
        return text == ""
    if isinstance(value, str | bool):
        return text == str(value)
    return text != "" and math.isclose(float(text), value, rel_tol=1e-9, abs_tol=1e-9)


def wrong_fields(path, wanted):
    """(row, column, what a CSV file holds, what it should) wherever that differs."""
    found = records(path)
    assert set(found[0]) == {name for record in wanted for name in record}
    return [
        (row, column, text, record.get(column))
        for row, (fields, record) in enumerate(zip(found, wanted, strict=True))
        for column, text in fields.items()
        if not same(text, record.get(column))
    ]


def test_there_is_no_table_that_is_not_recomputed(expected, out, drawn):
    files = {path.stem for path in (out / "tables").iterdir()}
    assert files == set(drawn) == {*expected, "t6-claims", "guide"}


def test_every_number_in_the_files_is_the_recomputed_one(expected, out):
    for name, table in expected.items():
        assert not wrong_fields(out / "tables" / f"{name}.csv", table.records), name


def test_every_cell_of_the_page_shows_the_recomputed_number(expected, drawn):
    for name, table in expected.items():
        rows = grid(drawn[name])
        pairs = [
            pair
            for row, wanted in zip(rows, table.rows, strict=True)
            for pair in zip(row, wanted, strict=True)
        ]
        assert not [pair for pair in pairs if pair[0] != pair[1]], name
        assert headings(drawn[name]) == table.headings, name


def test_every_number_around_a_table_is_the_recomputed_one(run, expected, drawn):
    around = {name: table.around for name, table in expected.items()}
    around["guide"] = [*run.pair, f"{CLEAR:g} and 1", spread(run)]
    around["t6-claims"] = [spread(run)]
    for name, block in drawn.items():
        assert run.tokens(block.text("table")) == run.tokens(*around[name]), name


def test_markdown_shows_what_the_page_shows(run, out, drawn):
    for name, block in drawn.items():
        lines = (out / "tables" / f"{name}.md").read_text().splitlines()
        rows = [
            [re.sub(r"\\(.)", r"\1", cell.strip()) for cell in re.split(r"(?<!\\)\|", row)[1:-1]]
            for row in lines
            if row.startswith("|")
        ]
        assert rows[2:] == [
            [f"{text}{marks}" + (f" [{spread}]" if spread else "") for text, marks, spread in row]
            for row in grid(block)
        ], name
        around = [line.replace("\\", "") for line in lines if not line.startswith("|")]
        assert run.tokens(*around) == run.tokens(block.text("table")), name


def test_parquet_holds_what_csv_holds(out):
    for path in out.glob("*/*.parquet"):
        held = pd.read_parquet(path).to_dict("records")
        assert not wrong_fields(path.with_suffix(".csv"), held), path.name


def test_the_numbers_of_single_claims_are_the_recomputed_ones(run, out, drawn):
    rows = [[text for text, *_ in row] for row in grid(drawn["t6-claims"])]
    for (claim, measured, verdict), said in zip(rows, told.claims(run), strict=True):
        assert run.tokens(claim) == run.tokens(said.claim)
        assert run.tokens(measured) == run.tokens(said.measured), claim
        assert verdict == said.verdict, claim
    held = [list(fields.values()) for fields in records(out / "tables" / "t6-claims.csv")]
    assert held == [[claim, each.replace(MISSING, ""), verdict] for claim, each, verdict in rows]


def test_who_is_better_where_in_the_guide_is_recomputed(run, out, drawn):
    advice, rooms = list(told.advice(run)), list(told.rooms(run))
    rows = [[text for text, *_ in row] for row in grid(drawn["guide"])]
    assert [row[:3] for row in rows] == [
        *([each.by, each.measure, each.better] for each in advice),
        *(["memory", *room] for room in rooms),
    ]
    fields = records(out / "tables" / "guide.csv")
    assert [[row["by"], row["measure"], row["better"]] for row in fields] == [
        *(
            [each.workload, each.measure, each.better]
            for each in advice
            for _ in each.crossings or [None]
        ),
        *(["memory", *room] for room in rooms),
    ]


def test_where_the_two_kinds_cross_is_recomputed(run, out, drawn, crossed):
    fields = records(out / "tables" / "guide.csv")
    found = [each for advice in told.advice(run) for each in advice.crossings or [(math.nan,) * 3]]
    for row, crossing in zip(fields[: len(found)], found, strict=True):
        held = [float(row[column] or math.nan) for column in told.CROSSING]
        assert held == pytest.approx(crossing, rel=RESOLUTION, nan_ok=True)
    shown = [row[3][0] for row in grid(drawn["guide"])]
    assert shown == [joined(texts) for texts in crossed] + [""] * len(list(told.rooms(run)))
