"""What a capacity map measures."""

from c10k.experiment.config import plan_of
from c10k.experiment.feasibility import feasible
from c10k.experiment.rate_sweep import MAP_WORKLOADS, MOST_OFFERED_PER_S, is_on_the_map


def asked(**options):
    content = {"servers": ["event_loop"], "workloads": ["paced"], "steps": [10, 1000], **options}
    plan, _ = feasible(plan_of(content, str))
    return plan


def test_a_map_is_every_step_at_every_rate_that_a_loader_can_drive():
    plan = asked(map=True)
    trials = {
        (workload.rate_per_connection, trial.connections)
        for workload, _, ramp in plan.ramps()
        for trial in ramp
        if workload.name in plan.mapped
    }
    rates = [workload.rate_per_connection for workload in MAP_WORKLOADS]
    assert trials == {
        (rate, step) for rate in rates for step in (10, 1000) if rate * step <= MOST_OFFERED_PER_S
    }
    assert (1000, 1000) not in trials
    assert is_on_the_map(MAP_WORKLOADS[-1], 100)


def test_there_is_none_unless_it_is_asked_for_and_no_search_under_it():
    assert asked().mapped == ()
    assert [load.name for load in asked().workloads] == ["paced"]
    searched = asked(map=True, **{"find-max": True}).searches()
    assert [workload.name for _, workload in searched] == ["paced"]


def test_a_part_of_it_can_be_measured_alone():
    plan = asked(workloads=["map_10"])
    assert [load.name for load in plan.workloads] == ["map_10"]
    assert plan.mapped == ()
    both = asked(workloads=["map_10"], map=True)
    assert both.servers[0].workloads.count("map_10") == 1
