import io

import pandas as pd
import pytest

from c10k.reports import capacity
from c10k.reports.chapter.server_types import server_types
from c10k.reports.data import as_csv
from c10k.reports.summary import WIDTH, terminal_summary

LIMITED = "threaded,limit=as:4g"
WHY = "at 391: 388 of 391 connections were served; 3 × reset; its log: can't start new thread"


@pytest.fixture
def measured(make):
    """A run in which a server in 4 GiB was searched."""

    def refuse(behaviour):
        if behaviour.server == LIMITED and behaviour.connections > 388:
            behaviour.status, behaviour.connected = "partial", 388
            behaviour.errors = {"reset": behaviour.connections - 388}

    servers = {"threaded": "thread per connection", LIMITED: "thread per connection"}
    return make(
        servers=servers,
        workloads=("paced",),
        change=refuse,
        probes=(387, 391),
        described={
            "servers": [
                {"label": label, "name": "threaded", "model": model, "limits": limits}
                for (label, model), limits in zip(
                    servers.items(), ({}, {"as": 4 * 1024**3}), strict=True
                )
            ]
        },
        found=[
            {
                "server": "threaded",
                "workload": "paced",
                "connections": 1_000,
                "why": "this machine",
            },
            {"server": LIMITED, "workload": "paced", "connections": 387, "why": WHY},
        ],
    )


def test_each_search_has_its_number_and_what_bound_it(measured):
    table = capacity.table(measured)
    ((one, other),) = [section.rows for section in table.sections]
    assert [str(cell) for cell in one] == ["threaded", "≥ 1,000", "this machine"]
    assert [str(cell) for cell in other] == [LIMITED, "387", WHY]
    frame = pd.read_csv(io.StringIO(as_csv(table.records)))
    assert list(frame.max_connections) == [1_000, 387]
    assert list(frame.slo_p99_ms) == [100, 100]


def test_t1_quotes_the_search_and_explains_the_500(measured):
    table = server_types(measured)
    cells = table.sections[0].rows[0]
    assert [str(cell) for cell in cells[:3]] == ["max connections", "p99 ≤ 100 ms", "threaded"]
    assert cells[4].text == "≥ 1,000"
    (note,) = [note for note in table.notes if "Why the chapter says" in note]
    assert note == (
        f"Why the chapter says 500: in an address space of 4 GB {LIMITED} served 387 connections, "
        "paced. There is room for at most 512 stacks of 8,192 KB each."
    )


def test_nothing_is_explained_without_a_search_in_a_limited_address_space(make):
    assert list(capacity.the_500(make())) == []


def test_the_terminal_says_the_result_of_each_server(measured):
    text = terminal_summary(measured.run)
    assert all(len(line) <= WIDTH for line in text.splitlines())
    assert "max connections, p99 within 100 ms" in text
    assert f"paced  {LIMITED}  387  at 391: 388 of 391" in text
    assert "paced  threaded  ≥ 1,000  this machine" in text
    assert "Why the chapter says 500" in text
