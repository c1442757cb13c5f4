import math

import pytest

from c10k.results.shape import COUNT, FACT, LIMIT, NUMBER, POSITIVE, TEXT, WORDS, misfits, parsed

BEYOND = (int(LIMIT), -int(LIMIT), 10**400, math.inf, -math.inf)
OTHERS = (None, True, [], {}, [1], {"a": 1})


@pytest.mark.parametrize(
    ("kind", "fitting", "others"),
    [
        (TEXT, ["", "a"], [1, *OTHERS]),
        (WORDS, ["", "a", [], ["a", "b"]], [1, None, True, {}, ["a", 1], [["a"]]]),
        (NUMBER, [0, -1, 1.5, math.nan, int(LIMIT) - 1], ["1", *BEYOND, *OTHERS]),
        (POSITIVE, [1, 5e-324], [0, -1, math.nan, "1", *BEYOND, *OTHERS]),
        (COUNT, [0, 1, int(LIMIT) - 1], [-1, 1.0, math.nan, "1", *BEYOND, *OTHERS]),
        (FACT, [None, True, "", 0, math.nan], [*BEYOND, [], {}]),
    ],
    ids=lambda each: getattr(each, "name", ""),
)
def test_a_kind_takes_its_own_and_nothing_else(kind, fitting, others):
    assert [value for value in fitting if not kind.fits(value)] == []
    assert [value for value in others if kind.fits(value)] == []


SHAPE = {"name": TEXT, "steps?": [COUNT], "servers?": [{"label": TEXT}], "limits?": {"*": NUMBER}}


@pytest.mark.parametrize(
    "value",
    [
        {"name": "a"},
        {"name": "a", "steps": [], "servers": [], "limits": {}, "unknown": object()},
        {"name": "a", "steps": [1, 2], "servers": [{"label": "b", "c": 1}], "limits": {"as": 1.5}},
    ],
)
def test_what_fits_has_no_misfits(value):
    assert list(misfits(value, SHAPE)) == []


@pytest.mark.parametrize(
    ("value", "found"),
    [
        ({}, ["name is missing"]),
        ({"name": "a", "steps": 5}, ["steps is not a list"]),
        ({"name": 1, "steps": [1, -1, "1"]}, ["name", "steps[1]", "steps[2]"]),
        ({"name": "a", "servers": [{}, 1]}, ["servers[0].label is", "servers[1] is not an object"]),
        ({"name": "a", "limits": {"as": "1", "b": 2}}, ["limits.as is not a number"]),
    ],
)
def test_each_misfit_is_told_by_its_place(value, found):
    told = list(misfits(value, SHAPE))
    assert len(told) == len(found)
    assert all(text.startswith(start) for text, start in zip(told, found, strict=True))


def test_json_is_parsed():
    assert parsed(b'{"a": [1, NaN, "\\ud83d\\ude00"]}')["a"][2] == "\N{GRINNING FACE}"


@pytest.mark.parametrize(
    "text", ["", "{", b"\xff", 100_000 * "[", 5_000 * "9", r'"\ud800"', r'{"\udfff": 1}']
)
def test_what_is_no_json_or_cannot_be_written_is_a_value_error(text):
    with pytest.raises(ValueError, match=r"."):
        parsed(text)
