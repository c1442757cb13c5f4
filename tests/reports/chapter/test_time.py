"""T5."""

import pytest

from c10k.reports.chapter.time import PARTS, breakdown


def test_the_parts_of_a_message_make_up_its_time(measured):
    table = breakdown(measured)
    for record in table.records:
        parts = [record[part] for part in PARTS]
        if all(part == part for part in parts):
            assert sum(parts) == pytest.approx(record["message_ms"])
            assert all(part >= 0 for part in parts)
    assert any(record["socket_ms"] != record["socket_ms"] for record in table.records)
