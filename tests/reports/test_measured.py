import math

import pytest

from c10k.reports.measured import Mark, Point, Quantity, exactly

THREADS = Point("threaded", "paced", 1_000)


def test_one_repeat_gives_the_steps_figure_and_the_range_of_its_windows(make):
    measured = make(windows=3)
    here = "server == 'threaded' and workload == 'paced' and connections == 1000"
    quantity = measured.at(THREADS, "response_p99_ms")
    assert quantity.value == measured.run.steps.query(here)["response_p99_ms"].item()
    p99s = measured.run.windows.query(here)["response_p99_ms"]
    assert (quantity.low, quantity.high) == (p99s.min(), p99s.max())
    assert "range is over its 3 windows" in measured.spread_note()


def test_one_window_has_no_interval_and_says_so(make):
    measured = make(windows=1)
    assert math.isnan(measured.at(THREADS, "response_p50_ms").low)
    assert "no interval" in measured.spread_note()


def test_a_sum_over_windows_has_no_range(make):
    assert math.isnan(make(windows=3).at(THREADS, "messages").low)


def test_a_failed_repeat_is_marked_and_left_out(make):
    def die(step):
        if step.repeat == 1 and step.connections == 1_000 and step.server == "threaded":
            step.status, step.reason, step.connected = "failed", "server died", 0

    measured = make(repeats=3, change=die)
    assert measured.marks(THREADS) == (Mark.FAILED,)
    assert measured.at(THREADS, "response_p50_ms").known
    assert "server died, in 1 of 3 repeats" in dict(measured.footnotes([THREADS]))["¶"]


@pytest.mark.parametrize(
    ("trouble", "symbol", "told"),
    [
        (
            {"status": "partial", "connected": 940, "errors": {"timeout": 50, "refused": 10}},
            *("†", "(940 of 1,000 connected, 50 × timeout, 10 × refused)"),
        ),
        (
            {"status": "partial", "errors": {"timeout": 50}, "reason": "50 × timeout"},
            *("†", "(50 × timeout)"),
        ),
        ({"unsteady": "memory"}, "※", "(memory after 3.0 s)"),
        ({"memory_sampled_fraction": 0.25}, "≈", "(from 25 % of it)"),
        ({"stolen": 0.4}, "◊", "(40 %)"),
        ({"others": 0.9}, "△", "(90 %)"),
    ],
)
def test_a_footnote_says_at_which_steps_and_what(make, trouble, symbol, told):
    def change(step):
        step.stolen, step.others = 0.04, 0.19  # as much as is borne
        vars(step).update(trouble if step.connections == 1_000 else {})

    measured = make(servers={"threaded": ""}, workloads=("paced",), change=change)
    (note,) = measured.footnotes(measured.points())
    assert note[0] == symbol
    assert note[1].endswith(f"threaded, paced, at 1,000 {told}.")


def test_a_slope_needs_two_steps(make):
    assert not make(steps=(100,)).slope("threaded", "paced", "resident_bytes").known


def _limit(make, **options):
    servers = {"threaded": "thread per connection"}
    measured = make(servers=servers, workloads=("paced",), **options)
    limit = measured.max_connections("threaded", "paced")
    return limit.bound, limit.value, limit.marks


REFUSED = {"status": "partial", "connected": 388}


@pytest.mark.parametrize(
    ("at_1000", "limit"),
    [
        ({}, ("≥ ", 1_000, ())),
        ({"median_ms": 150.0}, ("", 100, ())),
        ({"status": "partial"}, ("", 100, ())),
        ({"errors": {"reset": 1}}, ("", 100, ())),
        ({"starved": 1, "starved_wait_ms": 1.0}, ("", 100, ())),
        ({"connected": 999}, ("", 100, ())),
        # An unfit step bounds nothing, but refused connections do.
        ({"loader_limited": True}, ("≥ ", 1_000, (Mark.LIMITED,))),
        ({"loader_limited": True, "median_ms": 500.0}, ("≥ ", 100, (Mark.LIMITED,))),
        ({"others": 0.9, "median_ms": 500.0}, ("≥ ", 100, (Mark.DISTURBED,))),
        ({"loader_limited": True, **REFUSED}, ("", 100, ())),
    ],
)
def test_max_connections_is_the_last_step_at_which_all_were_served(make, at_1000, limit):
    def change(step):
        vars(step).update(at_1000 if step.connections == 1_000 else {})

    assert _limit(make, change=change) == limit


def test_max_connections_is_below_the_smallest_step_when_that_fails(make):
    slow = _limit(make, change=lambda step: setattr(step, "median_ms", 500.0))
    assert slow == ("< ", 10, ())


def test_numbers_that_a_search_tried_count_for_max_connections_and_are_no_steps(make):
    def slow(step):
        if step.connections > 700:
            step.median_ms = 500.0

    measured = make(change=slow, probes=(316, 650, 720))
    assert measured.steps == [10, 100, 1_000]
    assert measured.planned_missing == 0
    assert {point.connections for point in measured.points()} == {10, 100, 1_000}
    limit = measured.max_connections("threaded", "paced")
    assert (limit.bound, limit.value) == ("", 650)


def test_the_objective_is_the_runs(make):
    relaxed = {"described": {"slo_p99_ms": 5_000.0}}
    slow = _limit(make, change=lambda step: setattr(step, "median_ms", 900.0), **relaxed)
    assert slow == ("≥ ", 1_000, ())
    assert make(**relaxed).slo_p99_ms == 5_000
    assert make().slo_p99_ms == 100


def test_servers_with_steps_and_workloads_of_their_own_miss_nothing(make):
    steps, workloads = [10, 100, 1_000], ["paced", "saturated"]
    servers = [
        {"server": "threaded", "steps": [10], "workloads": ["paced"]},
        {"server": "asyncio_streams", "steps": steps, "workloads": workloads},
    ]
    measured = make(
        plan={"servers": servers},
        skip=lambda step: (
            step.server == "threaded" and (step.connections > 10 or step.workload != "paced")
        ),
    )
    assert measured.planned_missing == 0
    paced, saturated = measured.workloads
    assert measured.workloads_of(measured.servers) == [paced]
    assert measured.visited(measured.servers[1], saturated)


def test_a_workload_says_what_it_is(make):
    workloads = [
        {"name": "paced", "summary": "1 message/s per client"},
        {"name": "saturated", "plain": False, "active": 0.1, "summary": "5 ms of work"},
    ]
    relaxed, working = make(described={"workloads": workloads}).workloads
    assert (relaxed.description, relaxed.plain) == ("open loop, 1 message/s per client", True)
    assert (working.description, working.plain) == ("closed loop, 5 ms of work", False)
    assert (relaxed.phrase, working.phrase) == ("at 1 message/s", "under saturated")
    old, _ = make().workloads
    assert old.description == "open loop, 1 message/s per client"


def test_a_plain_workload_stands_for_its_loop(make):
    working = [{"name": "saturated", "plain": False}, {"name": "paced"}]
    measured = make(described={"workloads": working})
    assert measured.workload("closed").name == "saturated"
    assert measured.workload("open", []) is None


def test_a_share_of_the_ceiling_is_of_the_servers_own(make):
    def http(step):
        if step.server == "threaded":
            step.ceiling = float("nan")

    measured = make(change=http)
    assert not measured.of_ceiling(Point("threaded", "saturated", 100)).known
    assert measured.of_ceiling(Point("asyncio_streams", "saturated", 100)).known


def test_a_quotient_has_the_widest_interval_that_both_allow():
    quotient = Quantity(4, 3, 6).by(Quantity(2, 1, 3, (Mark.LIMITED,)))
    assert (quotient.value, quotient.low, quotient.high) == (2, 1, 6)
    assert quotient.marks == (Mark.LIMITED,)


def test_a_negative_change_has_no_ratio():
    assert not exactly(-540.0).by(exactly(2_800.0)).known
    assert not exactly(2_800.0).by(exactly(-540.0)).known


def test_littles_law_is_marked_where_it_does_not_hold(make):
    def starve(step):
        if step.server == "threaded" and step.connections == 1_000:
            step.starved, step.starved_wait_ms, step.littles_law = 3, 900.0, 0.71
        if step.server == "asyncio_streams":
            step.littles_law = {10: 0.979, 100: 1.02, 1_000: 1.05}[step.connections]

    measured = make(change=starve, workloads=("saturated",))
    notes = dict(measured.footnotes(measured.points()))
    assert notes["§"].endswith(
        "threaded, saturated, at 1,000 (3 connections, longest wait 900 ms, Little's law 0.71)."
    )
    assert notes["λ"].endswith(
        "asyncio_streams, saturated, at 10 (0.98, none starved) and 1,000 (1.05, none starved)."
    )
    relaxed = make(workloads=("paced",))
    assert relaxed.footnotes(relaxed.points()) == []


def test_footnotes_gather_the_steps_of_a_server_and_workload(make):
    measured = make(change=lambda step: setattr(step, "loader_limited", step.connections > 10))
    (note,) = measured.footnotes(measured.points())
    assert note[1].endswith(
        "threaded, paced, at 100 and 1,000; asyncio_streams, paced, at 100 and 1,000; "
        "threaded, saturated, at 100 and 1,000; asyncio_streams, saturated, at 100 and 1,000."
    )


def test_a_quotient_of_bounds_is_bounded_as_far_as_can_be_known():
    at_least = Quantity(10_000, bound="≥ ")
    assert at_least.by(exactly(500)).bound == "≥ "
    assert exactly(500).by(at_least).bound == "≤ "
    assert not at_least.by(at_least).known
    assert not exactly(1).by(exactly(0)).known


def test_ratios_are_paired_by_repeat(make):
    def together(step):
        step.median_ms *= 1 + step.repeat  # a machine that slows down slows all alike

    measured = make(repeats=3, steps=(1_000,), change=together)
    ratio = measured.contrast(THREADS, Point("asyncio_streams", "paced", 1_000), "response_p50_ms")
    assert ratio.low == pytest.approx(ratio.high, rel=0.02)


def test_a_few_disturbed_repeats_do_not_decide_a_figure(make):
    def disturbed(repeats):
        def change(step):
            step.others = 1.54 if step.repeat in repeats else 0.0
            step.median_ms = 50.0 if step.others else 1.0

        return change

    measured = make(repeats=3, steps=(1_000,), change=disturbed({0}))
    assert measured.at(THREADS, "response_p50_ms").high > 40  # all that was measured is shown
    assert measured.deciding(THREADS, "response_p50_ms").high < 2
    assert measured.deciding(THREADS, "response_p50_ms").unjudged == ()
    measured = make(repeats=3, steps=(1_000,), change=disturbed({0, 1}))
    (why,) = measured.deciding(THREADS, "response_p50_ms").unjudged
    assert why == "disturbed, other processes used 154 % of a CPU"
