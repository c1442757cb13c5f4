"""How the values of arguments are read, and the one line that refuses them."""

import argparse

import pytest

from c10k.cli.arguments import Parser, port, whole, within
from c10k.outcome import CommandError
from c10k.servers.framework.quantities import number, seconds


@pytest.mark.parametrize(
    ("kind", "text", "message"),
    [
        (within(seconds, 0, 60, above=True, unit=" s"), "0", "above 0 and at most 60 s; got '0'"),
        (
            within(seconds, 0, 60, above=True, unit=" s"),
            "61s",
            "above 0 and at most 60 s; got '61s'",
        ),
        (within(number, 1e-6, 1e6), "0", "must be from 0.000001 to 1,000,000; got '0'"),
        (within(number, 0.5, 2), "many", "such as 0.5, 100 or 10k; got 'many'"),
        (port, "0", "must be from 1 to 65,535; got '0'"),
        (port, "8k", "written in digits; got '8k'"),
    ],
)
def test_what_is_refused_is_told_with_its_bounds(kind, text, message):
    with pytest.raises(argparse.ArgumentTypeError, match=r"^[^\n]*$") as raised:
        kind(text)
    assert message in str(raised.value)


def test_bounds_are_within():
    assert within(number, 0.5, 2)("0.5") == 0.5
    assert within(number, 0.5, 2)("2") == 2
    assert port("65535") == 65535
    assert whole("18446744073709551615") == (1 << 64) - 1


def test_an_error_is_one_line_that_names_the_help():
    parser = Parser(prog="c10k load")
    parser.add_argument("-c", type=port)
    with pytest.raises(CommandError) as raised:
        parser.parse_args(["-c", "a\nb"])
    assert str(raised.value) == (
        r"-c: a whole number is written in digits; got 'a\nb'; see `c10k load --help`"
    )
