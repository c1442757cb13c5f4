import pytest

from c10k.reports.model.quantity import Flag


@pytest.mark.parametrize(
    ("trouble", "flag", "stated"),
    [
        (
            {"status": "partial", "connected": 940, "errors": {"timeout": 50, "refused": 10}},
            *(Flag.PARTIAL, "(940 of 1,000 connected, 50 × timeout, 10 × refused)"),
        ),
        (
            {"status": "partial", "errors": {"timeout": 50}, "reason": "50 × timeout"},
            *(Flag.PARTIAL, "(50 × timeout)"),
        ),
        ({"unsteady": "memory"}, Flag.UNSTEADY, "(memory after 3.0 s)"),
        ({"memory_sampled_fraction": 0.25}, Flag.ESTIMATED, "(from 25 % of it)"),
        ({"stolen": 0.4}, Flag.STEAL_TIME, "(40 %)"),
        ({"others": 0.9}, Flag.DISTURBED, "(90 %)"),
        ({"loader_limited": True}, Flag.LOADER_LIMITED, ""),
        (
            {"starved": 3, "starved_wait_ms": 900.0, "littles_law": 0.71},
            *(Flag.STARVED, "(3 connections, longest wait 900 ms, Little's law 0.71)"),
        ),
        ({"littles_law": 1.05}, Flag.LITTLES_LAW, "(1.05, none starved)"),
    ],
)
def test_a_flag_says_at_which_steps_and_how_it_came_to_it(make, trouble, flag, stated):
    def change(step):
        step.stolen, step.others = 0.04, 0.19  # as much as is borne
        step.littles_law = {10: 0.981, 100: 1.019}.get(step.connections)
        vars(step).update(trouble if step.connections == 1_000 else {"starved": 0})

    measured = make(servers={"threaded": ""}, workloads=("saturated",), change=change)
    borne = [each for each in Flag if measured.flagged(each, measured.points())]
    assert borne == [flag]
    said = measured.flagged(flag, measured.points())
    assert said == f"threaded, saturated, at 1,000 {stated}".rstrip()


def test_the_steps_of_a_server_and_workload_are_stated_together(make):
    measured = make(change=lambda step: setattr(step, "loader_limited", step.connections > 10))
    assert measured.flagged(Flag.LOADER_LIMITED, measured.points()) == (
        "threaded, paced, at 100 and 1,000; asyncio_streams, paced, at 100 and 1,000; "
        "threaded, saturated, at 100 and 1,000; asyncio_streams, saturated, at 100 and 1,000"
    )


def test_of_several_repeats_the_longest_wait_is_stated(make):
    """And the most connections, whichever repeats these were of."""

    def change(step):
        step.starved, step.starved_wait_ms = (30, 700.0) if step.repeat else (20, 900.0)

    measured = make(
        servers={"threaded": ""}, workloads=("saturated",), steps=(1_000,), repeats=2, change=change
    )
    said = measured.flagged(Flag.STARVED, measured.points())
    assert "(30 connections, longest wait 900 ms" in said
