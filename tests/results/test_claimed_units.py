import math

import pytest

from c10k.results.claimed_units import printed_value


@pytest.mark.parametrize(
    ("text", "measure", "value"),
    [
        ("500", "max_connections", 500),
        ("10,000", "max_connections", 10_000),
        ("8,192 KB", "resident_bytes_per_connection", 8 * 2**20),
        ("78.2 GB", "added_resident_bytes", 78.2 * 2**30),
        ("0.3", "cpu_efficiency", 0.3),
        ("50 us", "response_p50_ms", 0.05),
        ("5 ms", "", 5),
    ],
)
def test_a_figure_has_the_value_of_its_text(text, measure, value):
    assert printed_value(text, measure) == pytest.approx(value)


@pytest.mark.parametrize(("text", "measure"), [("", "response_p50_ms"), ("5 KB", "switch_ms")])
def test_no_figure_and_one_in_another_unit_have_none(text, measure):
    assert math.isnan(printed_value(text, measure))
