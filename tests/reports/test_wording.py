import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from c10k.reports import wording


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.1119, "0.112"),
        (9.999, "10.0"),
        (0.99999, "1.00"),
        (99.96, "100"),
        (43_120.4, "43,120"),
        (0, "0"),
        (-3.2, "\N{MINUS SIGN}3.20"),
        (-0.0004, "0.000"),
        (math.nan, "—"),
    ],
)
def test_numbers_have_three_digits(value, text):
    assert wording.number(value) == text


@given(st.floats(0.1, 1e9))
def test_a_number_reads_back_within_half_a_percent(value):
    assert float(wording.number(value).replace(",", "")) == pytest.approx(value, rel=5e-3)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (-0.3, "0 B"),
        (10, "10 B"),
        (23 * 1024, "23.0 KB"),
        (8 * 1024**2, "8.00 MB"),
        (78.2 * 1024**3, "78.2 GB"),
    ],
)
def test_sizes_are_powers_of_1024(value, text):
    assert wording.size(value) == text


@pytest.mark.parametrize(
    ("value", "text"),
    [
        *(
            (0.002805, "0.0028×"),
            (1.04, "1.04×"),
            (1.05, "1.1×"),
            (12.6, "13×"),
            (2048, "2,048×"),
            (math.nan, "—"),
        ),
        (0.00997, "0.010×"),
        *((-0.5, f"{wording.MINUS}0.50×"), (-2048, f"{wording.MINUS}2,048×")),  # of what fell
    ],
)
def test_ratios(value, text):
    assert wording.ratio(value) == text


def test_nearly_all_is_not_all():
    assert wording.share(0.99987) == "99.9 %"
    assert wording.share(1) == "100 %"
    assert wording.share(-0.31) == "\N{MINUS SIGN}31 %"


def test_an_interval_says_its_unit_once():
    assert wording.BYTES.between(22.4 * 1024, 23.6 * 1024) == "22.4–23.6 KB"
    assert wording.BYTES.between(900, 2048) == "900 B–2.00 KB"
    assert wording.SHARE.between(-0.31, -0.2) == "\N{MINUS SIGN}31 to \N{MINUS SIGN}20 %"
    assert wording.MS.between(1.0, 1.0) == "1.00 ms"


def test_clients_are_counted():
    assert [wording.clients(n) for n in (1, 10_000)] == ["1 client", "10,000 clients"]


def test_joined():
    assert [wording.joined(list("abc"[:n])) for n in range(4)] == ["", "a", "a and b", "a, b and c"]


@settings(max_examples=40)
@given(st.text(), st.integers(2, 40))
def test_a_text_that_is_too_long_keeps_both_its_ends(text, length):
    short = wording.shortened(text, length)
    assert len(short) == min(length, len(text))
    if short != text:
        head, _, tail = short.partition("…") if "…" not in text else ("", "", "")
        assert text.startswith(head)
        assert text.endswith(tail)


def test_labels_of_two_interpreters_stay_different_when_shortened():
    ours = "threaded,python=/opt/3.12/bin/python", "threaded,python=/opt/3.13/bin/python"
    assert len({wording.shortened(label, 30) for label in ours}) == 2
