"""Every measured number in the tables' data against the raw files, and the page against these."""

import math

import pandas as pd
import pytest

from tests.reports.parsed import grid, markdown_rows, records

CLAIMED = ("t2-memory", "t3-response-time", "t4-response-graph", "t5-where-time-goes")
MEMORY = {
    "resident": "resident_bytes",
    "kernel": "kernel_delta_bytes",
    "occupied": "occupied_bytes",
    "virtual": "vms_bytes",
}
SLOPES = {
    "stack": "stack_bytes",
    "heap": "heap_bytes",
    "file": "file_bytes",
    "page_tables": "page_tables_bytes",
    "kernel_stack": "kernel_stack_delta_bytes",
    "slab": "slab_delta_bytes",
    "tcp": "tcp_memory_delta_bytes",
    "occupied": "occupied_bytes",
    "virtual": "vms_bytes",
}


def known(text):
    return float(text or math.nan)


def same(triple):
    return pytest.approx(triple, rel=1e-9, abs=1e-9, nan_ok=True)


def table(report, name):
    return records(report / "tables" / f"{name}.csv")


@pytest.mark.parametrize(("name", "figures"), [("steps", 34), ("servers", 5), ("t5-breakdown", 8)])
def test_figures_of_a_step_are_medians_of_its_repeats(raw, report, name, figures):
    rows = table(report, name)
    unit = "_ms" if name == "t5-breakdown" else ""
    stems = [each.removesuffix(f"_low{unit}") for each in rows[0] if each.endswith(f"_low{unit}")]
    stems = [stem for stem in stems if stem != "resident_bytes_per_connection"]  # a slope
    assert len(stems) >= figures
    for row in rows:
        point = row["server"], row["workload"], int(row["connections"])
        for stem in stems:
            told = [known(row[f"{stem}{end}{unit}"]) for end in ("", "_low", "_high")]
            assert told == same(raw.value(point, stem + unit)), (point, stem)


def test_every_step_has_a_row_and_every_server_its_largest(raw, report):
    ramps = {point for point in raw.steps if point[2] in (10, 100, 1_000)}
    ramps = {point for point in ramps if not point[1].startswith("map")}
    for name, points in (("steps", ramps), ("t5-breakdown", ramps), ("servers", _last(ramps))):
        rows = table(report, name)
        found = [(row["server"], row["workload"], int(row["connections"])) for row in rows]
        assert len(found) == len(set(found)), name
        assert set(found) == points, name


def _last(points):
    return {max(p for p in points if p[:2] == one[:2]) for one in points}


@pytest.mark.parametrize("name", CLAIMED)
def test_figures_beside_the_chapters_are_measured_ones(raw, report, name):
    unit = "bytes" if name == "t2-memory" else "ms"
    measured = 0
    for row in table(report, name):
        point = row["server"], row["workload"], int(row["connections"])
        column = f"{row['measure']}_{unit}"
        told = [known(row[f"measured{end}_{unit}"]) for end in ("", "_low", "_high")]
        expected = raw.value(point, column) if point in raw.steps else (math.nan,) * 3
        assert told == same(expected), (point, column)
        claimed = known(row[f"chapter_{unit}"])
        assert known(row["measured_by_chapter"]) == same(told[0] / claimed if claimed else math.nan)
        measured += not math.isnan(told[0])
    assert measured >= 15


def test_synchronous_by_asynchronous_is_the_median_ratio_of_pairs(raw, report):
    """At the steps of which every repeat is fit; the approved tables have the others."""
    judged = 0
    for row in (row for name in CLAIMED[1:3] for row in table(report, name)):
        pair = ("threaded", "asyncio_streams")
        points = [(server, row["workload"], int(row["connections"])) for server in pair]
        if row["server"] in pair and all(each in raw.steps and raw.fit(each) for each in points):
            column = f"{row['measure']}_ms"
            told = [known(row[f"sync_by_async{end}"]) for end in ("", "_low", "_high")]
            assert told == same(raw.ratio(pair, *points[0][1:], column)), (points, column)
            judged += 1
    assert judged >= 10


def test_memory_per_connection_is_a_slope_over_the_steps(raw, report):
    for row in table(report, "t2-where-it-lies"):
        for name, column in SLOPES.items():
            told = [known(row[f"{name}{end}_bytes"]) for end in ("", "_low", "_high")]
            assert told == same(raw.slope(row["server"], "paced", column)), (row["server"], name)
    for row in table(report, "servers"):
        ends = ("", "_low", "_high")
        told = [known(row[f"resident_bytes_per_connection{end}"]) for end in ends]
        assert told == same(raw.slope(row["server"], row["workload"], "resident_bytes"))
    for row in table(report, "t1-server-types"):
        if row["measure"] in ("memory_kernel", "memory_occupied", "memory_virtual"):
            told = [known(row[f"measured{end}_bytes"]) for end in ("", "_low", "_high")]
            column = MEMORY[row["measure"].removeprefix("memory_")]
            assert told == same(raw.slope(row["server"], row["workload"], column))


def test_a_technique_has_both_sides_and_the_ratio_of_pairs(raw, report):
    (row,) = table(report, "techniques")
    pair = ("asyncio_buffered", "asyncio_streams")
    for column in ("messages_per_s", "cpu_us_per_message", "resident_bytes"):
        sides = [known(row[f"{column}_{side}"]) for side in ("with", "without")]
        points = [(server, "saturated", 10) for server in pair]
        assert sides == same([raw.value(point, column)[0] for point in points])
        told = [known(row[f"{column}_ratio{end}"]) for end in ("", "_low", "_high")]
        assert told == same(raw.ratio(pair, "saturated", 10, column))


# The page and the other files.


def test_the_page_shows_what_markdown_shows(report, page):
    blocks = {
        block.one("table").attributes["aria-labelledby"]: block
        for block in page.all("div", class_="table-block")
    }
    assert set(blocks) == {path.stem for path in report.glob("tables/*.md")}
    for name, block in blocks.items():
        path = report / "tables" / f"{name}.md"
        assert grid(block) == markdown_rows(path)[1:], name
        notes = [note.text() for note in block.one("div", class_="notes").all("p")]
        around = path.read_text().replace("\\", "")
        assert block.one("p", class_="caption").text() in around, name
        assert all(note in around for note in notes), name
        titles = [cell.text() for cell in list(block.one("thead").all("tr"))[1].elements]
        assert all(title.split()[0] in around for title in titles), name


def test_parquet_holds_what_csv_holds(report):
    files = list(report.glob("*/*.parquet"))
    assert len(files) > 40
    for path in files:
        held, told = pd.read_parquet(path), pd.read_csv(path.with_suffix(".csv"))
        for column in held.columns:
            one, other = held[column], told[column]
            if pd.api.types.is_numeric_dtype(other) and not other.isna().all():
                pd.testing.assert_series_equal(one.astype(float), other.astype(float), rtol=1e-9)
            else:
                texts = [["" if x != x or x is None else str(x) for x in s] for s in (one, other)]
                assert texts[0] == texts[1], (path.name, column)


def test_each_step_shows_all_that_was_recorded_of_it(raw, page):
    """Every column of steps.parquet, with six significant digits."""
    shown = {
        place.one("summary").text("span"): {
            each.one("dt").text(): each.one("dd").text() for each in place.one("dl").all("div")
        }
        for place in page.all("details", class_="place")
    }
    told_apart = {"server", "workload", "repeat", "connections"}
    told_apart |= {"status", "reason", "log_tail", "error_causes", "due", "lost"}
    searched = {point for point in raw.steps if point[2] in (386, 391)}
    assert len(shown) == len(raw.steps) - len(searched)
    for point in raw.steps.keys() - searched:
        expected = {}
        for column in [each for each in raw.columns if each not in told_apart]:
            first = raw.steps[point][0][column]
            if isinstance(first, str | bool):
                texts = sorted({str(row[column]) for row in raw.steps[point]} - {""})
                expected[column] = ", ".join(texts) or "—"
            elif not math.isnan((figure := raw.value(point, column))[0]):
                value, low, high = figure
                spread = "" if low != low or low == high else f" [{_exact(low)}–{_exact(high)}]"
                expected[column] = _exact(value) + spread
        assert shown[f"{point[0]}, {point[1]}, {point[2]:,}"] == expected, point


def _exact(value):
    """Six significant digits; a whole number has all of its own."""
    return f"{value:,.0f}" if value == int(value) else f"{value:,.6g}"
