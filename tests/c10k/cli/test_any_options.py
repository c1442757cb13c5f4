"""Any arguments of any command, and any experiment file: one line and exit status 2 or 3, or a
request that is right. Then the command is stopped, before it starts, opens or reads anything.

`C10K_EXAMPLES=10000 pytest --timeout 0 tests/c10k/cli/test_any_options.py` tries more.
"""

import argparse
import contextlib
import io
import json
import os
import subprocess
from importlib import import_module

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from c10k.cli.main import build_parser, main
from c10k.experiment.plan import Plan
from c10k.loadgen.workload import Workload
from c10k.options import options_of
from c10k.servers.process import ServerProcess

EXAMPLES = int(os.environ.get("C10K_EXAMPLES", "20"))
bounded = settings(
    max_examples=EXAMPLES,
    deadline=None,
    derandomize=EXAMPLES < 1000,
    database=None,
    suppress_health_check=list(HealthCheck),
)


class Begun(BaseException):
    """The request was right, and its work would begin."""


# Where the work begins, by command; report, compare, history and export find no run.
BEGINS = (
    "c10k.experiment.run_directory.one_run",
    "c10k.remote.host.RemoteHost",
    "c10k.load.command._address",
    "c10k.cli.serve.check_free",
    "c10k.ui.command.check_free",
    "c10k.extras.need",
    "c10k.cli.client.execute",
    "c10k.cli.doctor.execute",
    "c10k.cli.servers.execute",
)

COMMANDS = next(
    action.choices
    for action in build_parser()._actions
    if isinstance(action, argparse._SubParsersAction)
)

# What an argument can hold: no NUL, and of surrogates those that stand for bytes.
LETTERS = st.characters(
    exclude_characters="\0/", exclude_categories=["Cs"], include_characters="\udc80\udcff"
)
NUMBERS = (
    st.integers().map(str)
    | st.floats().map(str)
    | st.sampled_from(
        ["0", "1", "10", "1k", "9" * 400, "-0", "1e400", "\u0663", "1,000", "0x1", "1_0"]
    )
    | st.tuples(
        st.integers(-1, 10**6).map(str) | st.floats(0, 1e9).map(str),
        st.sampled_from(["", "k", "m", "g", "ms", "s", "h", "%", "/s", " ", ","]),
    ).map("".join)
)
WORDS = st.sampled_from(
    [
        *("", "-", "--", "=", ",", "a", "a=", "a,rate=1", "a,rate=", "paced", "saturated", "churn"),
        *("threaded", "threaded,stack=64k", "threaded,,", "threaded,handler=cpu:1ms", "nginx"),
        *("asyncio_workers,workers=2", "threaded,limit=as:4g", "threaded,python=python3", "splice"),
        *("a=sleep {port}", "a={port}", "a=sleep '", "a=sleep {", "a=sleep {x}", "sleep {port}"),
        *("10,100", "10-100", "1,1", "quick", "standard", "ci", "chapter", "c10k", "en", "ko"),
        *("response_p99_ms < 50", "response_p99_ms<", "errors{server=threaded} < 1", "x{} < 1"),
        *("errors{connections=10,workload=paced} <= 1e400", "errors < nan", "{", "errors{ < 1"),
        *("user@host", "-oProxyCommand=x", "127.0.0.1", "::1", "127.0.0.1:9", "[::1]:9", "0.0.0.0"),
        *("http://127.0.0.1:9/x", "http://[", "http://[::1", "http://\udcff:1", "[", "h:\u0661"),
        *("0-3", "0,0", "3-0", "1s", "50%", "101%", "\\x", "\\", "\\xff", "\x1b[31m", "\n", "\r\n"),
        *("echo", "http", "raw", "download", "poisson", "fail", "repeat", "json", "csv", "HEAD"),
    ]
)
VALUES = WORDS | NUMBERS | st.text(LETTERS, max_size=12)


def argument(action):
    """Strings that give an option, mostly as its parser wants it."""
    values = (
        VALUES | st.sampled_from(sorted(map(str, action.choices))) if action.choices else VALUES
    )
    if not action.option_strings:
        return st.lists(values, min_size=1, max_size=1 + (action.nargs == "+"))
    flag = st.sampled_from(action.option_strings)
    if action.nargs == 0:
        return flag.map(lambda each: [each])
    joined = st.tuples(flag, values).map(lambda pair: ["=".join(pair)])
    apart = st.tuples(flag, values).map(list)
    return joined | apart


@st.composite
def arguments(draw, name):
    """The arguments of a command: what it requires, some options, and perhaps too much."""
    required, optional = [], []
    for action in COMMANDS[name]._actions:
        needed = action.required and action.nargs != "?"
        (required if needed else optional).append(argument(action))
    parts = [draw(each) for each in required]
    parts += draw(st.lists(st.one_of(optional), max_size=4))
    if draw(st.integers(0, 9)) == 0:
        parts.append([draw(VALUES)])
    return [name, *(each for part in draw(st.permutations(parts)) for each in part)]


@pytest.fixture
def answer(tmp_path, monkeypatch):
    """Gives a command line to c10k; None where it was right."""

    def begin(*_, **__):
        raise Begun

    def start(*arguments, **_):
        raise AssertionError(f"started: {arguments}")

    for place in BEGINS:  # all first: one may import another's function
        import_module(place.rpartition(".")[0])
    for place in BEGINS:
        monkeypatch.setattr(place, begin)
    monkeypatch.setattr(subprocess, "Popen", start)
    monkeypatch.setattr(ServerProcess, "start", start)
    monkeypatch.setenv("PATH", "")
    monkeypatch.chdir(tmp_path)
    usable = os.sched_getaffinity(0)

    def ask(command):
        printed, refused = io.StringIO(), io.StringIO()
        with contextlib.redirect_stdout(printed), contextlib.redirect_stderr(refused):
            try:
                status = main(command)
            except Begun:
                status = None
            finally:
                os.sched_setaffinity(0, usable)
        said = refused.getvalue()
        if status in (2, 3):
            assert said.startswith("c10k: "), said
            assert said.count("\n") == 1, said
            assert "\x1b" not in said
            assert "Errno" not in said
            assert "Traceback" not in said
        else:
            assert status in (0, None), (status, said)
        return status

    yield ask
    assert {path.name for path in tmp_path.iterdir()} <= {"x.toml"}


@pytest.mark.parametrize("name", COMMANDS)
def test_any_arguments(name, answer):
    statuses = set()

    @bounded
    @given(arguments(name))
    def ask(command):
        statuses.add(answer(command))

    ask()
    assert statuses & {2, 3}, "nothing was refused"


SCALARS = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.integers(-1, 100)
    | st.floats()
    | VALUES.filter(lambda text: text.isprintable())
)
KEYS = st.sampled_from(
    [
        *sorted({*options_of(Plan), *options_of(Workload)} - {"serve-on"}),
        *("server", "name", "with", "without", "claim", "windows", "window", "repeats", "x"),
    ]
)
ANYTHING = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=3),
    max_leaves=12,
)
FILES = st.dictionaries(st.sampled_from(sorted(options_of(Plan))) | KEYS, ANYTHING, max_size=4)


def toml(value):
    """A value as TOML writes it, tables inline."""
    match value:
        case dict():
            return (
                "{" + ", ".join(f"{toml(key)} = {toml(each)}" for key, each in value.items()) + "}"
            )
        case list():
            return "[" + ", ".join(map(toml, value)) + "]"
        case None:
            return "1979-05-27T07:32:00Z"
        case float() if value != value:
            return "nan"
        case float():
            return repr(value).replace("e", ".0e") if "." not in repr(value) else repr(value)
    return json.dumps(value)


@pytest.mark.parametrize("command", ["ab --json=--", "export x -o=--", "worker --master=--"])
def test_two_dashes_are_no_value(answer, command):
    assert answer(command.split()) == 2


def test_any_experiment_file(answer):
    statuses = []

    @bounded
    @given(FILES)
    @example({"servers": ["threaded"], "steps": [10], "repeat": 1})
    def ask(content):
        lines = "".join(f"{toml(key)} = {toml(value)}\n" for key, value in content.items())
        with open("x.toml", "w", encoding="utf-8", errors="replace") as file:  # noqa: PTH123
            file.write(lines)
        statuses.append(answer(["run", "--config", "x.toml"]))

    ask()
    assert {None, 2} <= set(statuses)


@pytest.mark.parametrize(
    "text",
    [
        "a = " + "[" * 100_000,
        "a = " + "{a=" * 5_000,
        "steps = [" + "9" * 5_000 + "]",
        "steps = 10\n" * 2,
        "#" * (1 << 21),
        "\ufeff\0",
    ],
    ids=["arrays", "tables", "a number", "twice", "2 MiB", "no text"],
)
def test_a_file_that_is_none(answer, tmp_path, text):
    (tmp_path / "x.toml").write_text(text)
    assert answer(["run", "--config", "x.toml"]) == 2
