import re
from itertools import pairwise

import pytest
from hypothesis import strategies as st

from c10k.results import spectrum
from c10k.results.histogram import Histogram
from tests.results.conftest import given_few, histogram_of


@given_few(st.lists(st.integers(1_000, 10**12), min_size=1, max_size=300))
def test_the_levels_climb_and_count_the_values_up_to_each(values):
    levels = list(spectrum.levels(histogram_of(*values)))
    for level in levels:
        assert level.reached == sum(value <= level.value_ns for value in values)
        assert level.reached >= level.percentile / 100 * len(values) - 1e-6
    assert levels[0].percentile == 0
    assert levels[-1].percentile == 100
    assert levels[-1].reached == len(values)
    assert levels[-1].value_ns >= max(values)
    for before, after in pairwise(levels):
        assert before.percentile < after.percentile
        assert before.value_ns <= after.value_ns


def test_the_steps_are_those_of_hdrhistogram():
    """Five to each halving of what is left to 100 %."""
    percentiles = [
        level.percentile for level in spectrum.levels(histogram_of(*range(1_000, 10**7, 1_000)))
    ]
    steps = [0, 10, 20, 30, 40, 50, 55, 60, 65, 70, 75, 77.5, 80, 82.5, 85, 87.5, 88.75]
    assert percentiles[: len(steps)] == pytest.approx(steps)


def test_the_text_is_laid_out_as_its_readers_expect():
    lines = spectrum.text(histogram_of(*[1_000_000] * 9, 5_000_000)).splitlines()
    assert lines[0].split() == ["Value", "Percentile", "TotalCount", "1/(1-Percentile)"]
    assert lines[2].split() == ["1.000", "0.000000000000", "9", "1.00"]
    rows = [line.split() for line in lines[2:] if not line.startswith("#")]
    assert all(re.fullmatch(r"0\.\d{12}|1\.0{12}", row[1]) for row in rows)
    assert rows[-1][1:] == ["1.000000000000", "10"]
    assert lines[-3].startswith("#[Mean    =        1.4")
    assert "1.2" in lines[-3].split("StdDeviation")[1]  # the root of 9 · 0.4² + 3.6² tenths
    assert lines[-2].endswith("Total count    =           10]")


def test_an_empty_histogram_has_no_levels():
    assert list(spectrum.levels(Histogram())) == []
    assert "Total count    =            0" in spectrum.text(Histogram())
