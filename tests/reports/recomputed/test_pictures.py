"""The data of every picture against the raw files."""

import numpy as np
import pytest

from tests.reports.parsed import records
from tests.reports.recomputed.raw import PERCENTILES, percentiles_ms, summary_ms
from tests.reports.recomputed.test_tables import known, same

PAIR = ("threaded", "asyncio_streams")
SERVERS = (*PAIR, "threaded,limit=as:4g", "asyncio_buffered")
LINES = {  # the data of lines over clients: the column, by the picture's name
    "response": "response_p50_ms",
    "response-log": "response_p50_ms",
    "memory-resident": "resident_bytes",
    "memory-virtual": "vms_bytes",
    "cpu": "cpu_us_per_message",
    "efficiency": "cpu_efficiency",
    "throughput": "messages_per_s",
}
PARTS = ("socket_ms", "run_queue_ms", "lock_ms", "system_ms", "user_ms")


def data(report, name):
    return records(report / "figures" / f"{name}.csv")


@pytest.mark.parametrize("picture", LINES)
def test_lines_over_clients_pass_through_the_medians(raw, report, picture):
    memory = picture.startswith("memory")
    for workload in ("paced",) if memory else ("paced", "saturated"):
        drawn = set()
        for row in data(report, picture if memory else f"{picture}-{workload}"):
            server = row["line"].removesuffix(", p99")
            if server.startswith("the "):
                continue  # the chapter's lines and the ceiling: in the approved pictures
            point = server, workload, int(float(row["x"]))
            column = "response_p99_ms" if row["line"].endswith(", p99") else LINES[picture]
            told = [known(row[end]) for end in ("value", "low", "high")]
            assert told == same(raw.value(point, column)), (picture, point)
            drawn.add((point, column))
        columns = {LINES[picture], *(["response_p99_ms"] if "log" in picture else [])}
        ramp = {p for p in raw.steps if p[1] == workload and p[2] in (10, 100, 1_000)}
        assert drawn == {
            (point, column)
            for point in ramp
            for column in columns
            if raw.value(point, column)[0] == raw.value(point, column)[0]
        }


@pytest.mark.parametrize(
    ("workload", "index"), [("paced", 0), ("paced", 1), ("paced", 2), ("saturated", 1)]
)
def test_the_parts_of_a_message_are_those_of_its_step(raw, report, workload, index):
    server = SERVERS[index]
    rows = data(report, f"time-{workload}-{index + 1}-{_slug(server)}")
    assert rows
    for row in rows:
        point = server, workload, int(row["connections"])
        told = [known(row[part]) for part in PARTS]
        assert told == same([raw.value(point, part)[0] for part in PARTS]), point


def _slug(server):
    return "".join(letter if letter.isalnum() else "-" for letter in server)


@pytest.mark.parametrize("workload", ["paced", "saturated"])
@pytest.mark.parametrize("index", [0, 1])
def test_percentiles_are_those_of_all_repeats_together(raw, report, workload, index):
    rows = data(report, f"percentiles-{workload}-{index + 1}-{_slug(SERVERS[index])}")
    lines = list(dict.fromkeys(row["line"] for row in rows))
    assert len(lines) == 3
    for line, step in zip(lines, (10, 100, 1_000), strict=True):
        counts = []
        for row in raw.steps[SERVERS[index], workload, step]:
            key = (SERVERS[index], workload, row["repeat"], step)
            counts += raw.log.counts(*key, "response") + raw.log.counts(*key, "waiting")[-1:]
        whole = sum(counts)
        drawn = [(known(row["x"]), known(row["value"])) for row in rows if row["line"] == line]
        rarity, values = np.array(drawn).T
        assert rarity[-1] == pytest.approx(max(whole.sum(), 10))
        assert values == pytest.approx(percentiles_ms(whole, 100 * (1 - 1 / rarity)))


@pytest.mark.parametrize("index", [0, 1])
def test_a_step_over_time_is_made_of_its_slices(raw, report, index):
    rows = data(report, f"over-time-saturated-{index + 1}-{_slug(SERVERS[index])}")
    lines = raw.log.lines(SERVERS[index], "saturated", 0, 1_000, "slice")
    counts = raw.log.counts(SERVERS[index], "saturated", 0, 1_000, "slice")
    assert len(rows) == len(lines) > 2
    for row, (start_s, length_s, _), each in zip(rows, lines, counts, strict=True):
        told = [known(row[name]) for name in ("start_s", "length_s", "messages")]
        assert told == [start_s, length_s, each.sum()]
        summary = summary_ms(each)
        told = {name: known(row[f"response_{name}_ms"]) for name in ("mean", *PERCENTILES, "max")}
        assert told == pytest.approx(
            {name: summary.get(name, np.nan) for name in told}, nan_ok=True
        )


@pytest.mark.parametrize(("name", "column"), [("rss", "rss_bytes"), ("messages-per-s", None)])
def test_telemetry_is_that_of_the_first_repeat(raw, report, name, column):
    column = column or "messages_per_s"
    samples = raw.samples
    known_ones = samples[(samples.workload == "saturated") & (samples[column] > 0)]
    expected = known_ones[known_ones.repeat == 0]
    rows = data(report, f"{name}-over-time-saturated")
    assert [(row["server"], known(row["t_s"]), known(row[column])) for row in rows] == [
        *expected[["server", "t_s", column]].itertuples(index=False, name=None)
    ]


@pytest.mark.parametrize("index", [0, 1])
def test_the_capacity_map_has_the_p99_of_each_cell(raw, report, index):
    rows = data(report, f"capacity-{index + 1}-{_slug(SERVERS[index])}")
    assert len(rows) == 4
    for row in rows:
        rate = float(row["rate_per_connection"])
        point = SERVERS[index], f"map_{rate:g}", int(row["connections"])
        for column in ("response_p99_ms", "messages_per_s"):
            assert known(row[column]) == same(raw.value(point, column)[0]), point
        (step,) = raw.steps[point]
        unfit = not raw.fit(point)
        within = step["response_p99_ms"] <= 100 and not step["starved"] and not step["errors"]
        assert row["within_slo"] == str(bool(within)), point
        assert row["open"] == str(unfit and not within), point
