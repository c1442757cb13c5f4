"""Between which steps one server overtakes the other."""

import pytest

from c10k.reports.comparisons.crossings import crossings
from c10k.reports.comparisons.pairs import CPU, THROUGHPUT, Contrast
from c10k.reports.model.quantity import NOTHING
from c10k.results.comparison import Comparison, Outcome

STEPS = (10, 100, 500, 1_000)


def contrasts(outcomes, measure=THROUGHPUT):
    """One per step: `+` where the first has clearly more, `-` the second, else the outcome."""
    ratios = {"+": 2.0, "-": 0.5}
    return [
        Contrast(
            *("one", "other", "saturated", step, measure, (NOTHING, NOTHING)),
            Comparison(
                ratios.get(each, 1.0),
                *(0.4, 2.5, 3),
                Outcome.CLEAR if each in ratios else Outcome(each),
            ),
        )
        for step, each in zip(STEPS, outcomes, strict=True)
    ]


def stated(outcomes, measure=THROUGHPUT):
    return [str(each) for each in crossings(contrasts(outcomes, measure))]


def test_the_bracket_is_between_the_steps_where_each_is_clearly_better():
    assert stated("+--+") == [
        "between 10 and 100 clients",
        "between 500 and 1,000 clients",
    ]
    assert stated("+--+", CPU)[0] == "between 10 and 100 clients"


@pytest.mark.parametrize("between", ["undecided", "equivalent"])
def test_steps_without_a_winner_widen_the_bracket(between):
    assert stated(["+", between, between, "-"]) == ["between 10 and 1,000 clients"]


def test_who_is_nowhere_clearly_better_does_not_overtake():
    assert stated(["+", "undecided", "equivalent", "+"]) == []
    assert stated(["indicative"] * 4) == []
