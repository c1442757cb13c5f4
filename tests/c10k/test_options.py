"""An option is declared once: command line, file, run.json and refusals follow."""

import argparse
import json
import tomllib
from typing import Annotated

import pytest
from msgspec import Meta, Struct, to_builtins

from c10k.experiment.plan import Plan
from c10k.options import add_options, given, read


class Wider(Plan, frozen=True, rename="kebab", forbid_unknown_fields=True, kw_only=True):
    """A plan with one more option."""

    cool_down_s: Annotated[
        float,
        Meta(
            gt=0,
            le=60,
            description="how long the machine is left alone between ramps, such as 10% of them",
            extra={"spelling": "duration", "unit": " s", "metavar": "TIME"},
        ),
    ] = 2.0


KEY = "cool-down-s"


@pytest.fixture
def parser():
    parser = argparse.ArgumentParser(exit_on_error=False)
    add_options(parser, Wider, KEY, "steps", "commands", "fit", "find-max")
    return parser


def test_it_is_an_option_of_the_command_line(parser):
    assert given(parser.parse_args([]), Wider) == {}
    assert given(parser.parse_args([f"--{KEY}", "1m"]), Wider) == {KEY: 60.0}
    shown = " ".join(parser.format_help().split())
    assert f"--{KEY} TIME how long the machine is left alone" in shown
    assert "such as 10% of them (default: 2s)" in shown
    assert "to within 2 % and up to ten times the largest step" in shown
    assert "(default: 10,100,500,1000,5000,10000)" in shown


def test_it_is_a_key_of_a_file_and_of_run_json():
    plan = read(Wider, tomllib.loads(f'{KEY} = "500ms"'), str)
    assert plan.cool_down_s == 0.5
    assert read(Wider, json.loads(json.dumps(to_builtins(plan))), str) == plan


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ("2h", "must be above 0 and at most 60 s; got '2h'"),
        (0, "must be above 0 and at most 60 s; got 0"),
        (float("nan"), "must be above 0 and at most 60 s; got nan"),
        (True, "must be a number, not True"),
        ("soon", "a duration is a number with ms, s, m or h"),
    ],
)
def test_what_will_not_do_is_refused_with_its_bounds(value, message, parser):
    with pytest.raises(ValueError, match=f"^x.toml: {KEY}: ") as caught:
        read(Wider, {KEY: value}, "x.toml: {}".format)
    assert str(caught.value).startswith(f"x.toml: {KEY}: {message}")
    if isinstance(value, str):
        with pytest.raises(argparse.ArgumentError, match=message.partition(";")[0]):
            parser.parse_args([f"--{KEY}", value])


def test_a_list_is_an_option_that_is_repeated_and_a_flag_one_without_a_value(parser):
    asked = parser.parse_args(["--command", "a", "--command", "b", "--fit", "--steps", "10,1k"])
    assert given(asked, Wider) == {"commands": ["a", "b"], "fit": True, "steps": (10, 1000)}


class Needy(Struct):
    """A struct that needs something."""

    name: str


def test_what_is_missing_or_unknown_is_named():
    with pytest.raises(ValueError, match=r"^needs name$"):
        read(Needy, {}, str)
    with pytest.raises(ValueError, match=r"^x: nam: there is no such key"):
        read(Needy, {"nam": 1}, "x: {}".format)
