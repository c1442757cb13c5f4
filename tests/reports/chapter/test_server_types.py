"""T1."""

from c10k.reports.chapter.server_types import server_types
from tests.reports.chapter.cells import row


def test_max_connections_and_the_efficiency_stand_beside_the_claims(measured):
    table = server_types(measured)
    for workload, server, most, verdict in (
        ("paced", "threaded", "≥ 10,000", "off by at least 20×"),
        ("paced", "asyncio_streams", "≥ 10,000", "holds"),
        ("saturated", "asyncio_streams", "1,000", "right direction, off by 10×"),
    ):
        cells = row(table, workload, "max connections", "p99 ≤ 100 ms", server)
        assert (cells["measured"].text, cells["verdict"].text) == (most, verdict)
    efficiency = row(table, "saturated", "CPU efficiency", "at 500 clients", "threaded")
    assert efficiency["claimed"].text == "0.3"


def test_every_server_has_a_line_and_those_of_another_kind_no_claim(make):
    measured = make(
        servers={
            "threaded": "thread per connection",
            "forking": "process per connection",
            "asyncio_streams": "event loop",
        },
        steps=(10, 100),
    )
    table = server_types(measured)
    cells = row(table, "paced", "memory a connection", "virtual", "forking")
    assert cells["claimed"].text == cells["verdict"].text == "—"
    assert cells["measured"].value > 0


def test_a_column_without_a_server_says_so(make):
    table = server_types(make(servers={"asyncio_streams": "event loop"}, steps=(10, 100)))
    assert any("stands for the chapter's synchronous one" in note for note in table.notes)
    cells = row(table, "paced", "memory a connection", "virtual", "asyncio_streams")
    assert cells["compared"].text == "—"
    assert cells["verdict"].text.startswith(("off by", "holds"))
