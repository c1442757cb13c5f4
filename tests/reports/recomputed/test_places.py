"""All that was recorded of each step, and what went wrong."""

import json

import pytest

from tests.reports.recomputed.formats import MISSING, count, exact, size
from tests.reports.recomputed.notes import connected, footnotes
from tests.reports.recomputed.told import place

TOLD_APART = {"status", "reason", "log_tail", "error_causes"}
NAMES = {"server", "workload", "repeat", "connections"}
SPARKS = {"messages_per_s": count, "rss_bytes": size, "threads": count}


def figures(run, point):
    """Every column of steps.parquet with its value: to compute with."""
    rows = run.rows(point)
    for column in run.recorded:
        if column in TOLD_APART | NAMES:
            continue
        if isinstance(rows[0][column], str | bool):
            yield column, ", ".join(sorted({str(row[column]) for row in rows} - {""})) or MISSING
        elif (value := run.value(point, column)).known:
            spread = ""
            if value.spread and value.low != value.high:
                spread = f" [{exact(value.low)}–{exact(value.high)}]"
            yield column, exact(value.value) + spread


def told(run, point):
    """A place but for its figures."""
    server, workload, connections = point
    rows = run.rows(point)
    yield f"{place(point)} {run.marks(point)}"
    duration_s = run.plan["windows"] * run.plan["window_s"]
    yield f"--server {server} --workload {workload} --steps {connections} --repeat 1"
    yield f"--profile {run.plan['profile']} --duration {duration_s:g}s"
    for row in rows:
        causes = sorted(json.loads(row["error_causes"] or "{}").items(), key=lambda each: -each[1])
        if row["status"] != "ok" or causes:
            number = f"Repeat {row['repeat'] + 1}, " if len(rows) > 1 else ""
            yield f"{number}{row['status']}: {row['reason']}"
            yield ", ".join(f"{cause} × {count(times)}" for cause, times in causes)
            yield row["log_tail"]
    samples = run.samples[
        (run.samples.server == server)
        & (run.samples.workload == workload)
        & (run.samples.connections == connections)
        & (run.samples.repeat == 0)
    ]
    for column, text in SPARKS.items():
        known = samples[column].dropna()
        if len(known) > 1:
            yield f"{column}, {text(known.min())} to {text(known.max())}"


@pytest.fixture(scope="module")
def places(run, page):
    """Each step's place, the map's last."""
    points = run.points([*run.loads, *run.map])
    return dict(zip(points, page.all("details", class_="place"), strict=True))


def test_every_step_has_its_place(run, places):
    for point, shown in places.items():
        assert run.tokens(shown.text("dl")) == run.tokens(*told(run, point)), point


def test_all_that_was_recorded_is_shown_as_it_was(run, places):
    for point, shown in places.items():
        listed = shown.one("dl").all("div")
        names = [(each.one("dt").text(), each.one("dd").text()) for each in listed]
        assert names == list(figures(run, point)), point


def test_what_went_wrong_is_told(run, page, places):
    wrong = []
    for point in places:
        rows = run.rows(point)
        for row in rows:
            if row["status"] != "ok":
                repeat = f", repeat {row['repeat'] + 1}" if len(rows) > 1 else ""
                wrong.append(f"{place(point)}{repeat} {run.marks(point)}")
                wrong.append(row["reason"] or connected(row))
    shown = page.one("section", id="troubles").text()
    assert run.tokens(shown) == run.tokens(*footnotes(run, run.points()), *wrong)
