import math

import pytest

from c10k.reports.comparisons.pairs import CPU, MEMORY, Contrast
from c10k.reports.comparisons.published import favours, judge
from c10k.reports.model.quantity import NOTHING, Flag, Quantity
from c10k.results.comparison import Comparison, Outcome


def pair(ratio, outcome=Outcome.CLEAR, measure=MEMORY, why=""):
    comparison = Comparison(ratio, ratio / 1.01, ratio * 1.01, 5, outcome)
    return Contrast("a", "b", "paced", 0, measure, (NOTHING, NOTHING), comparison, why)


@pytest.mark.parametrize(
    ("quantity", "contrast", "stated"),
    [
        (Quantity(10, 9, 11), None, "confirmed"),
        (Quantity(10, 6.6, 11), None, "undecided"),  # 6.6 is below 10 ÷ 1.5
        (Quantity(14, 12, 15.1), None, "undecided"),
        (Quantity(10), None, "indicative"),
        (Quantity(30, 29, 31), None, "off by 3.0×"),
        (Quantity(2.5, 2.4, 2.6), None, "off by 4.0×"),
        (Quantity(30, 29, 31), pair(5), "right direction, off by 3.0×"),
        (Quantity(30, 29, 31), pair(0.5), "contradicted, off by 3.0×"),
        (Quantity(30, 29, 31), pair(1.05, Outcome.EQUIVALENT), "contradicted, off by 3.0×"),
        (Quantity(30, 29, 31), pair(1.5, Outcome.UNDECIDED), "off by 3.0×"),
        (Quantity(30, 29, 31), pair(5, why="disturbed"), "off by 3.0×"),
        # Bounds alone.
        (Quantity(low=20, high=50), None, "off by at least 2.0×"),
        (Quantity(low=20, high=math.inf), None, "off by at least 2.0×"),
        (Quantity(low=10, high=math.inf), None, "undecided"),
        (Quantity(low=8, high=12), None, "confirmed"),
        (Quantity(low=0, high=5), None, "off by at least 2.0×"),
        (NOTHING, None, "not measured"),
        (Quantity(why="9 of 10 clients unserved"), None, "not measured: 9 of 10 clients unserved"),
        (Quantity(10, 9, 11, (Flag.DISTURBED,)), None, "undecided: disturbed"),
        (Quantity(10, 9, 11, (Flag.UNSTEADY,)), None, "confirmed"),
    ],
)
def test_a_published_figure_of_10_where_the_other_server_has_a_fourth(quantity, contrast, stated):
    assert str(judge(10, quantity, 4, contrast)) == stated


def test_other_conditions_are_not_comparable_and_say_why():
    judgement = judge(10, Quantity(10, 9, 11), why="the server had 1 CPU")
    assert str(judgement) == "not comparable: the server had 1 CPU"
    assert judgement.brief == "not comparable"


@pytest.mark.parametrize(
    ("contrasts", "stated"),
    [
        ([], "not measured"),
        ([pair(2, measure=CPU)], "contradicted"),  # the first takes more CPU
        ([pair(0.5, measure=CPU), pair(1, Outcome.UNDECIDED)], "confirmed"),
        ([pair(0.5, measure=CPU), pair(2)], "confirmed in part"),
        ([pair(1, Outcome.UNDECIDED), pair(1, Outcome.EQUIVALENT)], "undecided"),
        ([pair(1, Outcome.EQUIVALENT)], "no difference that matters"),
        ([pair(2, Outcome.INDICATIVE)], "indicative"),
        ([pair(2, why="disturbed; steal time")], "undecided: disturbed"),
    ],
)
def test_a_claim_that_the_first_is_better(contrasts, stated):
    assert str(favours(contrasts, 0)) == stated
