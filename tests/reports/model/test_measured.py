import math
from statistics import geometric_mean

import pytest

from c10k.reports.model.measured import Point
from c10k.reports.model.quantity import Flag

THREADS = Point("threaded", "paced", 1_000)
SATURATED = Point("threaded", "saturated", 1_000)


def column(measured, point, name):
    frame = measured.run.steps
    here = frame[
        (frame["server"] == point.server)
        & (frame["workload"] == point.workload)
        & (frame["connections"] == point.connections)
    ]
    return here[name].tolist()


def test_a_figure_is_the_geometric_mean_of_its_repeats_within_an_interval(make):
    measured = make(repeats=3)
    quantity = measured.at(THREADS, "cpu_us_per_message")
    values = column(measured, THREADS, "cpu_us_per_message")
    assert quantity.value == pytest.approx(geometric_mean(values))
    assert quantity.low < min(values) < max(values) < quantity.high


def test_one_repeat_has_no_interval_however_many_its_windows(make):
    quantity = make(windows=3).at(THREADS, "response_p50_ms")
    assert quantity.known
    assert not quantity.ranged


def test_what_is_the_same_in_every_repeat_is_shown_as_it_is(make):
    quantity = make(repeats=3).at(THREADS, "threads")
    assert (quantity.value, quantity.low, quantity.high) == (1_001, 1_001, 1_001)


def test_a_count_that_may_be_zero_is_a_median_without_an_interval(make):
    measured = make(repeats=3, change=lambda step: setattr(step, "errors", {"reset": step.repeat}))
    quantity = measured.at(THREADS, "errors")
    assert (quantity.value, quantity.ranged) == (1, False)


def test_a_failed_repeat_is_flagged_and_left_out(make):
    def die(step):
        if step.repeat == 1 and step.connections == 1_000 and step.server == "threaded":
            step.status, step.reason, step.connected = "failed", "server died", 0

    measured = make(repeats=3, change=die)
    assert measured.flags(THREADS) == (Flag.FAILED,)
    assert sorted(measured.values(THREADS, "response_p50_ms")) == [0, 2]
    stated = measured.flagged(Flag.FAILED, measured.points())
    assert "threaded, paced, at 1,000 (server died, in 1 of 3 repeats)" in stated


def test_fit_repeats_decide_where_they_are_more_than_half(make):
    def disturb(step):
        if step.repeat in disturbed:
            step.others, step.median_ms, step.rss_bytes = 1.54, 50.0, 1.0

    disturbed = {0}
    measured = make(repeats=3, steps=(1_000,), change=disturb)
    assert measured.at(THREADS, "response_p50_ms").value < 1
    assert measured.at(THREADS, "response_p50_ms").flags == ()
    assert measured.unfit([THREADS], "response_p50_ms") == ""
    disturbed = {0, 1}
    measured = make(repeats=3, steps=(1_000,), change=disturb)
    assert measured.at(THREADS, "response_p50_ms").flags == (Flag.DISTURBED,)
    why = measured.unfit([THREADS], "response_p50_ms")
    assert why == "disturbed"
    # Memory is what it is, whoever else uses the CPUs.
    assert measured.unfit([THREADS], "resident_bytes") == ""
    assert measured.at(THREADS, "resident_bytes").flags == ()


@pytest.mark.parametrize("column", ["response_p50_ms", "response_p99_ms", "response_mean_ms"])
def test_where_clients_starve_no_figure_over_messages_is_quoted(make, column):
    def starve(step):
        step.starved, step.starved_wait_ms = round(share * step.connections), 9_000.0

    share = 0.011
    measured = make(change=starve)
    assert not measured.at(SATURATED, column).known
    assert measured.at(SATURATED, column).why.startswith("11 of 1,000 clients unserved, median wa")
    assert measured.recorded(SATURATED, column).known  # for the details
    assert measured.at(SATURATED, "messages_per_s").known
    share = 0.01
    assert make(change=starve).at(SATURATED, column).known


@pytest.mark.parametrize(
    ("messages", "p50", "p99"), [(19, False, False), (22, True, False), (1_040, True, True)]
)
def test_a_percentile_needs_ten_messages_beyond_it(make, messages, p50, p99):
    measured = make(change=lambda step: setattr(step, "messages_per_s", messages / 3), repeats=1)
    stated = [measured.at(THREADS, f"response_{name}_ms") for name in ("p50", "p99")]
    assert [each.known for each in stated] == [p50, p99]
    assert all(each.known or each.why.startswith("too few messages: ") for each in stated)


def test_messages_of_all_repeats_lie_behind_a_percentile(make):
    measured = make(change=lambda step: setattr(step, "messages_per_s", 400 / 3), repeats=3)
    assert measured.at(THREADS, "response_p99_ms").known


def test_a_slope_is_of_each_repeats_own_ramp(make):
    def grow(step):
        step.rss_bytes = (10 + 5 * step.repeat) * 2**20 + 1_000 * 2**step.repeat * step.connections

    measured = make(repeats=2, change=grow)
    slopes = measured.slopes("threaded", "paced", "rss_bytes")
    assert slopes == {0: pytest.approx(1_000), 1: pytest.approx(2_000)}
    assert measured.slope("threaded", "paced", "rss_bytes").value == pytest.approx(2_000 / 2**0.5)
    assert not make(steps=(100,)).slope("threaded", "paced", "resident_bytes").known


def test_added_memory_is_without_what_the_server_has_before_the_first_connection(make):
    def grow(step):
        step.vms_bytes = 20 * 2**20 + 1_000 * step.connections

    added = make(change=grow).at(THREADS, "added_vms_bytes")
    assert added.value == pytest.approx(1_000 * 1_000)


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
    assert measured.measured(measured.servers[1], saturated)


def test_a_workload_with_steps_of_its_own_misses_no_other(make):
    measured = make(
        plan={"workload-steps": [{"workload": "saturated", "steps": [10, 100, 50_000]}]},
        skip=lambda step: step.workload == "saturated" and step.connections > 100,
    )
    assert measured.planned_missing == 0


def test_a_step_that_was_planned_and_is_not_there_is_missing(make):
    measured = make(skip=lambda step: step.connections == 1_000 and step.server == "threaded")
    assert measured.planned_missing == 2


def test_a_plain_workload_stands_for_its_loop(make):
    working = [{"name": "saturated", "plain": False}, {"name": "paced"}]
    measured = make(described={"workloads": working})
    assert measured.workload("closed").name == "saturated"
    assert measured.workload("open", []) is None
    assert measured.usual.name == "paced"


def test_what_the_loader_can_drive_is_known_of_closed_loops_alone(make):
    measured = make()
    assert measured.ceiling("saturated", 100) == 176_000
    assert math.isnan(measured.ceiling("paced", 100))
    assert 0 < measured.at(SATURATED, "ceiling_share").value < 1


@pytest.mark.parametrize(
    ("change", "stated"),
    [
        (
            {"protocol": "http"},
            "threaded replies with HTTP and asyncio_streams with echo: their figures stand side by "
            "side and are not compared",
        ),
        (
            {"size_bytes": 65_536},
            "threaded replies with 65,536 bytes and asyncio_streams with 64 bytes:",
        ),
    ],
)
def test_unlike_servers_are_kept_apart(make, change, stated):
    def differ(step):
        if step.server == "threaded":
            vars(step).update(change)

    measured = make(change=differ)
    assert measured.pair == []
    assert measured.kept_apart(*measured.servers).startswith(stated)
