"""Which of the two kinds fits whom."""

from reports import guide


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


def test_who_is_better_at_every_step_crosses_nobody(make):
    def threads(step):
        step.messages_per_s = {"threaded": 8_000.0, "asyncio_streams": 1_000.0}[step.server]

    better, crossing = cells(make(change=threads), "saturated", "messages/s")
    assert better == "threaded, 8.0×, from 10 to 1,000"
    assert crossing == ""


def test_what_the_loader_limited_decides_nothing(make):
    measured = make(change=lambda step: setattr(step, "loader_limited", True))
    assert {row[0].text for row in guide.table(measured).sections[0].rows} == {"memory"}


def test_memory_has_room_for_so_many(make):
    room, _ = cells(make(), "memory", "1.00 GB")
    assert room.startswith("room for ")
    assert " of threaded and " in room


def test_one_kind_of_server_needs_no_guide(make):
    assert guide.table(make(servers={"asyncio_streams": "an event loop"})) is None
