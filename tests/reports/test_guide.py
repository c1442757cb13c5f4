"""Which of the two kinds fits whom."""

import pytest

from c10k.reports import guide

CROSSING = {
    "threaded": {10: 8_000.0, 100: 4_000.0, 1_000: 1_000.0},
    "asyncio_streams": {10: 1_000.0, 100: 4_000.0, 1_000: 8_000.0},
}
THREADS = {"threaded": dict.fromkeys((10, 100, 1_000), 8_000.0), "asyncio_streams": {}}
ALIKE = {"threaded": {}, "asyncio_streams": {}}


@pytest.fixture
def rates(make):
    """A run of servers that are alike in all but throughput: messages/s by server and clients."""

    def made(of, also=lambda step: None, workloads=("saturated",)):
        def change(step):
            step.median_ms, step.sigma, step.cpu_us, step.starved = 1.0, 0.2, 20.0, 0
            step.messages_per_s = of[step.server].get(step.connections, 1_000.0)
            also(step)

        return make(workloads=workloads, change=change)

    return made


def cells(measured, by, measure):
    """The texts of a line of the guide: who is better, and where they cross."""
    table = guide.table(measured)
    (row,) = (
        row
        for row in table.sections[0].rows
        if row[0].text.startswith(by) and row[1].text == measure
    )
    return row[2].text, row[3].text


def test_it_says_who_is_better_before_and_after_they_cross(rates):
    measured = rates(CROSSING)
    better, crossing = cells(measured, "saturated", "messages/s")
    assert better == (
        "threaded, 8.0×, at 10; no clear difference at 100; asyncio_streams, 8.0×, at 1,000"
    )
    assert crossing.startswith("100 clients")
    crossing, few, many, sure = guide.sentences(measured)
    assert crossing.startswith("They cross at 100 clients [")
    assert crossing.endswith("] in messages/s, saturated.")
    assert few == "With 10 clients threads fit saturated."
    assert many == "With 1,000 clients the event loop fits saturated."
    assert sure.startswith(
        "How sure: of 9 comparisons of the two 2 show a clear difference, 7 none, and 0 are open"
    )


def test_a_server_that_is_better_at_every_step_has_no_crossing(rates):
    told = cells(rates(THREADS), "saturated", "messages/s")
    assert told == ("threaded, 8.0×, from 10 to 1,000", "")


def test_the_sentences_say_that_no_server_overtakes_the_other(rates):
    crossing, few, many, sure = guide.sentences(rates(ALIKE, workloads=("paced", "saturated")))
    assert crossing == "At no step does the one overtake the other."
    assert few == "With 10 clients either fits paced and saturated."
    assert many == "With 1,000 clients either fits paced and saturated."
    assert " 0 show a clear difference, 15 none, and 0 are open" in sure


def test_each_better_by_something_leaves_the_choice_open(rates):
    def dear(step):
        step.cpu_us = 90.0 if step.server == "threaded" else 20.0

    _, few, _, _ = guide.sentences(rates(THREADS, dear))
    assert few == "With 10 clients either fits saturated."


@pytest.mark.parametrize("unfit", [{"loader_limited": True}, {"others": 1.54}, {"stolen": 0.2}])
def test_unfit_steps_decide_nothing(make, unfit):
    measured = make(steps=(10, 100), change=lambda step: vars(step).update(unfit))
    assert {row[0].text for row in guide.table(measured).sections[0].rows} == {"memory"}
    assert list(guide.sentences(measured)) == []


def test_a_disturbed_step_is_left_out_and_said_to_be(rates):
    def disturb(step):
        step.others = 1.54 if step.connections == 100 else 0.0

    measured = rates(THREADS, disturb)
    better, _crossing = cells(measured, "saturated", "messages/s")
    assert better == (
        "threaded, 8.0×, at 10; not judged at 100: disturbed, other processes used 154 % of a "
        "CPU; threaded, 8.0×, at 1,000"
    )
    *_, sure = guide.sentences(measured)
    assert " 2 show a clear difference, 4 none, and 3 are open" in sure


def test_servers_that_cannot_be_compared_or_are_of_one_kind_need_no_guide(make):
    def speak(step):
        step.protocol = "http" if step.server == "asyncio_streams" else "echo"

    for measured in (make(change=speak), make(servers={"asyncio_streams": "event loop"})):
        assert guide.table(measured) is None
        assert list(guide.sentences(measured)) == []


def test_memory_has_room_for_so_many(make):
    room, _ = cells(make(), "memory", "1.00 GB")
    assert room.startswith("room for ")
    assert " of threaded and " in room
