import pytest

from c10k.reports.comparisons.pairs import (
    CPU,
    MEMORY,
    P50,
    P99,
    SLOPE,
    THROUGHPUT,
    Comparisons,
    measures,
)
from c10k.results.claims import Claim, ClaimedFigure
from c10k.results.comparison import Outcome

REPEATS = {"repeats": 4}


def contrast(measured, workload, step, measure):
    return Comparisons(measured).of(measured.pair, workload, step, measure)


def test_a_clear_difference_says_which_has_more_and_which_is_better(make):
    measured = make(**REPEATS)
    memory = contrast(measured, "paced", SLOPE, MEMORY)
    assert memory.outcome is Outcome.CLEAR
    assert memory.times == pytest.approx(23 / 2.5, rel=0.05)
    assert (memory.larger, memory.better) == (0, 1)
    throughput = contrast(measured, "saturated", 1_000, THROUGHPUT)
    assert (throughput.larger, throughput.better) == (0, 0)
    assert throughput.comparison.low < throughput.comparison.ratio < throughput.comparison.high


def test_the_ratio_is_that_of_the_figures_shown(make):
    cpu = contrast(make(**REPEATS), "saturated", 100, CPU)
    one, other = cpu.values
    assert cpu.comparison.ratio == pytest.approx(one.value / other.value)


def test_alike_servers_are_equivalent_and_none_is_better(make):
    def alike(step):
        step.cpu_us, step.median_ms = 20 + 0.1 * step.repeat, 1.0

    cpu = contrast(make(change=alike, **REPEATS), "saturated", 100, CPU)
    assert (cpu.outcome, cpu.larger, cpu.better) == (Outcome.EQUIVALENT, None, None)
    assert str(cpu) == "equivalent"


def test_what_spreads_too_much_is_undecided_and_says_what_would_decide(make):
    def spread(step):
        if step.server == "threaded":
            step.cpu_us *= (1, 1.9, 1.2, 2.5)[step.repeat]

    cpu = contrast(make(change=spread, **REPEATS), "saturated", 100, CPU)
    assert cpu.outcome is Outcome.UNDECIDED
    assert "would probably decide" in str(cpu)


def test_one_repeat_is_indicative(make):
    every = list(Comparisons(make()))
    assert {each.outcome for each in every if each.known} == {Outcome.INDICATIVE}
    assert all(each.better is None for each in every)


def test_response_times_nearer_than_the_timer_slack_are_never_clear(make):
    def fast(step):
        step.median_ms = 0.01 if step.server == "threaded" else 0.055

    measured = make(change=fast, **REPEATS)
    assert contrast(measured, "saturated", 1_000, P50).outcome is Outcome.UNDECIDED


def test_repeats_are_paired(make):
    """A machine that slows down in a repeat slows both."""

    def slow_down(step):
        step.cpu_us = (30 if step.server == "threaded" else 20) * 2**step.repeat

    cpu = contrast(make(change=slow_down, **REPEATS), "saturated", 100, CPU)
    assert cpu.outcome is Outcome.CLEAR
    assert cpu.comparison.high / cpu.comparison.low < 1.2


def test_where_clients_starve_messages_decide_nothing(make):
    measured = make(steps=(1_000, 10_000), **REPEATS)
    for measure in (P50, P99):
        found = contrast(measured, "saturated", 10_000, measure)
        assert (found.outcome, found.known) == (Outcome.UNDECIDED, False)
        assert str(found).startswith("not compared: 6,500 of 10,000 clients unserved")
    assert contrast(measured, "saturated", 10_000, CPU).known


def test_unfit_repeats_decide_nothing(make):
    def disturb(step):
        step.others = 0.9 if step.server == "threaded" and step.repeat < unfit else 0.0

    unfit = 1
    assert contrast(make(change=disturb, **REPEATS), "saturated", 100, CPU).known
    unfit = 2
    found = contrast(make(change=disturb, **REPEATS), "saturated", 100, CPU)
    assert str(found) == "not compared: disturbed"
    assert contrast(make(change=disturb, **REPEATS), "paced", SLOPE, MEMORY).known


def test_unlike_servers_have_no_comparisons(make):
    def http(step):
        step.protocol = "http" if step.server == "threaded" else "echo"

    assert list(Comparisons(make(change=http, **REPEATS))) == []


def test_in_an_open_loop_what_is_offered_comes_back(make):
    paced, saturated = make().workloads
    assert THROUGHPUT not in measures(paced)
    assert THROUGHPUT in measures(saturated)


def test_a_step_that_only_one_server_has_is_not_compared(make):
    measured = make(skip=lambda step: step.connections == 100 and step.server == "threaded")
    assert contrast(measured, "saturated", 100, CPU) is None


def test_a_repeat_in_which_one_server_did_nothing_decides_nothing(make):
    def stall(step):
        if step.server == "threaded" and step.repeat == 0:
            step.messages_per_s = 0.0

    found = contrast(make(change=stall, **REPEATS), "saturated", 100, THROUGHPUT)
    assert found.outcome is Outcome.UNDECIDED
    assert found.better is None


def test_published_ratios_are_in_the_family_and_say_nothing_of_what_is_better(make):
    measured = make(**REPEATS)
    own = list(Comparisons(measured))
    common = {"server": "threaded", "over": "asyncio_streams", "value": 1.0}
    at = {"workload": "saturated", "clients": 1_000}
    claimed = [
        ClaimedFigure("known", "messages_per_s", **common, **at),
        ClaimedFigure("other", "rss_bytes", **common, **at),
        ClaimedFigure("nobody", "messages_per_s", **common | {"over": "nginx"}, **at),
    ]
    measured.about.plan.claims[:] = [Claim("A claim", "a book", tuple(claimed))]
    family = Comparisons(measured)
    known, other, nobody = map(family.of_ratio, claimed)
    assert len(list(family)) == len(own) + 1
    assert known in list(family)
    assert nobody is None
    assert other.outcome is Outcome.CLEAR
    assert (other.larger, other.better, other.winner) == (0, None, "")


def test_the_same_ratio_the_other_way_round_is_no_second_comparison(make):
    """As evidence of its own spread it would make every interval narrower."""
    measured = make(**REPEATS)
    own = {each.comparison.low for each in Comparisons(measured)}
    figure = {"workload": "saturated", "clients": 1_000, "value": 1.0}
    published = [
        ClaimedFigure("x", "messages_per_s", "asyncio_streams", over="threaded", **figure),
        ClaimedFigure("y", "cpu_us_per_message", "asyncio_streams", over="threaded", **figure),
    ]
    measured.about.plan.claims[:] = [Claim("A claim", "a book", tuple(published))]
    family = Comparisons(measured)
    assert {each.comparison.low for each in family} == own
    turned = family.of_ratio(published[0])
    straight = family.of(measured.pair, "saturated", 1_000, THROUGHPUT)
    assert (turned.one, turned.other) == (straight.other, straight.one)
    assert turned.values == straight.values[::-1]
    assert turned.comparison.ratio == pytest.approx(1 / straight.comparison.ratio)
    assert turned.comparison.low == pytest.approx(1 / straight.comparison.high)
    assert turned.comparison.high == pytest.approx(1 / straight.comparison.low)
    assert (turned.outcome, turned.winner) == (straight.outcome, straight.winner)
