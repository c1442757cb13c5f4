"""How the values of arguments are read, and the one line that refuses them."""

import argparse
from typing import Annotated

import pytest

from c10k.cli.arguments import port
from c10k.cli.main import Parser
from c10k.loadgen.option import option
from c10k.options import argument, digits
from c10k.outcome import CommandError

TIME = argument(Annotated[float, option("", "duration", gt=0, le=60, unit=" s")])
RATE = argument(Annotated[float, option("", "number", ge=1e-6, le=1e6)])
HALF_TO_TWO = argument(Annotated[float, option("", "number", ge=0.5, le=2)])


@pytest.mark.parametrize(
    ("kind", "text", "message"),
    [
        (TIME, "0", "above 0 and at most 60 s; got '0'"),
        (
            TIME,
            "61s",
            "above 0 and at most 60 s; got '61s'",
        ),
        (RATE, "0", "must be from 0.000001 to 1,000,000; got '0'"),
        (HALF_TO_TWO, "many", "such as 0.5, 100 or 10k; got 'many'"),
        (port, "0", "must be from 1 to 65,535; got '0'"),
        (port, "8k", "written in digits; got '8k'"),
    ],
)
def test_what_is_refused_is_stated_with_its_bounds(kind, text, message):
    with pytest.raises(argparse.ArgumentTypeError, match=r"^[^\n]*$") as raised:
        kind(text)
    assert message in str(raised.value)


def test_bounds_are_within():
    assert HALF_TO_TWO("0.5") == 0.5
    assert HALF_TO_TWO("2") == 2
    assert port("65535") == 65535
    assert digits("18446744073709551615") == (1 << 64) - 1


def test_an_error_is_one_line_that_names_the_help():
    parser = Parser(prog="c10k load")
    parser.add_argument("-c", type=port)
    with pytest.raises(CommandError) as raised:
        parser.parse_args(["-c", "a\nb"])
    assert str(raised.value) == (
        r"-c: a whole number is written in digits; got 'a\nb'; see `c10k load --help`"
    )
