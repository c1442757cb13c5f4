"""Every measured number in the tables' data against the raw files, and the page against these."""

import math

import pandas as pd
import pytest

from tests.reports.parsed import grid, markdown_rows, records
from tests.reports.recomputed.raw import STEPS, mean, of_pairs

PAIR = ("threaded", "asyncio_streams")
WORKLOADS = ("paced", "saturated")
OF_STEPS = {"steps": 12, "t2-kinds": 5, "t3-percentiles-paced": 6, "t3-percentiles-saturated": 6}
CHAPTERS = {  # the least figures beside the book's
    "t1-server-types-paced": 6,
    "t1-server-types-saturated": 5,
    "t2-memory": 6,
    "t3-response-time-paced": 5,
    "t3-response-time-saturated": 6,
    "t4-response-graph-paced": 4,
    "t4-response-graph-saturated": 5,
    "t5-where-time-goes-paced": 12,
    "t5-where-time-goes-saturated": 12,
}
MEASURES = {
    "CPU per message": "cpu_us_per_message",
    "throughput": "messages_per_s",
    "median response time": "response_p50_ms",
    "p99 response time": "response_p99_ms",
}
PER_CONNECTION = "resident_bytes_per_connection"
RATIO = "synchronous_by_asynchronous"


def known(text):
    return float(text or math.nan)


def same(value):
    return pytest.approx(value, rel=1e-9, abs=1e-9, nan_ok=True)


def figure(row, name):
    """One figure of a record, in whose interval it lies, if there is one."""
    value, low, high = (known(row[f"{name}{end}"]) for end in ("", "_low", "_high"))
    assert math.isnan(low) == math.isnan(high)
    assert math.isnan(low) or math.isnan(value) or low <= value <= high, (row, name)
    return value


def figures(row):
    return [name.removesuffix("_low") for name in row if name.endswith("_low")]


def table(report, name):
    return records(report / "tables" / f"{name}.csv")


@pytest.mark.parametrize("name", OF_STEPS)
def test_figures_of_a_step_are_means_of_its_repeats(raw, report, name):
    rows = table(report, name)
    assert len(figures(rows[0])) == OF_STEPS[name]
    for row in rows:
        point = row["server"], row["workload"], int(row["connections"])
        assert int(row["repeats"]) == len(raw.steps[point])
        for column in figures(row):
            assert figure(row, column) == same(raw.quoted(point, column)), (point, column)


def test_of_every_server_stands_what_it_does_at_its_largest_step(raw, report):
    for row in table(report, "servers"):
        point = row["server"], row["workload"], int(row["connections"])
        for column in figures(row):
            expected = (
                raw.slope(*point[:2], "resident_bytes")
                if column == PER_CONNECTION
                else raw.quoted(point, column)
            )
            assert figure(row, column) == same(expected), (point, column)


def test_every_step_has_a_row_and_every_server_its_largest(raw, report):
    ramps = {point for point in raw.steps if point[1] in WORKLOADS and point[2] in STEPS}
    expected = {
        "steps": ramps,
        "servers": {max(p for p in ramps if p[:2] == one[:2]) for one in ramps},
        "t2-kinds": {point for point in ramps if point[0] in PAIR and point[1] == "paced"},
        **{f"t3-percentiles-{each}": {p for p in ramps if p[1] == each} for each in WORKLOADS},
    }
    for name, points in expected.items():
        rows = table(report, name)
        found = [(row["server"], row["workload"], int(row["connections"])) for row in rows]
        assert len(found) == len(set(found)), name
        assert set(found) == points, name


@pytest.mark.parametrize("name", CHAPTERS)
def test_figures_beside_the_books_are_measured_ones(raw, report, name):
    """How many connections a server holds is worked out in test_by_hand.py."""
    rows = [row for row in table(report, name) if row["measure"] != "max_connections"]
    measured = 0
    for row in rows:
        value = figure(row, "measured")
        assert value == same(_beside_the_book(raw, name, row)), row
        measured += not math.isnan(value)
        if row["off_by"]:
            by_book = value / known(row["book"])
            assert known(row["off_by"]) == same(max(by_book, 1 / by_book))
    assert measured >= CHAPTERS[name]


def _beside_the_book(raw, name, row):
    server, workload, measure = row["server"], row["workload"], row["measure"]
    connections = int(row["connections"] or 0)
    one, *pair = ((each, workload, connections) for each in (server, *PAIR))
    if measure == PER_CONNECTION:
        return raw.slope(server, workload, "resident_bytes")
    if measure == "added_resident_bytes":
        return mean(raw.added(one, "resident_bytes").values())
    if measure == RATIO and name == "t2-memory":
        return of_pairs(*(raw.added(point, "resident_bytes") for point in pair))
    if measure == RATIO:
        return raw.ratio(PAIR, workload, connections, "response_p50_ms")
    return raw.quoted(one, measure) if measure else math.nan


def test_memory_per_connection_is_a_slope_over_the_steps(raw, report):
    rows = table(report, "t2-breakdown")
    assert len(rows) == 3
    assert len(figures(rows[0])) == 9
    for row in rows:
        for column in figures(row):
            grown = column.removesuffix("_per_connection")
            expected = raw.slope(row["server"], row["workload"], grown)
            assert figure(row, column) == same(expected), (row["server"], column)


def test_a_comparison_has_both_figures_and_the_ratio_of_pairs(raw, report):
    rows = table(report, "comparisons")
    compared = 0
    for row in rows:
        stated = [figure(row, name) for name in (*PAIR, "ratio")]
        workload, column = row["workload"], MEASURES.get(row["measure"])
        if column:
            step = int(float(row["connections"]))
            expected = [raw.quoted((server, workload, step), column) for server in PAIR]
            ratio = raw.ratio(PAIR, workload, step, column)
        else:
            slopes = [raw.slopes(server, workload, "resident_bytes") for server in PAIR]
            expected = [mean(each.values()) for each in slopes]
            ratio = of_pairs(*slopes)
        assert stated == same([*expected, ratio]), row
        assert bool(row["outcome"]) == (not math.isnan(ratio)), row
        compared += not math.isnan(ratio)
    assert compared == 17


def test_a_technique_has_both_sides_and_the_ratio_of_pairs(raw, report):
    (row,) = table(report, "techniques")
    pair = ("asyncio_buffered", "asyncio_streams")
    for column in ("messages_per_s", "cpu_us_per_message", "resident_bytes"):
        sides = [raw.value((server, "saturated", 10), column) for server in pair]
        stated = [figure(row, f"{column}_{side}") for side in ("with", "without", "ratio")]
        assert stated == same([*sides, raw.ratio(pair, "saturated", 10, column)])


# The page and the other files.


def test_the_page_shows_what_markdown_shows(report, page):
    paragraphs = {each.text() for each in page.all("p")}
    for path in report.glob("tables/*.md"):
        table = page.one("table", id=f"table-{path.stem}")
        assert grid(table) == markdown_rows(path)[1:], path.stem
        around = path.read_text().replace("\\", "")
        titles = [cell.text() for cell in list(table.one("thead").all("tr"))[-1].elements]
        assert all(title.split()[0] in around for title in titles), path.stem
        _title, *lines = [line for line in around.splitlines() if line and line[0] != "|"]
        assert paragraphs.issuperset(lines), path.stem


def test_parquet_holds_what_csv_holds(report):
    files = list(report.glob("*/*.parquet"))
    assert len(files) > 40
    for path in files:
        held, stated = pd.read_parquet(path), pd.read_csv(path.with_suffix(".csv"))
        for column in held.columns:
            one, other = held[column], stated[column]
            if pd.api.types.is_numeric_dtype(other) and not other.isna().all():
                pd.testing.assert_series_equal(one.astype(float), other.astype(float), rtol=1e-9)
            else:
                texts = [["" if x != x or x is None else str(x) for x in s] for s in (one, other)]
                assert texts[0] == texts[1], (path.name, column)


def test_each_step_shows_all_that_was_recorded_of_it(raw, page):
    """Every column of steps.parquet, with six significant digits."""
    distinguishing = {"server", "workload", "repeat", "connections"}
    distinguishing |= {"status", "reason", "log_tail", "error_causes"}
    columns = [each for each in raw.columns if each not in distinguishing]
    ramps = {}
    for point in sorted(raw.steps):
        if point[2] in STEPS:
            ramps.setdefault(f"{point[0]}, {point[1]}", []).append(raw.steps[point])
    details = [each for each in page.all("details", class_="fold") if list(each.all("h4"))]
    folds = {each.one("h3").text(): each.one("table", class_="columns") for each in details}
    assert folds.keys() == ramps.keys()
    for title, steps in ramps.items():
        shown = {
            row.one("th").text(): [cell.text("small") for cell in row.all("td")]
            for row in folds[title].one("tbody").all("tr")
        }
        expected = {each: [_recorded(raw, rows, each) for rows in steps] for each in columns}
        assert shown == {name: values for name, values in expected.items() if any(values)}, title


def _recorded(raw, rows, column):
    if isinstance(rows[0][column], str | bool):
        return ", ".join(sorted({str(row[column]) for row in rows} - {""}))
    value = raw.value(tuple(rows[0][key] for key in ("server", "workload", "connections")), column)
    if math.isnan(value):
        return ""
    return f"{value:,.0f}" if abs(value) >= 1e6 or value == int(value) else f"{value:,.6g}"
