"""Streams, encodings, widths and environments that nobody should have: no traceback in any."""

import subprocess
import sys

import pytest

from c10k.cli.main import main
from tests.c10k.cli.conftest import c10k

pytestmark = pytest.mark.system


@pytest.fixture
def environment(monkeypatch):
    """The environment of commands, which have a buffer before their output, as users have it."""
    monkeypatch.delenv("PYTHONUNBUFFERED", raising=False)
    return lambda **variables: [monkeypatch.setenv(*each) for each in variables.items()]


@pytest.mark.parametrize(
    ("arguments", "unbuffered"), [(["servers"], ""), (["servers"], "1"), (["load", "--help"], "")]
)
def test_a_full_standard_output(arguments, unbuffered, environment):
    environment(PYTHONUNBUFFERED=unbuffered)
    with open("/dev/full", "w") as full:  # noqa: PTH123
        shown = c10k(*arguments, stdout=full)
    stated = "c10k: the output cannot be written: No space left on device\n"
    assert (shown.returncode, shown.stderr) == (1, stated)


@pytest.mark.usefixtures("environment")
def test_a_full_standard_error_changes_no_exit_status():
    with open("/dev/full", "w") as full:  # noqa: PTH123
        assert c10k("doctor", "-c", "x", stderr=full).returncode == 2


@pytest.mark.parametrize(
    ("command", "encoding"), [("servers", "ascii"), ("doctor", "cp1252:strict")]
)
def test_an_encoding_that_lacks_letters(command, encoding, environment):
    environment(PYTHONIOENCODING=encoding)
    shown = c10k(command)
    assert (shown.returncode in (0, 3), shown.stderr) == (True, "")
    assert "?" in shown.stdout


def test_no_streams_at_all():
    closed = 'exec "$@" <&- >&- 2>&-'
    command = ["bash", "-c", closed, "-", sys.executable, "-m", "c10k", "doctor", "-c", "x"]
    assert subprocess.run(command, timeout=60).returncode == 2


@pytest.mark.parametrize("columns", ["", "0", "-1", "1", "5", "many", "9" * 20])
@pytest.mark.parametrize("arguments", [["load", "--help"], ["servers"]])
def test_a_terminal_of_an_odd_width(arguments, columns, monkeypatch, capsys):
    with monkeypatch.context() as patch:  # pytest too would read it, after the test
        patch.setenv("COLUMNS", columns)
        assert main(arguments) == 0
    shown = capsys.readouterr()
    assert shown.out.strip()
    assert shown.err == ""


@pytest.mark.parametrize(
    "variables",
    [
        {"LC_ALL": "C", "PYTHONUTF8": "0"},
        {"LC_ALL": "xx_XX.nothing"},
        {"HOME": "/nonexistent", "PATH": "", "TMPDIR": "/nonexistent", "TERM": ""},
    ],
    ids=str,
)
def test_an_odd_environment(variables, environment):
    environment(**variables)
    shown = c10k("doctor")
    assert (shown.returncode in (0, 3), shown.stderr) == (True, "")
    assert shown.stdout
    if "PATH" in variables:
        shown = c10k("servers")
        assert (shown.returncode, shown.stderr) == (0, "")
