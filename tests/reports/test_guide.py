"""Which of the two kinds fits whom."""

import pytest

from c10k.reports import guide


def cells(measured, by, measure):
    """The texts of a line of the guide: who is better, and where they cross."""
    table = guide.table(measured)
    (row,) = (
        row
        for row in table.sections[0].rows
        if row[0].text.startswith(by) and row[1].text == measure
    )
    return row[2].text, row[3].text


def test_who_is_better_by_clients_and_where_they_cross(make):
    def cross(step):
        step.messages_per_s = {
            "threaded": {10: 8_000.0, 100: 4_000.0, 1_000: 1_000.0},
            "asyncio_streams": {10: 1_000.0, 100: 4_000.0, 1_000: 8_000.0},
        }[step.server][step.connections]

    better, crossing = cells(make(change=cross), "saturated", "messages/s")
    assert better == (
        "threaded, 8.0×, at 10; no clear difference at 100; asyncio_streams, 8.0×, at 1,000"
    )
    assert crossing.startswith("100 clients")


def test_a_server_that_is_better_at_every_step_has_no_crossing(make):
    def threads(step):
        step.messages_per_s = {"threaded": 8_000.0, "asyncio_streams": 1_000.0}[step.server]

    better, crossing = cells(make(change=threads), "saturated", "messages/s")
    assert better == "threaded, 8.0×, from 10 to 1,000"
    assert crossing == ""


@pytest.mark.parametrize("unfit", [{"loader_limited": True}, {"others": 1.54}, {"stolen": 0.2}])
def test_unfit_steps_decide_nothing(make, unfit):
    measured = make(change=lambda step: vars(step).update(unfit))
    assert {row[0].text for row in guide.table(measured).sections[0].rows} == {"memory"}
    assert list(guide.sentences(measured)) == []


def test_a_disturbed_step_is_left_out_and_said_to_be(make):
    def threads(step):
        step.messages_per_s = {"threaded": 8_000.0, "asyncio_streams": 1_000.0}[step.server]
        step.others = 1.54 if step.connections == 100 else 0.0

    better, _crossing = cells(make(change=threads), "saturated", "messages/s")
    assert better == (
        "threaded, 8.0×, at 10; not judged at 100: disturbed, other processes used 154 % of a "
        "CPU; threaded, 8.0×, at 1,000"
    )


def test_servers_that_cannot_be_compared_have_no_guide(make):
    def speak(step):
        step.protocol = "http" if step.server == "asyncio_streams" else "echo"

    measured = make(change=speak)
    assert guide.table(measured) is None
    assert list(guide.sentences(measured)) == []


def test_memory_has_room_for_so_many(make):
    room, _ = cells(make(), "memory", "1.00 GB")
    assert room.startswith("room for ")
    assert " of threaded and " in room


def test_one_kind_of_server_needs_no_guide(make):
    measured = make(servers={"asyncio_streams": "event loop"})
    assert guide.table(measured) is None
    assert list(guide.sentences(measured)) == []


def _rates(**of):
    """Both alike in all but throughput: messages/s by server and clients."""

    def change(step):
        step.median_ms, step.sigma, step.cpu_us, step.starved = 1.0, 0.2, 20.0, 0
        step.messages_per_s = of[step.server].get(step.connections, 1_000.0)

    return change


def test_the_sentences_say_where_they_cross_and_who_fits_before_and_after(make):
    change = _rates(
        threaded={10: 8_000.0, 100: 4_000.0, 1_000: 1_000.0},
        asyncio_streams={10: 1_000.0, 100: 4_000.0, 1_000: 8_000.0},
    )
    crossing, few, many, sure = guide.sentences(make(workloads=("saturated",), change=change))
    assert crossing.startswith("They cross at 100 clients [")
    assert crossing.endswith("] in messages/s, saturated.")
    assert few == "With 10 clients threads fit saturated."
    assert many == "With 1,000 clients the event loop fits saturated."
    assert sure.startswith(
        "How sure: of 9 comparisons of the two 2 show a clear difference, 7 none, and 0 are open"
    )


def test_the_sentences_say_that_no_server_overtakes_the_other(make):
    alike = _rates(threaded={}, asyncio_streams={})
    crossing, few, many, sure = guide.sentences(make(change=alike))
    assert crossing == "At no step does the one overtake the other."
    assert few == "With 10 clients either fits paced and saturated."
    assert many == "With 1,000 clients either fits paced and saturated."
    assert " 0 show a clear difference, 15 none, and 0 are open" in sure


def test_each_better_by_something_leaves_the_choice_open(make):
    def change(step):
        _rates(threaded={}, asyncio_streams={})(step)
        if step.server == "threaded":
            step.messages_per_s, step.cpu_us = 4_000.0, 90.0

    _, few, _, _ = guide.sentences(make(workloads=("saturated",), change=change))
    assert few == "With 10 clients either fits saturated."


def test_comparisons_at_loader_limited_steps_are_open(make):
    def change(step):
        _rates(threaded={}, asyncio_streams={})(step)
        step.loader_limited = step.connections == 10

    *_, sure = guide.sentences(make(workloads=("saturated",), change=change))
    assert " 0 show a clear difference, 6 none, and 3 are open" in sure
