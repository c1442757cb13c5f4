"""At which steps of a plan a threshold is to be met."""

import pytest

from c10k.experiment.config import plan_of
from c10k.experiment.thresholds import check_thresholds, checked


def plan(*slo, **others):
    content = {"servers": ["threaded", "threaded,stack=256k"], "workloads": ["paced", "game"]}
    return plan_of(content | {"steps": [10, 100], "slo": slo} | others, str)


def rows(planned):
    return [
        {**trial._asdict(), "status": "ok", "threads": 1.0, "loader_limited": False, "starved": 0}
        for _, _, trials in planned.ramps()
        for trial in trials
    ]


def steps(planned):
    return [str(each.step) for each in checked(planned, rows(planned))]


def test_without_keys_it_is_for_every_step_and_with_keys_for_those_that_have_all():
    assert len(steps(plan("threads < 2"))) == 2 * 2 * 2
    assert steps(plan("threads{server=threaded} < 2")) == [
        "threaded, paced at 10",
        "threaded, paced at 100",
        "threaded, game at 10",
        "threaded, game at 100",
    ]
    few = plan("threads{server=threaded,stack=256k,workload=game,connections=100} < 2")
    assert steps(few) == ["threaded,stack=256k, game at 100"]


def test_the_same_one_twice_is_judged_once():
    assert len(steps(plan("threads < 2", "threads < 2"))) == 8


def test_the_steps_of_a_map_are_there_to_show_where_a_server_breaks():
    assert len(steps(plan("threads < 2", map=True))) == 8
    assert len(steps(plan("threads < 2", map=True, workloads=["map_1"]))) == 2 * 2 * 4


def test_a_step_that_was_not_measured_yet_is_not_judged():
    planned = plan("threads < 2")
    assert [str(each.step) for each in checked(planned, rows(planned)[:1])] == [
        "threaded, paced at 10"
    ]


@pytest.mark.parametrize(
    ("selection", "message"),
    [
        ("server=prefork", "none has server=prefork. Planned: threaded, threaded,stack=256k"),
        ("connections=50", "none has connections=50. Planned: 10, 100"),
        ("server=threaded,workload=churn", "none has workload=churn. Planned: paced, game"),
    ],
)
def test_one_for_no_step_is_refused_with_what_there_is(selection, message):
    planned = plan("errors < 1", f"errors{{{selection}}} < 1")
    with pytest.raises(ValueError, match="is for no planned step") as caught:
        check_thresholds(planned, [])
    assert str(caught.value).endswith(message)


def test_what_is_left_out_is_named_beside_it():
    with pytest.raises(ValueError, match=r"Planned: 10, 100 \(left out: 10,000 connections: few"):
        check_thresholds(plan("errors{connections=10k} < 1"), ["10,000 connections: few files"])
