"""The data of every picture, and what is written in it and told of it."""

import math
import re
from collections import Counter
from typing import NamedTuple

import numpy as np
import pytest

from tests.reports.recomputed import chapter
from tests.reports.recomputed.expected import PARTS
from tests.reports.recomputed.formats import (
    clients_tick,
    count,
    micros,
    milliseconds,
    number,
    share,
    size,
)
from tests.reports.recomputed.test_tables import wrong_fields
from tests.reports.recomputed.truth import PERCENTILES, Value, percentiles_ms, summary_ms

PLACES = 120  # of a percentile's line


class Picture(NamedTuple):
    """A picture's records, what is told of it, and figures that are written within it."""

    records: list
    told: list
    within: tuple = ()


@pytest.fixture(scope="module")
def expected(run):
    """Every picture by the name of its file, in the order of the page."""
    found = {}
    for draw in (response, response_log):
        found |= {f"{draw.__name__}-{workload}": draw(run, workload) for workload in run.loads}
    for kind, column in {"resident": "resident_bytes", "virtual": "vms_bytes"}.items():
        found[f"memory-{kind}"] = memory(run, column)
    for index, server in enumerate(run.servers, start=1):
        found[f"capacity-{index}-{server}"] = capacity(run, server)
    for draw in (cpu, efficiency, throughput):
        found |= {f"{draw.__name__}-{workload}": draw(run, workload) for workload in run.loads}
    for draw in (time, percentiles, over_time):
        for workload in run.loads:
            for index, server in enumerate(run.servers, start=1):
                drawn = draw(run, server, workload)
                found[f"{draw.__name__}-{workload}-{index}-{server}"] = drawn
    for workload in run.loads:
        for column in ("rss_bytes", "messages_per_s"):
            stem = column.removesuffix("_bytes")
            found[f"{stem}-over-time-{workload}"] = telemetry(run, workload, column)
    return {
        re.sub("[^a-z0-9]+", "-", name.lower()): picture
        for name, picture in found.items()
        if picture and picture.records
    }


# Lines over clients.


def line(name, points):
    """The records of a line."""
    return [
        {
            "line": name,
            "x": x,
            "value": value.value,
            "low": value.low,
            "high": value.high,
            "marks": value.marks,
        }
        for x, value in points.items()
        if value.known
    ]


def claimed(claims):
    return [
        record
        for role in chapter.ROLES
        for record in line(
            f"the chapter's {role} column",
            {clients: Value(claim.value(role)) for clients, claim in claims.items()},
        )
    ]


def series(run, workload, column, suffix=""):
    return [
        record
        for server in run.servers
        for record in line(f"{server}{suffix}", over_clients(run, server, workload, column))
    ]


def over_clients(run, server, workload, column):
    return {step: run.value((server, workload, step), column) for step in run.ramp}


def told_of(run, workload, column, text, claims=None):
    """The first and last figure of each server, and the chapter's last."""
    yield workload
    for server in run.servers:
        points = over_clients(run, server, workload, column)
        known = [(step, value) for step, value in points.items() if value.known]
        if known:
            (first, low), (last, high) = known[0], known[-1]
            yield f"{server} {text(low.value)} at {count(first)}"
            yield f"{text(high.value)} at {count(last)}{high.marks}"
    if claims:
        yield f"{' and '.join(claims[max(claims)])} at {count(max(claims))}"


def response(run, workload):
    claims = chapter.RESPONSE_BY_CLIENTS
    told = [*told_of(run, workload, "response_p50_ms", milliseconds, claims)]
    return Picture(claimed(claims) + series(run, workload, "response_p50_ms"), told)


def response_log(run, workload):
    records = [
        *claimed(chapter.RESPONSE_BY_CLIENTS),
        *series(run, workload, "response_p99_ms", ", p99"),
        *series(run, workload, "response_p50_ms"),
    ]
    return Picture(records, [*told_of(run, workload, "response_p99_ms", milliseconds)])


def memory(run, column):
    records = claimed(chapter.MEMORY) + series(run, run.usual, column)
    return Picture(records, [*told_of(run, run.usual, column, size, chapter.MEMORY)])


def cpu(run, workload):
    column = "cpu_us_per_message"
    return Picture(series(run, workload, column), [*told_of(run, workload, column, micros)])


def efficiency(run, workload):
    beside = claimed({run.ramp[0]: chapter.EFFICIENCY, run.ramp[-1]: chapter.EFFICIENCY})
    return with_lines(run, workload, "cpu_efficiency", beside)


def throughput(run, workload):
    points = {step: Value(run.ceiling(workload, step)) for step in run.ramp}
    return with_lines(run, workload, "messages_per_s", line("the ceiling", points))


def with_lines(run, workload, column, beside):
    """A column over clients and lines beside it, of which both ends are told."""
    told = [*told_of(run, workload, column, number)]
    for name in dict.fromkeys(record["line"] for record in beside):
        drawn = [record for record in beside if record["line"] == name]
        ends = (drawn[0], drawn[-1])
        told += [f"{number(end['value'])} at {count(end['x'])}" for end in ends]
    return Picture(beside + series(run, workload, column), told)


def capacity(run, server):
    places = [(server, workload, step) for step in run.ramp for workload in run.map]
    points = [point for point in places if run.rows(point)]
    rates = {name: load["rate_per_connection"] for name, load in run.map.items()}
    told = [f"{server}, {run.slo_p99_ms:g} ms"]
    for name, rate in rates.items():
        held = [point[2] for point in points if point[1] == name and run.holds(point)]
        told += [f"{rate:g}", *([count(max(held))] if held else [])]
    p99s = {point: run.value(point, "response_p99_ms") for point in points}
    records = [
        {
            "server": server,
            "connections": point[2],
            "rate_per_connection": rates[point[1]],
            "response_p99_ms": p99.value,
            "messages_per_s": run.value(point, "messages_per_s").value,
            "within_slo": run.holds(point),
            "open": run.doubted(point) and not run.holds(point),
            "marks": p99.marks,
        }
        for point, p99 in p99s.items()
    ]
    within = [f"{number(p99.value) if p99.known else ''}{p99.marks}" for p99 in p99s.values()]
    return Picture(records, told, within)


# Of one server under one workload.


def time(run, server, workload):
    points = {step: (server, workload, step) for step in run.ramp}
    parts = {
        step: {column: run.value(point, column).value for column in PARTS}
        for step, point in points.items()
    }
    known = {step: each for step, each in parts.items() if not any(map(math.isnan, each.values()))}
    if not known:
        return None
    wholes = [sum(each.values()) for each in known.values()]
    shares = [share(part / wholes[-1]) for part in known[max(known)].values()]
    records = [{"connections": step, **each} for step, each in known.items()]
    told = [f"{server}, {workload}: {count(max(known))}, {milliseconds(wholes[-1])}", *shares]
    return Picture(records, told, [number(whole) for whole in wholes])


def percentiles(run, server, workload):
    """The response time over 1 ÷ (1 - percentile) at each step, of all repeats together."""
    records, told, within = [], [], []
    for step in run.ramp:
        counts = []
        for row in run.rows((server, workload, step)):
            key = (server, workload, row["repeat"], step)
            counts += run.log.counts(*key, "response") + run.log.counts(*key, "waiting")[-1:]
        whole = sum(counts)
        if np.any(whole):
            rarity = np.geomspace(1, max(whole.sum(), 10), PLACES)
            values = percentiles_ms(whole, 100 * (1 - 1 / rarity))
            name = clients_tick(step) + run.marks((server, workload, step))
            records += line(name, dict(zip(rarity, map(Value, values), strict=True)))
            within.append(name)
            half, most = (milliseconds(summary_ms(whole)[each]) for each in ("p50", "p99"))
            told = [f"{server}, {workload}: {name}, {half}, 99 %, {most}"]
    return Picture(records, told, within)


def over_time(run, server, workload):
    """The slices of the first repeat at the largest step that measured something."""
    for step in reversed(run.ramp):
        slices = list(run.log.slices(server, workload, 0, step, "slice"))
        summaries = [summary_ms(counts) for *_, counts in slices]
        if any(summaries) and run.usable((server, workload, step)):
            break
    else:
        return None
    p99 = [summary["p99"] for summary in summaries if summary]
    told = [
        f"{server}, {workload}, {count(step)}: {len(slices)}, {milliseconds(1e3 * slices[0][1])}",
        f"{milliseconds(min(p99))} and {milliseconds(max(p99))}",
        *[f"{len(slices) - len(p99)}"] * (len(p99) < len(slices)),
    ]
    records = [
        {
            "start_s": start_s,
            "length_s": length_s,
            "messages": counts.sum(),
            **{f"response_{name}_ms": summary.get(name) for name in ("mean", *PERCENTILES, "max")},
        }
        for (start_s, length_s, counts), summary in zip(slices, summaries, strict=True)
    ]
    return Picture(records, told)


def telemetry(run, workload, column):
    """The samples of the first repeat, from zero on left out."""
    samples = run.samples
    told_ones = (samples.workload == workload) & (samples.repeat == 0) & (samples[column] > 0)
    known = samples[told_ones & samples.connections.isin(run.ramp)]
    most = known.groupby("server", sort=False)[column].max()
    tick = short_size if column == "rss_bytes" else clients_tick
    return Picture(
        known[["t_s", "server", "connections", "phase", column]].to_dict("records"),
        [workload, *(f"{server} {tick(each)}" for server, each in most.items())],
        [clients_tick(step) for step in known.connections.unique()],
    )


def short_size(value):
    """A size without zeros behind the point."""
    return re.sub(r"\.0+(?= )", "", size(value))


@pytest.fixture(scope="module")
def figures(expected, page):
    """The pictures on the page by their names."""
    drawn = page.one("section", id="pictures").all("figure")
    return dict(zip(expected, drawn, strict=True))


def test_there_is_no_picture_that_is_not_recomputed(expected, out, figures):
    assert {path.stem for path in (out / "figures").iterdir()} == set(expected) == set(figures)


def test_every_number_of_the_pictures_data_is_the_recomputed_one(expected, out):
    for name, picture in expected.items():
        assert not wrong_fields(out / "figures" / f"{name}.csv", picture.records), name


def test_every_number_told_of_a_picture_is_the_recomputed_one(run, expected, figures):
    for name, picture in expected.items():
        told = figures[name].attributes["aria-label"]
        assert run.tokens(told) == run.tokens(*picture.told), name


def test_every_figure_within_a_picture_is_the_recomputed_one(expected, figures):
    for name, picture in expected.items():
        written = Counter(node.text() for node in figures[name].all("text"))
        assert Counter(picture.within) <= written, name
