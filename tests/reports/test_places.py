"""A place for each step."""

import shlex

from c10k.reports.answer import answer
from c10k.reports.places import command, meanings, places
from c10k.reports.summary import markdown, terminal_summary


def test_every_step_has_a_place_with_all_that_was_recorded(make):
    def trouble(step):
        if (step.server, step.connections) == ("threaded", 100):
            step.status, step.reason, step.log_tail = "partial", "4 × timeout", "<b>oh</b>"
            step.errors = {"timeout": 4}

    measured = make(change=trouble, steps=(10, 100), repeats=2)
    found = places(measured)
    assert [place.point for place in found] == measured.points()
    assert len({place.anchor for place in found}) == len(found)
    troubled = next(place for place in found if place.symbols == "†")
    assert [each.repeat for each in troubled.repeats] == [0, 1]
    assert troubled.repeats[0].causes == {"timeout": 4}
    assert troubled.repeats[0].log_tail == "<b>oh</b>"
    assert dict(troubled.figures).keys() <= dict(meanings()).keys()


def test_above_the_figures_of_a_step_stands_how_many_messages_got_no_reply(make):
    def lose(step):
        step.messages_per_s = 10_000.0
        step.lost = 17 * 30 if (step.server, step.connections) == ("threaded", 100) else 0
        step.status = "partial" if step.lost else "ok"

    measured = make(change=lose, workloads=("saturated",), steps=(10, 100), windows=2)
    told = {str(place.point): place.unanswered for place in places(measured)}
    of = sum(row["due"] for row in measured.rows(measured.points()[2]))
    lost = f"1,020 of {of:,} due messages had no correct reply by the end of the load (1.7 %)"
    assert told.pop("threaded, saturated, 100") == lost
    assert set(told.values()) == {""}
    sentence = f"threaded, saturated, at 100 ({lost})."
    answered = answer(measured)
    assert sentence in answered.sentences
    assert sentence in " ".join(terminal_summary(measured.run).split())
    assert "1,020 of" in markdown(measured, answered)


def test_a_few_lost_messages_are_reported_only_at_their_step(make):
    def lose(step):
        step.messages_per_s = 10_000.0
        step.lost, step.status = 3, "partial"

    measured = make(change=lose, workloads=("saturated",), steps=(10, 100))
    assert all("3 of" in place.unanswered for place in places(measured))
    assert measured.unanswered() == ""


def test_the_command_repeats_the_step_alone(make):
    measured = make(servers={"threaded,stack=256k": "thread per connection"}, steps=(10, 100))
    words = shlex.split(command(measured, measured.points()[0]))
    assert words[:4] == ["c10k", "run", "--server", "threaded,stack=256k"]
    assert words[words.index("--steps") + 1] == "10"
    measured.manifest["servers"][0]["definition"] = "mine=./a b; rm {port}"
    words = shlex.split(command(measured, measured.points()[0]))
    assert words[:4] == ["c10k", "run", "--command", "mine=./a b; rm {port}"]


def test_a_workload_of_ones_own_is_asked_for_as_it_was(make):
    measured = make(steps=(10, 100))
    point = measured.points()[0]
    own = {"name": point.workload, "arguments": ["--workload", "mine,rate=5", "--size", "4096"]}
    measured.manifest["workloads"] = [own]
    text = command(measured, point)
    assert "--workload mine,rate=5 --size 4096 --steps 10 --repeat 1" in text
