"""T5."""

import pytest

from c10k.reports.chapter.time import PARTS, breakdown, where_time_goes
from tests.reports.chapter.cells import row


def test_the_parts_of_a_message_make_up_its_time(measured):
    table = breakdown(measured)
    for record in table.records:
        parts = [record[part] for part in PARTS]
        if all(part == part for part in parts):
            assert sum(parts) == pytest.approx(record["message_ms"])
            assert all(part >= 0 for part in parts)
    assert any(record["socket_ms"] != record["socket_ms"] for record in table.records)


def test_a_message_takes_by_littles_law_as_long_as_the_clients_by_the_rate(measured, step):
    (record,) = (
        record
        for record in breakdown(measured).records
        if (record["server"], record["workload"], record["connections"])
        == ("threaded", "saturated", 1_000)
    )
    rate = step("threaded", "saturated", 1_000, "messages_per_s")
    assert record["message_ms"] == pytest.approx(1e3 * 1_000 / rate)
    waited_s = step("threaded", "saturated", 1_000, "lock_wait_s")
    messages = step("threaded", "saturated", 1_000, "messages")
    assert record["lock_ms"] == pytest.approx(1e3 * waited_s / messages)


def test_the_chapters_parts_stand_beside_them(measured):
    table = where_time_goes(measured)
    cells = row(table, "saturated", "waiting for a CPU", "threaded")
    assert cells["claimed"].text == "10 ms"
    assert cells["measured"].value > 0
    loop = row(table, "saturated", "waiting for a CPU", "asyncio_streams")
    assert loop["claimed"].text == loop["verdict"].text == "—"
    lock = row(table, "saturated", "waiting for a lock", "threaded")
    assert lock["claimed"].text == "—"
