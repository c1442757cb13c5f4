"""Step details: what was recorded, how to repeat a step, and what went wrong."""

import shlex

from c10k.reports.model.quantity import Flag
from c10k.reports.page.details import command, flagged, glossary, ramps


def test_every_step_is_stated_once_with_what_went_wrong(make):
    def trouble(step):
        if (step.server, step.connections, step.repeat) == ("threaded", 100, 1):
            step.status, step.reason, step.log_tail = "partial", "4 × timeout", "<b>oh</b>"
            step.errors = {"timeout": 4}

    measured = make(change=trouble, workloads=("paced",), steps=(10, 100), repeats=2)
    steps = {
        f"{ramp.title}, {step.connections}": step for ramp in ramps(measured) for step in ramp.steps
    }
    assert steps.keys() == set(map(str, measured.points()))
    (step,) = (each for each in steps.values() if each.troubled)
    assert (step.id, list(step.flags)) == ("step-1-100", [Flag.PARTIAL])
    (row,) = step.troubled
    assert (row["repeat"], row["status"], row["log_tail"]) == (1, "partial", "<b>oh</b>")


def test_each_column_has_its_value_and_interval_at_every_step(make):
    columns = dict(ramps(make(steps=(10, 100), repeats=3))[0].columns)
    assert columns["connected"] == [("10", ""), ("100", "")]
    value, interval = columns["response_p50_ms"][0]
    low, high = map(float, interval.split("–"))
    assert low < float(value) < high


def test_the_glossary_has_every_column(make):
    names = {name.partition("…")[0] for name, meaning in glossary() if meaning}
    for name, _values in ramps(make(steps=(10,)))[0].columns:
        assert name in names or any(name.startswith(each) for each in names if each[-1] == "_")


def test_above_the_figures_of_a_step_stands_how_many_messages_got_no_reply(make):
    def lose(step):
        step.messages_per_s = 10_000.0
        step.lost = 17 * 30 if (step.server, step.connections) == ("threaded", 100) else 0

    measured = make(change=lose, workloads=("saturated",), steps=(10, 100), windows=2)
    stated = {step.id: step.unanswered for ramp in ramps(measured) for step in ramp.steps}
    due = sum(row["due"] for row in measured.rows(measured.points()[2]))
    lost = f"1,020 of {due:,} due messages had no correct reply by the end of the load (1.7 %)"
    assert stated == dict.fromkeys(stated, "") | {"step-1-100": lost}


def test_a_flag_is_stated_once_with_the_steps_that_bear_it(make):
    def disturb(step):
        step.others = 0.5 if step.server == "threaded" and step.connections > 10 else 0.0

    found = flagged(ramps(make(change=disturb, workloads=("paced",))))
    assert list(found) == [Flag.DISTURBED]
    steps = found[Flag.DISTURBED]["threaded, paced"]
    stated = {step.connections: step.flags[Flag.DISTURBED] for step in steps}
    assert stated == {100: "50 %", 1_000: "50 %"}


def test_the_command_repeats_the_step_alone(make):
    measured = make(servers={"threaded,stack=256k": "thread per connection"}, steps=(10, 100))
    point = measured.points()[0]
    assert command(measured, point).startswith("c10k run --server threaded,stack=256k --workload ")
    measured.about.servers[0].definition = "mine=./a b; rm {port}"
    measured.about.workloads[0].arguments = ["--workload", "mine,rate=5", "--size", "4096"]
    text = command(measured, point)
    assert shlex.split(text)[:4] == ["c10k", "run", "--command", "mine=./a b; rm {port}"]
    assert "--workload mine,rate=5 --size 4096 --steps 10 --repeat 1" in text
