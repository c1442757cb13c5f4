"""Max connections."""

from c10k.reports.tables import capacity
from tests.reports.tables.reading import row

LIMITED = "threaded,limit=as:4g"
WHY = "at 391: 388 of 391 connections were served; 3 × reset; its log: can't start new thread"
MODEL = "thread per connection"


def test_each_search_has_its_bracket_and_that_in_4_gib_explains_the_500(make):
    def refuse(step):
        if step.server == LIMITED and step.connections > 388:
            step.status, step.connected = "partial", 388
            step.errors = {"reset": step.connections - 388}

    whys, limits = {"threaded": "this machine", LIMITED: WHY}, {LIMITED: {"as": 4 * 1024**3}}
    described = [{"label": each, "model": MODEL, "limits": limits.get(each, {})} for each in whys]
    measured = make(
        servers=dict.fromkeys(whys, MODEL),
        workloads=("paced",),
        change=refuse,
        probes=(387, 391),
        described={"servers": described},
        found=[{"server": each, "workload": "paced", "why": why} for each, why in whys.items()],
    )
    (table,) = capacity.tables(measured, None)
    stated = row(table, "paced", "threaded")
    assert (stated["max connections"], stated["why no more"]) == ("≥ 1,000", "this machine")
    stated = row(table, "paced", LIMITED)
    assert (stated["max connections"], stated["why no more"]) == ("≥ 387, < 391", WHY)
    ends = [[each[f"max_connections_{end}"] for end in ("low", "high")] for each in table.records]
    assert ends == [[1_000, float("inf")], [387, 391]]
    assert table.notes == [
        f"The book's 500: in an address space of 4 GB {LIMITED} served 387 connections under "
        "paced. At most 512 stacks of 8,192 KB fit there."
    ]


def test_there_is_none_without_a_search(make):
    assert list(capacity.tables(make(), None)) == []
