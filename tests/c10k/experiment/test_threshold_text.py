"""Thresholds as people write them, rightly and wrongly."""

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from c10k.experiment.threshold_text import COLUMNS, KEYS, objective, threshold
from c10k.results.thresholds import OPERATORS, Threshold

NAMES = st.text("abcxyz_019.", min_size=1)
SETTINGS = st.lists(st.tuples(NAMES | st.sampled_from(KEYS), NAMES).map("=".join), max_size=3)
SERVERS = st.tuples(NAMES, SETTINGS).map(lambda spec: ",".join((spec[0], *spec[1])))
ONLY = st.fixed_dictionaries(
    {}, optional={"server": SERVERS, "workload": NAMES, "connections": st.integers(1, 10**9)}
)


def quoted(value):
    """Only a SPEC with an option that is called as a key is must be."""
    return f'"{value}"' if any(f",{key}=" in str(value) for key in KEYS) else value


LIMITS = st.floats(allow_nan=False, allow_infinity=False)
SPACE = st.sampled_from(["", " ", "\t", "  "])


@given(st.sampled_from(COLUMNS), ONLY, st.sampled_from(list(OPERATORS)), LIMITS, SPACE, st.data())
def test_what_is_written_is_read(column, only, comparison, limit, space, data):
    keys = data.draw(st.permutations(list(only)))
    selection = f",{space}".join(f"{key}{space}={space}{quoted(only[key])}" for key in keys)
    parts = (column, f"{{{selection}}}" if keys else "", comparison, repr(limit))
    read = threshold(space.join(parts))
    assert (read.column, read.only, read.comparison, read.limit) == (
        column, only, comparison, limit,
    )  # fmt: skip
    assert threshold(read.text) == read


@given(st.text() | st.text('errors{}<>=,123 "server'))
@example("errors < 1")
def test_any_other_text_is_refused_in_one_line(text):
    try:
        read = threshold(text)
    except ValueError as error:
        assert "\n" not in str(error)  # noqa: PT017 (most texts are refused, some are not)
    else:
        assert read.column in COLUMNS


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("respons_p99_ms < 50", "no column 'respons_p99_ms' of numbers: did you mean 'response_p9"),
        ("status < 50", "no column 'status' of numbers"),
        ("loader_limited < 1", "no column 'loader_limited' of numbers"),
        ("zzz < 50", "no column 'zzz' of numbers. --json lists the columns"),
        ("errors", "a threshold is a column, <, <=, > or >=, and a number, such as 'resp"),
        ("errors = 5", "a threshold is a column, <, <=, > or >=, and a number"),
        ("errors{server=x < 5", "a threshold is a column, <, <=, > or >=, and a number"),
        ("errors < 50ms", "errors is compared with a number without a unit, such as 50; got '50ms"),
        ("errors <", "errors is compared with a number without a unit, such as 50; got ''"),
        ("errors < nan", "without a unit, such as 50; got 'nan'"),
        ("errors < inf", "without a unit, such as 50; got 'inf'"),
        ("errors < 1 < 2", "without a unit, such as 50; got '1 < 2'"),
        ("errors{sever=x} < 5", "no key 'sever': did you mean 'server'? Known: server, workload, "),
        ("errors{} < 5", "no key ''. Known: server, workload, connections"),
        ("errors{server=} < 5", "server needs a value: write server=VALUE"),
        ("errors{server=a,server=b} < 5", "server is given twice: write a threshold for each, or"),
        ("errors{server=nginx,connections=2k,connections=1} < 5", "or quote the SPEC whose option"),
        ("errors{connections=few} < 5", "a count is a whole number, such as 100, 1,000 or 10k"),
    ],
)
def test_what_is_wrong_is_named_with_its_remedy(text, message):
    with pytest.raises(ValueError) as caught:  # noqa: PT011 (the message is below)
        threshold(text)
    assert message in str(caught.value)


def test_a_count_is_written_as_everywhere():
    for text in ("1000", "1,000", "1k"):
        read = threshold(f"errors{{connections={text},workload=paced}} < 1")
        assert read.only == {"connections": 1000, "workload": "paced"}


def test_the_objective_says_all_that_it_asks_for():
    text = "response_p99_ms <= 12.5 and no failed message"
    assert objective(12.5) == Threshold(
        text, "response_p99_ms", "<=", 12.5, {}, no_failed_message=True
    )
    assert objective(100.0).text.startswith("response_p99_ms <= 100 and")
