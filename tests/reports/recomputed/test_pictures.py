"""The data of every picture against the raw files."""

import math

import numpy as np
import pytest

from tests.reports.recomputed.raw import PERCENTILES, STEPS, mean, percentiles_ms, summary_ms
from tests.reports.recomputed.test_tables import same

PAIR = ("threaded", "asyncio_streams")
LINES = {  # lines over clients: the column, by the picture's name
    "response-{}": "response_p50_ms",
    "response-log-{}": "response_p50_ms",
    "response-linear-{}": "response_p50_ms",
    "cpu-{}": "cpu_us_per_message",
    "efficiency-{}": "cpu_efficiency",
}
PARTS = ("socket_ms", "run_queue_ms", "lock_ms", "system_ms", "user_ms")


@pytest.fixture(scope="module")
def data(pictures):
    """The records of every picture, by its name."""
    return {picture.name: picture.records for picture in pictures}


def servers(rows):
    """The records that are of a server: not the book's, nor the loader's ceiling."""
    return [row for row in rows if not row["line"].startswith(("the book", "loader"))]


@pytest.mark.parametrize("workload", ["paced", "saturated"])
@pytest.mark.parametrize("picture", LINES)
def test_lines_over_clients_pass_through_the_means_of_the_repeats(raw, data, picture, workload):
    drawn = {}
    for row in servers(data[picture.format(workload)]):
        column = "response_p99_ms" if row["line"].endswith(" p99") else LINES[picture]
        point = row["line"].removesuffix(" p99"), workload, int(row["x"])
        drawn[point, column] = row["value"]
    columns = [LINES[picture], *(["response_p99_ms"] if picture.count("-") > 1 else [])]
    ramp = {p for p in raw.steps if p[1] == workload and p[2] in STEPS}
    expected = {(point, each): raw.quoted(point, each) for point in ramp for each in columns}
    assert drawn == {
        key: pytest.approx(value) for key, value in expected.items() if not math.isnan(value)
    }


def test_throughput_is_drawn_with_the_ceiling(raw, data):
    rows = servers(data["throughput-saturated"])
    assert len(rows) >= 6
    for row in rows:
        point = row["line"], "saturated", int(row["x"])
        assert row["value"] == pytest.approx(raw.value(point, "messages_per_s")), point


@pytest.mark.parametrize(("kind", "column"), [("resident", "resident"), ("virtual", "vms")])
def test_memory_is_what_the_connections_add(raw, data, kind, column):
    rows = servers(data[f"memory-{kind}"])
    for server in PAIR:
        drawn = {int(row["x"]): row["value"] for row in rows if row["line"] == server}
        expected = {
            step: mean(raw.added((server, "paced", step), f"{column}_bytes").values())
            for step in STEPS
        }
        assert drawn == pytest.approx(expected), server


@pytest.mark.parametrize("workload", ["paced", "saturated"])
def test_the_parts_of_a_message_are_those_of_its_step(raw, data, workload):
    for row in data[f"time-{workload}"]:
        point = row["server"], workload, row["connections"]
        assert point[2] == 1_000
        assert [row[part] for part in PARTS] == same([raw.value(point, part) for part in PARTS])


@pytest.mark.parametrize("workload", ["paced", "saturated"])
@pytest.mark.parametrize("index", [0, 1])
def test_percentiles_are_those_of_all_repeats_together(raw, data, workload, index):
    server = PAIR[index]
    rows = data[f"percentiles-{workload}-{index + 1}-{server}"]
    for step in dict.fromkeys(row["connections"] for row in rows):
        counts = []
        for row in raw.steps[server, workload, step]:
            key = (server, workload, row["repeat"], step)
            counts += raw.log.counts(*key, "response") + raw.log.counts(*key, "waiting")[-1:]
        whole = sum(counts)
        drawn = [(r["one_in"], r["response_ms"]) for r in rows if r["connections"] == step]
        rarity, values = np.array(drawn).T
        assert rarity[-1] == pytest.approx(whole.sum() / 10)
        assert values == pytest.approx(percentiles_ms(whole, 100 * (1 - 1 / rarity)))


@pytest.mark.parametrize("server", PAIR)
def test_a_step_over_time_is_made_of_its_slices(raw, data, server):
    rows = [row for row in data["over-time-saturated"] if row["server"] == server]
    lines = raw.log.lines(server, "saturated", 0, 1_000, "slice")
    counts = raw.log.counts(server, "saturated", 0, 1_000, "slice")
    assert len(rows) == len(lines) > 2
    for row, (start_s, length_s, _), each in zip(rows, lines, counts, strict=True):
        stated = [row[name] for name in ("start_s", "length_s", "messages")]
        assert stated == [start_s, length_s, each.sum()]
        summary = summary_ms(each)
        stated = {name: row[f"response_{name}_ms"] for name in ("mean", *PERCENTILES, "max")}
        assert stated == pytest.approx(
            {name: summary.get(name, np.nan) for name in stated}, nan_ok=True
        )


@pytest.mark.parametrize(
    ("name", "column", "phases"),
    [
        ("rss", "rss_bytes", {"open", "warmup", "window", "close"}),
        ("messages-per-s", "messages_per_s", {"warmup", "window"}),
    ],
)
def test_telemetry_is_that_of_the_first_repeat(raw, data, name, column, phases):
    samples = raw.samples
    known_ones = samples[(samples.workload == "saturated") & samples[column].notna()]
    expected = known_ones[(known_ones.repeat == 0) & known_ones.phase.isin(phases)]
    rows = data[f"{name}-over-time-saturated"]
    assert [(row["server"], row["t_s"], row[column]) for row in rows] == [
        *expected[["server", "t_s", column]].itertuples(index=False, name=None)
    ]


@pytest.mark.parametrize("index", [0, 1])
def test_the_capacity_map_has_the_p99_of_each_cell(raw, data, index):
    rows = data[f"capacity-{index + 1}-{PAIR[index]}"]
    assert len(rows) == 4
    for row in rows:
        point = PAIR[index], f"map_{row['rate_per_connection']:g}", row["connections"]
        assert row["response_p99_ms"] == same(raw.quoted(point, "response_p99_ms")), point
        assert row["messages_per_s"] == same(raw.value(point, "messages_per_s")), point
        (step,) = raw.steps[point]
        within = step["response_p99_ms"] <= 100 and not step["starved"] and not step["errors"]
        assert row["within_slo"] == bool(within), point
        assert row["open"] == bool(raw.unfit(step) and not within), point
