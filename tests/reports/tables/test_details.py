"""The details beneath the chapter's tables."""

import pytest

from c10k.reports.tables import details
from tests.reports.tables.reading import row

THREE = {
    "threaded": "thread per connection",
    "asyncio_streams": "event loop",
    "forking": "process per connection",
}


@pytest.fixture
def tables(alike):
    """The tables by name, of a run of which `change` changes what threads do."""

    def made(change=lambda step: None, **options):
        def changed(step):
            if step.server == "threaded":
                change(step)

        return {each.name: each for each in details.tables(*alike(changed, **options))}

    return made


def at_1_000(**values):
    return lambda step: vars(step).update(values) if step.connections == 1_000 else None


def test_each_connection_adds_so_much_of_each_part(tables):
    breakdown = tables()["t2-breakdown"]
    stated = row(breakdown, "1,000", "threaded")
    assert (stated["stacks"], stated["kernel stacks"]) == ("8.00 KB", "16.0 KB")
    assert stated["resident + kernel"].startswith("35.9 KB")  # about 10e3 B and 26 KB
    assert row(breakdown, "1,000", "asyncio_streams")["stacks"] == "0 B"


def test_the_whole_server_is_stated_by_kind_at_each_step(tables):
    kinds = tables(at_1_000(status="failed"))["t2-kinds"]
    stated = row(kinds, "100", "threaded")
    assert (stated["kernel"], stated["virtual"], stated["page tables"]) == (
        "2.54 MB",
        "852 MB",
        "500 KB",
    )
    failed = row(kinds, "1,000", "threaded")
    assert (failed["resident"], failed["caveats"]) == ("—", "failed")


def test_where_clients_starve_their_number_and_wait_stand_instead(tables):
    made = tables(at_1_000(starved=900, starved_wait_ms=3_000.0), servers=THREE)
    caveats = "900 of 1,000 clients unserved, median wait 1.67 s, starved"
    table = made["t3-percentiles-saturated"]
    assert (table.place, table.workload, table.folded) == ("t3", "saturated", True)
    assert [*row(table, "1,000", "threaded").values()][2:] == [*["—"] * 6, caveats]
    stated = row(made["servers"], "1,000", "threaded")
    assert (stated["p50, ms"], stated["p99, ms"], stated["caveats"]) == ("—", "—", caveats)


def test_of_more_than_two_each_stands_at_the_largest_step_that_it_was_put_through(tables):
    def few(step):
        return step.server == "forking" and step.connections > 100

    table = tables(servers=THREE, skip=few)["servers"]
    assert row(table, "1,000", "threaded")
    forking = row(table, "100", "forking")
    assert forking["server"] == "forking (process per connection, Python)"
    assert forking["messages/s"] == "1,015"
    assert forking["memory per connection"].startswith("9.78 KB")
    assert "servers" not in tables()


def test_every_caveat_stands_in_one_column_in_words(tables):
    def trouble(step):
        step.loader_limited = step.connections == 10
        if step.connections == 100:
            step.status, step.connected, step.errors = "partial", 96, {"timeout": 4}
            step.starved, step.starved_wait_ms = 7, 1_500.0

    table = tables(trouble)["steps"]
    assert row(table, "10", "threaded")["caveats"] == "loader-limited"
    partial = row(table, "100", "threaded")
    assert partial["connections: connected"] == "96"
    caveats = "11 of 100 clients unserved, median wait 0.567 ms, partial, starved"  # 7 and 4
    assert partial["caveats"] == caveats
    assert row(table, "100", "asyncio_streams")["caveats"] == ""


def test_a_record_has_the_step_and_each_figure_with_its_interval(tables):
    record, *_others = tables()["steps"].records
    step = {"workload": "saturated", "server": "threaded", "connections": 10, "repeats": 3}
    assert record.items() >= step.items()
    ends = [record[f"cpu_us_per_message{end}"] for end in ("_low", "", "_high")]
    assert ends == sorted(ends)


def test_markdown_is_a_table_that_no_label_can_break(make):
    measured = make(servers={"a|b<script>*": "event loop"}, steps=(10, 100))
    table = next(each for each in details.tables(measured, None) if each.name == "steps")
    lines = table.markdown().splitlines()
    rows = [line for line in lines if line.startswith("|")]
    assert len(rows) == 2 + 4
    assert len({line.replace("\\|", "").count("|") for line in rows}) == 1
    assert not any("<script>" in line for line in lines)
