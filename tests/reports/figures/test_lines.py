"""Lines over clients, above all where there is no figure to draw."""

import re

import pytest

from c10k.reports import style
from c10k.reports.figures.lines import over_clients
from c10k.results.claims import read_claim


def heights(drawn, pattern):
    """At which y points stand whose words match."""
    svg = {each: parent for parent in drawn.root.iter() for each in parent}
    found = [each for each in svg if each.tag.endswith("title") and re.match(pattern, each.text)]
    return [float(svg[each].get("y")) for each in found]


def written(drawn):
    """All that is written, the lines of a text one after the other."""
    return " ".join(drawn.texts)


def test_where_clients_starve_there_is_no_percentile_but_how_many_got_no_reply(measured, draw):
    for name in ("response-log-saturated", "response-linear-saturated"):
        drawn = draw(measured, over_clients, "response")[name]
        assert "6,500 unserved" in drawn.texts, name
        assert not any(re.match("threaded.*10,000 clients: [0-9.]+ m?s", t) for t in drawn.titles)
        point, *_ = heights(drawn, "threaded, 10,000 clients: 6,500 of 10,000 clients unserved")
        assert point < min(heights(drawn, "asyncio_streams")), name
        lines = {row["line"]: row["x"] for row in drawn.picture.records}  # the last of each
        assert lines["threaded"] == 1_000
        assert lines["asyncio_streams"] == 10_000


def test_the_books_graph_ends_at_200_ms_and_names_what_lies_beyond(measured, draw):
    drawn = draw(measured, over_clients, "response")["response-saturated"]
    assert {"0 ms", "50 ms", "100 ms", "150 ms", "200 ms"} <= set(drawn.texts)
    assert {"10", "100", "500", "1K", "5K", "10K"} <= set(drawn.texts)
    beyond = [row for row in drawn.picture.records if row["value"] > 200]
    assert f"{beyond[-1]['value']:.0f} ms" in drawn.texts
    within = min(heights(drawn, "asyncio_streams, (10|100|500|1,000|5,000) "))
    assert heights(drawn, "asyncio_streams, 10,000") < [within]
    assert heights(drawn, "threaded, 10,000") < [within]


def test_the_two_lines_of_a_server_have_names_of_their_own(measured, draw):
    drawn = draw(measured, over_clients, "response-log")["response-log-paced"]
    for name in ("threaded p99", "asyncio_streams p99", "the book: threads", "event loop"):
        assert name in written(drawn)


def test_a_flagged_point_is_hollow_and_says_why(make, draw):
    def limit(behaviour):
        behaviour.loader_limited = behaviour.connections == 1_000

    drawn = draw(make(change=limit), over_clients, "cpu")["cpu-paced"]
    assert drawn.picture.svg.count(f'style="fill: {style.PAPER}; stroke') == 2
    flagged = [title for title in drawn.titles if title.endswith(", loader-limited")]
    assert [title.partition(":")[0] for title in flagged] == [
        "threaded, 1,000 clients",
        "asyncio_streams, 1,000 clients",
    ]


def test_a_point_says_its_value_and_interval(make, draw):
    drawn = draw(make(repeats=3), over_clients, "cpu")["cpu-paced"]
    assert "threaded, 10 clients: 57.1 µs (56.6–57.6 µs)" in drawn.titles
    drawn = draw(make(), over_clients, "memory")["memory-resident"]
    assert "threaded, 10 clients: 231 KB" in drawn.titles


def test_a_failed_step_stands_on_the_lower_edge(make, draw):
    def fail(behaviour):
        if (behaviour.server, behaviour.connections) == ("threaded", 1_000):
            behaviour.status, behaviour.connected = "failed", 0

    measured = make(change=fail, workloads=("saturated",))
    for kind in ("response", "memory"):
        for name, drawn in draw(measured, over_clients, kind).items():
            (foot,) = heights(drawn, "threaded, 1,000 clients: not measured, failed")
            assert foot > max(heights(drawn, "threaded, 10 clients")), name


@pytest.mark.parametrize("ceiling", [90_000.0, float("nan")])
def test_throughput_is_drawn_under_load_with_the_ceiling_where_it_is_known(make, draw, ceiling):
    measured = make(change=lambda behaviour: setattr(behaviour, "ceiling", ceiling))
    (drawn,) = draw(measured, over_clients, "throughput").values()
    assert drawn.picture.workload == "saturated"  # paced clients send what they are asked to
    assert ("loader ceiling" in written(drawn)) is (ceiling == ceiling)


def test_cpu_efficiency_is_a_share_of_one(make, draw):
    for drawn in draw(make(), over_clients, "efficiency").values():
        assert {"0", "0.2", "0.4", "0.6", "0.8", "1"} <= set(drawn.texts)


def test_a_column_that_was_not_measured_is_not_drawn(make, draw):
    def unknown(behaviour):
        behaviour.rss_bytes = behaviour.vms_bytes = behaviour.cpu_us = float("nan")

    measured = make(change=unknown)
    assert draw(measured, over_clients, "memory") == draw(measured, over_clients, "cpu") == {}


def test_a_label_is_never_read_as_markup_or_mathematics(make, draw):
    measured = make(servers={"<b>$\\frac$": "event loop"}, workloads=("paced",))
    drawn = draw(measured, over_clients, "response")["response-paced"]
    assert "<b>$\\frac$" in drawn.texts
    assert list(drawn.series) == ["<b>$\\frac$"]


@pytest.mark.filterwarnings("ignore:Glyph")
@pytest.mark.parametrize("label", ["\x00\x1b[31mred", "\ufffe"])
def test_a_label_that_xml_cannot_hold_is_drawn_all_the_same(make, draw, label):
    measured = make(servers={label: "event loop"}, workloads=("paced",))
    (server,) = draw(measured, over_clients, "cpu")["cpu-paced"].series
    assert server.startswith("\N{REPLACEMENT CHARACTER}")


def test_the_same_run_gives_the_same_pictures(make, draw):
    measured = make(workloads=("paced",))
    once, again = (draw(measured, over_clients, "response") for _ in range(2))
    assert {name: each.picture.svg for name, each in once.items()} == {
        name: each.picture.svg for name, each in again.items()
    }


@pytest.mark.parametrize(
    ("measure", "top", "tick"),
    [("messages_per_s", "100,000", "100K /s"), ("resident_bytes", "1 GB", "238 MB")],
)
def test_a_publications_graph_has_the_axis_of_its_measure(make, draw, measure, top, tick):
    measured = make()
    graph = {"name": "own", "title": "Its graph", "top": top}
    rows = [{"clients": each, "figures": ["1", "1"]} for each in measured.steps]
    table = {"name": "x", "title": "x", "measure": measure, "graph": graph, "rows": rows}
    claim = {"title": "A", "source": "b", "servers": ["threaded", "asyncio_streams"]}
    measured.about.plan.claims[:] = [read_claim(claim | {"by-clients": [table]})]
    assert tick in draw(measured, over_clients, "own")["own-saturated"].texts
