from c10k.reports import steps
from c10k.reports.chapter.response import response_by_load, response_graph
from tests.reports.chapter.cells import row


def test_every_kind_of_trouble_is_marked_with_a_footnote(make):
    def trouble(behaviour):
        if (behaviour.server, behaviour.workload) != ("threaded", "paced"):
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
    graph = response_graph(measured)
    assert str(row(graph, "paced", "10", "threaded")["measured"]).endswith("‡")
    assert str(row(graph, "paced", "100", "threaded")["measured"]).endswith("†§")
    assert str(row(graph, "paced", "1,000", "threaded")["measured"]) == "—¶"
    assert str(row(graph, "paced", "100", "asyncio_streams")["measured"])[-1].isdigit()
    assert "†" not in str(row(graph, "saturated", "100", "threaded")["measured"])
    for table in (graph, response_by_load(measured), steps.table(measured)):
        notes = dict(table.footnotes)
        assert list(notes) == ["†", "‡", "§", "¶"]
        assert "96 of 100 connected, 4 × timeout" in notes["†"]
        assert "7 connections, longest wait 1.50 s" in notes["§"]
        assert "the server died" in notes["¶"]
    marked = [str(cells[1]) for cells in steps.table(measured).sections[0].rows]
    assert marked[:5:2] == ["threaded‡", "threaded†§", "threaded¶"]


def test_markdown_is_a_table_that_no_label_can_break(make):
    measured = make(servers={"a|b<script>*": "event loop"}, steps=(10, 100))
    lines = steps.table(measured).markdown().splitlines()
    rows = [line for line in lines if line.startswith("|")]
    widths = {line.replace("\\|", "").count("|") for line in rows}
    assert len(rows) == 2 + 4
    assert len(widths) == 1
    assert not any("<script>" in line for line in lines)
