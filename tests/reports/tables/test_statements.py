"""Statements of a publication: those of the chapter, T6."""

import pytest

from c10k.reports.comparisons.pairs import Comparisons
from c10k.reports.tables import statements
from tests.reports.synthetic import buffer_pool


def stated(measured, claim):
    (table,) = statements.tables(measured, Comparisons(measured))
    (cells,) = (cells for cells in table.sections[0].rows if claim in cells[0].text)
    return cells[1].text, cells[2].text


def test_a_switch_costs_less_than_all_system_time_by_the_switches(make):
    # At 100 clients 1.4 s ÷ 80,000 per message, 0.6 of it in the kernel, 2.1 switches: 0.005 ms.
    text, outcome = stated(make(repeats=3), "a context switch costs")
    assert text.startswith("threaded, saturated, 100: less than 0.005 ms")
    assert outcome.startswith("off by at least 20×")


def test_a_switch_decides_nothing_where_the_loader_was_the_bottleneck(make):
    measured = make(repeats=3, change=lambda step: setattr(step, "loader_limited", True))
    assert stated(measured, "a context switch costs")[1] == "undecided: loader-limited"


@pytest.mark.parametrize(("cpus", "outcome"), [(1, "not comparable: the"), (4, "off by")])
def test_waiting_for_a_cpu_compares_on_as_many_cpus(make, cpus, outcome):
    split = {"cpu_split": {"loader": [9], "server": list(range(cpus))}}
    measured = make(repeats=3, described=split)
    assert stated(measured, "add 2.5 ms of waiting")[1].startswith(outcome)


def test_memory_at_ten_thousand_connections(make):
    measured = make(repeats=3, steps=(10, 1_000, 10_000))
    text, outcome = stated(measured, "threads need 78.2 GB")
    assert "the connections add 224 MB resident" in text
    assert outcome == "right direction, off by 357×"
    assert stated(make(repeats=3), "threads need 78.2 GB") == ("—", "not measured")


@pytest.mark.parametrize(
    ("of_clients", "outcome"),
    [
        (lambda clients: 1 + clients / 100, "confirmed"),
        (lambda clients: 9 - clients / 200, "contradicted"),
        (lambda clients: {10: 1, 100: 5}.get(clients, 2), "contradicted"),
    ],
)
def test_growth_is_judged_in_an_open_loop(make, of_clients, outcome):
    def change(step):
        step.median_ms = of_clients(step.connections)

    text, verdict = stated(make(repeats=3, change=change), "grows linearly")
    assert (text.partition(":")[0], verdict) == ("paced", outcome)
    assert stated(make(workloads=("saturated",)), "grows linearly")[1] == "not measured"
    assert stated(make(change=change), "grows linearly")[1] == "indicative"


@pytest.mark.parametrize(
    ("trouble", "why"),
    [({"others": 0.9}, "disturbed"), ({"starved": 10}, "10 of 100 clients unserved")],
)
def test_growth_is_undecided_where_a_step_between_cannot_be_quoted(make, trouble, why):
    def change(step):
        step.median_ms = 1 + step.connections / 100
        if step.connections == 100:
            vars(step).update(trouble)

    verdict = stated(make(repeats=3, change=change), "grows linearly")[1]
    assert verdict.startswith(f"undecided: {why}")


def test_a_technique_is_judged_by_the_measures_that_its_claim_is_about(make):
    def pooled(step):
        step.cpu_us /= 2 if step.server == "pooled" else 1

    servers = dict.fromkeys(("pooled", "plain"), "event loop")
    plan = {"techniques": [buffer_pool("pooled", "plain")]}
    measured = make(servers=servers, workloads=("saturated",), repeats=4, change=pooled, plan=plan)
    text = "of 6 comparisons pooled clearly better in 3"
    assert stated(measured, "a pool of buffers") == (text, "confirmed")


@pytest.mark.parametrize(
    ("cpus", "outcome"), [(1, "not comparable: the"), (2, "no difference that matters")]
)
def test_several_loops_prove_nothing_on_one_cpu(make, cpus, outcome):
    plan = {"techniques": [buffer_pool("two", "one") | {"claim": "threads on a loop"}]}
    measured = make(
        servers=dict.fromkeys(("two", "one"), "event loop"),
        workloads=("saturated",),
        repeats=2,
        plan=plan,
        described={"cpu_split": {"loader": [9], "server": list(range(cpus))}},
    )
    assert stated(measured, "use every core")[1].startswith(outcome)


def test_whom_a_kind_of_server_fits(make):
    measured = make(repeats=4)
    text, outcome = stated(measured, "threads fit under 100 clients")
    assert text.startswith("saturated: of 8 comparisons ")
    assert outcome in ("confirmed", "confirmed in part")
    assert stated(measured, "an event loop fits requests that wait") == ("—", "not measured")
