"""The picture of the first screen: who got no reply under full load."""

from c10k.reports.figures.answer import answer


def test_a_panel_says_how_many_clients_got_no_reply(measured, draw):
    (drawn,) = draw(measured, answer).values()
    assert "threaded: 6,500 of 10,000 clients got no reply" in drawn.texts
    assert "asyncio_streams: all 10,000 clients got replies" in drawn.texts
    assert drawn.picture.alt == (
        "Response times over time, saturated: threaded: 6,500 of 10,000 clients got no reply; "
        "asyncio_streams: all 10,000 clients got replies."
    )


def test_its_slices_are_those_of_the_largest_step_of_both(measured, draw):
    (drawn,) = draw(measured, answer).values()
    for server in ("threaded", "asyncio_streams"):
        rows = [row for row in drawn.picture.records if row["server"] == server]
        slices = measured.run.slices(server, "saturated", 10_000)
        assert [(row["start_s"], row["messages"]) for row in rows] == [
            (start_s, histogram.total) for start_s, _length, histogram in slices
        ]
        titles = [title for title in drawn.titles if title.startswith(f"{server} at ")]
        assert len(titles) == len(rows)


def test_a_slice_without_replies_is_hatched(make, draw, monkeypatch):
    measured = make()
    whole = measured.run.slices("threaded", "saturated", 1_000)
    empty = type(whole[0][2])()
    (start_s, length_s, _histogram), *others = whole
    slices = type(measured.run).slices

    def stalled(run, server, *step):
        found = [(start_s, length_s, empty), *others]
        return found if server == "threaded" else slices(run, server, *step)

    before = next(iter(draw(measured, answer).values())).picture.svg
    monkeypatch.setattr(type(measured.run), "slices", stalled)
    (drawn,) = draw(measured, answer).values()
    assert "threaded at 0 ms: no reply at all" in drawn.titles
    assert drawn.picture.svg.count("<pattern") > before.count("<pattern")


def test_a_step_that_one_of_them_failed_gives_way_to_a_smaller_one(make, draw):
    def fail(behaviour):
        if (behaviour.server, behaviour.connections) == ("threaded", 1_000):
            behaviour.status, behaviour.connected = "failed", 0

    (drawn,) = draw(make(change=fail), answer).values()
    assert any(text.startswith("threaded: all 100 clients") for text in drawn.texts)


def test_a_run_without_a_closed_loop_has_no_such_picture(make, draw):
    assert draw(make(workloads=("paced",)), answer) == {}


def test_a_server_that_was_not_measured_under_load_has_no_panel(make, draw):
    servers = {"threaded": "thread per connection", "forking": "process per connection"}
    measured = make(servers=servers, skip=lambda b: b.server == "forking" and b.workload != "paced")
    (drawn,) = draw(measured, answer).values()
    assert {row["server"] for row in drawn.picture.records} == {"threaded"}
