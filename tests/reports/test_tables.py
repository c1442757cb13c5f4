import io

import numpy as np
import pandas as pd
import pytest

from reports import tables
from reports.chapter import GB, KB
from reports.measured import Measured
from results.store import read_run


@pytest.fixture(scope="module")
def measured(full_run):
    return Measured(read_run(full_run))


@pytest.fixture(scope="module")
def step(measured):
    """One row of the steps, straight from the file."""
    frame = measured.run.steps.set_index(["server", "workload", "connections"])

    def of(server, workload, connections, column):
        return float(frame.loc[(server, workload, connections), column])

    return of


def row(table, workload, *heads):
    """The texts of one row of a table, by column: 's' for threads, 'a' for the loop."""
    section = next(each for each in table.sections if each.title.startswith(workload))
    cells = next(cells for cells in section.rows if tuple(map(str, cells[: len(heads)])) == heads)
    names = ["claimed_s", "s", "ratio_s", "claimed_a", "a", "ratio_a", "claimed", "compared"]
    return dict(zip(names, cells[-len(names) :], strict=True))


def test_t3_puts_the_claim_the_measurement_and_the_ratio_side_by_side(measured, step):
    table = tables.response_by_load(measured)
    for workload in ("steady", "saturated"):
        for measure in ("mean", "p50", "p99.9"):
            column = f"response_{measure.replace('.', '_')}_ms"
            cells = row(table, workload, "1,000 (high)", measure)
            threads = step("threaded", workload, 1_000, column)
            loop = step("asyncio_streams", workload, 1_000, column)
            assert (cells["s"].value, cells["a"].value) == (threads, loop)
            assert cells["claimed_s"].text == "50"
            assert cells["claimed_a"].text == "8"
            assert cells["ratio_s"].value == pytest.approx(threads / 50)
            assert cells["ratio_a"].value == pytest.approx(loop / 8)
            assert cells["claimed"].text == "6.2×"
            assert cells["compared"].value == pytest.approx(threads / loop)
            assert cells["s"].spread


def test_t3_says_how_near_the_loaders_ceiling_each_server_came(measured, step, make):
    (threads, loop) = [note for note in tables.response_by_load(measured).notes if "loader" in note]
    assert threads.startswith(
        "threaded, saturated, reached 69 % of what this loader can drive here at 10 clients, "
        "46 % at 100, "
    )
    assert loop.startswith("asyncio_streams, saturated, reached ")
    share = step("asyncio_streams", "saturated", 10_000, "messages_per_s") / 113_000
    assert f" and {100 * share:.0f} % at 10,000; what it can drive was" in loop

    unknown = make(change=lambda behaviour: setattr(behaviour, "ceiling", float("nan")))
    assert not any("loader" in note for note in tables.response_by_load(unknown).notes)


def test_t2_gives_resident_and_virtual_memory_and_what_is_saved(measured, step):
    table = tables.memory(measured)
    cells = row(table, "steady", "10,000", "virtual")
    threads = step("threaded", "steady", 10_000, "vms_bytes")
    loop = step("asyncio_streams", "steady", 10_000, "vms_bytes")
    assert cells["s"].text == f"{threads / GB:.1f} GB"
    assert cells["ratio_s"].value == pytest.approx(threads / (78.2 * GB))
    assert cells["claimed"].text == "99.9 %"
    assert cells["compared"].value == pytest.approx(1 - loop / threads)
    kernel = row(table, "saturated", "5,000", "kernel")
    assert kernel["claimed_s"].text == "—"
    assert kernel["a"].value == step("asyncio_streams", "saturated", 5_000, "kernel_bytes")


def test_t1_memory_a_connection_is_a_slope(measured, step):
    cells = row(tables.server_types(measured), "steady", "memory a connection", "resident")
    steps = np.array(measured.steps, dtype=float)
    rss = [step("threaded", "steady", count, "resident_bytes") for count in measured.steps]
    slope = np.polyfit(steps, rss, 1)[0]
    assert cells["s"].value == pytest.approx(slope)
    assert cells["s"].text == f"{slope / KB:.1f} KB"
    assert cells["ratio_s"].value == pytest.approx(slope / (8192 * KB))


def test_t1_limits_efficiency_and_response(measured, step):
    table = tables.server_types(measured)
    assert row(table, "steady", "max connections")["s"].text == "≥ 10,000"
    assert row(table, "saturated", "max connections")["a"].text == "1,000"
    efficiency = row(table, "saturated", "CPU efficiency", "at 500 clients")
    assert efficiency["s"].value == step("threaded", "saturated", 500, "cpu_efficiency")
    assert efficiency["claimed_s"].text == "0.3"
    response = row(table, "saturated", "response time at 1,000", "mean")
    assert response["a"].value == step("asyncio_streams", "saturated", 1_000, "response_mean_ms")


def test_t4_has_every_step_and_no_claim_where_the_chapter_states_none(measured, step):
    table = tables.response_graph(measured)
    assert [str(cells[0]) for cells in table.sections[0].rows] == [
        f"{count:,}" for count in (10, 100, 500, 1_000, 5_000, 10_000)
    ]
    cells = row(table, "steady", "500")
    assert cells["claimed_s"].text == "—"
    assert cells["s"].value == step("threaded", "steady", 500, "response_p50_ms")


def test_the_steps_table_has_a_row_a_server_workload_and_step(measured, step):
    table = tables.steps(measured)
    assert [len(section.rows) for section in table.sections] == [12, 12]
    names = [column.full_title for column in table.columns]
    cells = dict(zip(names, table.sections[1].rows[-2], strict=True))
    assert (cells["clients"].text, cells["server"].text) == ("10,000", "threaded")
    rate = step("threaded", "saturated", 10_000, "messages_per_s")
    assert cells["messages/s: echoed"].text == f"{rate:,.0f}"


def test_every_kind_of_trouble_is_marked_with_a_footnote(make):
    def trouble(behaviour):
        if (behaviour.server, behaviour.workload) != ("threaded", "steady"):
            return
        if behaviour.connections == 10:
            behaviour.loader_limited = True
        if behaviour.connections == 100:
            behaviour.status, behaviour.connected = "partial", 96
            behaviour.errors = {"timeout": 4}
            behaviour.starved, behaviour.starved_wait_ms = 7, 1_500.0
        if behaviour.connections == 1_000:
            behaviour.status, behaviour.connected = "failed", 0
            behaviour.reason = "the server died"

    measured = make(change=trouble)
    graph = tables.response_graph(measured)
    assert str(row(graph, "steady", "10")["s"]).endswith("‡")
    assert str(row(graph, "steady", "100")["s"]).endswith("†§")
    assert str(row(graph, "steady", "1,000")["s"]) == "—¶"
    assert str(row(graph, "steady", "100")["a"])[-1].isdigit()
    assert "†" not in str(row(graph, "saturated", "100")["s"])
    for table in (graph, tables.response_by_load(measured), tables.steps(measured)):
        notes = dict(table.footnotes)
        assert list(notes) == ["†", "‡", "§", "¶"]
        assert "96 of 100 connected, 4 × timeout" in notes["†"]
        assert "7 connections, longest wait 1.50 s" in notes["§"]
        assert "the server died" in notes["¶"]
    marked = [str(cells[1]) for cells in tables.steps(measured).sections[0].rows]
    assert marked[:5:2] == ["threaded‡", "threaded†§", "threaded¶"]


def test_a_column_without_a_server_says_so(make):
    table = tables.response_graph(make(servers={"asyncio_streams": "event loop"}))
    assert "synchronous · not in this run" in [group for group, _, _ in table.groups()]
    cells = row(table, "steady", "1,000")
    assert (cells["claimed_s"].text, cells["s"].text, cells["compared"].text) == ("50", "—", "—")
    assert cells["a"].value > 0
    assert any("stands for the synchronous column" in note for note in table.notes)


def test_csv_holds_raw_numbers_under_names_with_units(measured, step):
    for table in (*tables.chapter_tables(measured), tables.steps(measured)):
        frame = pd.read_csv(io.StringIO(table.csv()))
        assert len(frame) == len(table.records)
    t3 = pd.read_csv(io.StringIO(tables.response_by_load(measured).csv()))
    found = t3.query(
        "server == 'threaded' and workload == 'saturated' and connections == 10_000"
        " and measure == 'response_p99'"
    )
    assert found["measured_ms"].item() == step("threaded", "saturated", 10_000, "response_p99_ms")
    assert found["chapter_ms"].item() == 200
    assert found["measured_low_ms"].item() <= found["measured_ms"].item()
    assert found["marks"].item() == "§"
    steps = pd.read_csv(io.StringIO(tables.steps(measured).csv()))
    assert steps["resident_bytes"].max() == measured.run.steps["resident_bytes"].max()


def test_markdown_is_a_table_that_no_label_can_break(make):
    measured = make(servers={"a|b<script>*": "event loop"}, steps=(10, 100))
    lines = tables.steps(measured).markdown().splitlines()
    rows = [line for line in lines if line.startswith("|")]
    widths = {line.replace("\\|", "").count("|") for line in rows}
    assert len(rows) == 2 + 4
    assert len(widths) == 1
    assert not any("<script>" in line for line in lines)
