"""The tables of a publication, its figure and ours in each cell: those of the chapter."""

import pytest

from c10k.reports.comparisons.pairs import Comparisons
from c10k.reports.figures.lines import over_clients
from c10k.reports.model.measured import Measured
from c10k.reports.tables import publication, statements
from c10k.results.claims import read_claim
from tests.reports.synthetic import held_run
from tests.reports.tables.reading import cells


def tables(measured):
    return {table.name: table for table in publication.tables(measured, Comparisons(measured))}


@pytest.fixture(scope="module")
def every(tmp_path_factory):
    workloads = ("paced", "saturated", "work_cpu")
    run = held_run(tmp_path_factory.mktemp("run"), windows=1, workloads=workloads, repeats=3)
    return tables(Measured(run))


def test_t1_has_a_row_per_server_type_as_the_chapter_prints_it(every):
    threads = cells(every["t1-server-types-work_cpu"], "synchronous")
    assert threads["server type"].caveat == "threaded"
    assert [cell.claimed for cell in threads.values()][1:] == ["500", "8,192 KB", "0.3", "10 ms"]
    assert threads["memory per connection"].outcome == "right direction, off by 357×"
    assert threads["response time"].outcome == "undecided"  # 14.9 to 15.9 ms, the book's 10


@pytest.mark.parametrize("table", ["t1-server-types-paced", "t3-response-time-paced"])
def test_what_makes_figures_comparable_is_said_once(every, table):
    outcomes = [cell.outcome for row in every[table].sections[0].rows for cell in row]
    assert outcomes.count("not comparable") > 1
    assert sum("--config tables" in note for note in every[table].notes) == 1


def test_t1_brackets_max_connections(every):
    threads = cells(every["t1-server-types-saturated"], "synchronous")["max connections"]
    assert (threads.text, threads.claimed) == ("≥ 500, < 1,000", "500")
    assert threads.outcome == "undecided"
    paced = cells(every["t1-server-types-paced"], "synchronous")["max connections"]
    assert (paced.text, paced.outcome) == ("≥ 10,000", "off by at least 20×")


def test_t2_is_of_the_connections_alone_and_says_what_is_saved(every):
    found = cells(every["t2-memory"], "10,000")
    assert found["synchronous"].claimed == "78.2 GB"
    assert found["synchronous"].text == "224 MB"  # 23 KB × 10,000, without the server's 14 MB
    assert found["asynchronous"].text == "24.4 MB"
    assert (found["saved"].text, found["saved"].claimed) == ("89 %", "99.9 %")


def test_t3_quotes_ratios_as_printed_and_no_median_where_clients_starve(every):
    rows = every["t3-response-time-work_cpu"].sections[0].rows
    assert [row[-1].claimed for row in rows] == ["1.7×", "3×", "6.3×", "13.3×"]
    assert [str(row[1]) for row in rows] == ["10", "100", "1,000", "10,000"]
    starved = cells(every["t3-response-time-saturated"], "extreme")["synchronous"]
    assert starved.text == "—"
    assert starved.caveat.startswith("6,500 of 10,000 clients unserved, median wait ")


def test_t4_has_the_steps_of_the_graph(every):
    table = every["t4-response-graph-work_cpu"]
    assert table.folded
    claimed = [f"{row[0].text}: {row[1].claimed}" for row in table.sections[0].rows]
    assert claimed[:3] == ["10: 5 ms", "100: 15 ms", "500: "]


def test_t5_has_the_chapters_stages_and_judges_the_whole_alone(every):
    threads, loop = every["t5-where-time-goes-work_cpu"].sections
    assert threads.title == "synchronous · threaded"
    assert threads.rows[1][0].text == "waiting for the scheduler"
    assert [row[2].claimed for row in threads.rows if row[2].outcome] == ["50 ms"]
    assert [row[2].claimed for row in loop.rows if row[2].outcome] == ["8 ms"]


def test_a_run_of_one_repeat_gives_no_outcome(make):
    found = tables(make(workloads=("work_cpu",))).values()
    rows = (row for table in found for section in table.sections for row in section.rows)
    outcomes = {cell.outcome for row in rows for cell in row if cell.claimed}
    # What is known as bounds needs no repeats.
    assert outcomes <= {"indicative", "not measured", "", "undecided", "off by at least 2.0×"}


def test_a_column_without_a_server_is_empty(make):
    t1 = tables(make(servers={"threaded": "thread per connection"}, repeats=2))
    server, *figures = cells(t1["t1-server-types-paced"], "asynchronous").values()
    assert server.caveat == "no server of this run"
    assert {cell.text for cell in figures} == {"—"}


def test_markdown_and_data_hold_the_books_figures_beside_ours(every):
    t2 = every["t2-memory"]
    assert "| 10,000 | 224 MB (book: 78.2 GB), right direction, off by 357×" in t2.markdown()
    record = next(each for each in t2.records if each["connections"] == 10_000)
    assert (record["server"], record["measure"]) == ("threaded", "added_resident_bytes")
    assert record["book"] / record["measured"] == pytest.approx(record["off_by"])
    assert record["outcome"] == "right direction"


def test_what_no_column_of_numbers_answers_is_not_measured(make):
    """A run.json by a newer c10k, or a damaged one, may name any measure."""
    measured, common = make(repeats=3), {"server": "threaded", "workload": "closed"}
    row = {"clients": 10, "figures": ["5 ms", "3 KB"], "both": "2×"}
    said = {**common, "says": "{nothing}", "measure": "nothing", "found": "{nothing}"}
    stage = {"server": "threaded", "stage": "a", "measured-as": "b", "measure": "nothing"}
    columns = [
        {"title": each, "measure": each, "figures": ["5 ms"]}
        for each in ("server", "nothing_per_connection")
    ]
    graph = {"name": "g", "title": "g", "top": "9"}
    by_clients = {"measure": "protocol", "both": "both", "rows": [row], "graph": graph}
    claim = {
        "title": "A",
        "source": "b",
        "servers": ["threaded", "asyncio_streams"],
        "by-server": [{"name": "a", "title": "a", "columns": columns}],
        "by-clients": [{"name": "b", "title": "b", **by_clients}],
        "stages": [{"name": "c", "title": "c", "clients": 10, "stages": [stage]}],
        "statements": [
            {"name": "d", "title": "d", "growth": [said], "figures": [{**said, "figure": "5 s"}]}
        ],
    }
    measured.about.plan.claims[:] = [read_claim(claim)]
    made = [*tables(measured).values(), *statements.tables(measured, Comparisons(measured))]
    cells = [each for table in made for section in table.sections for each in section.rows[0]]
    assert {cell.outcome for cell in cells} == {"", "not measured"}
    assert all(record["measured"] in (None, "") for table in made for record in table.records)
    assert not any(each.name.startswith("g-") for each in over_clients(measured))


@pytest.mark.parametrize("measure", ["response_p50_ms", "service_p50_ms"])
@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"starved": 900, "starved_wait_ms": 5_000.0}, "900 of 1,000 clients unserved"),
        ({"loader_limited": True}, "loader-limited"),
    ],
)
def test_no_ratio_is_shown_of_what_is_not_compared(make, measure, change, why):
    """Whether the report compares that measure, or the table alone."""

    def trouble(step):
        if step.server == "threaded" and step.connections == 1_000:
            vars(step).update(change)

    measured = make(repeats=3, workloads=("saturated",), change=trouble)
    rows = [{"clients": each, "figures": ["2 ms", "1 ms"], "both": "2×"} for each in (100, 1_000)]
    table = {"name": "x", "title": "x", "measure": measure, "both": "both", "rows": rows}
    claim = {"title": "A", "source": "b", "servers": ["threaded", "asyncio_streams"]}
    measured.about.plan.claims[:] = [read_claim(claim | {"by-clients": [table]})]
    (found,) = tables(measured).values()
    (*_, fit), (*_, unfit) = found.sections[0].rows
    assert fit.text != "—"
    assert fit.outcome
    assert unfit.text == "—"
    assert unfit.outcome == ""
    assert f"not compared: {why}" in unfit.caveat
