"""Streams, encodings, widths and environments that nobody should have: no traceback in any."""

import os
import subprocess
import sys

import pytest

from c10k.cli.main import main

pytestmark = pytest.mark.system

FULL = "/dev/full"
LINE = "c10k: the output cannot be written: No space left on device\n"


def c10k(*arguments, **how):
    """Run it as users have it, with a buffer before its output."""
    inherited = {key: value for key, value in os.environ.items() if key != "PYTHONUNBUFFERED"}
    environment = inherited | how.pop("environment", {})
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    return subprocess.run(
        [sys.executable, "-m", "c10k", *arguments],
        **pipes | how,
        env=environment,
        text=True,
        errors="replace",
        timeout=60,
    )


@pytest.mark.parametrize("unbuffered", ["", "1"])
@pytest.mark.parametrize("command", ["doctor", "servers"])
def test_a_full_standard_output(command, unbuffered):
    with open(FULL, "w") as full:  # noqa: PTH123
        shown = c10k(command, stdout=full, environment={"PYTHONUNBUFFERED": unbuffered})
    assert (shown.returncode, shown.stderr) == (1, LINE)


@pytest.mark.parametrize("arguments", [["--help"], ["load", "--help"], ["--version"]])
def test_a_full_standard_output_of_help(arguments):
    with open(FULL, "w") as full:  # noqa: PTH123
        shown = c10k(*arguments, stdout=full)
    assert (shown.returncode, shown.stderr) == (1, LINE)


def test_a_full_standard_error_changes_no_exit_status():
    with open(FULL, "w") as full:  # noqa: PTH123
        assert c10k("doctor", "-c", "x", stderr=full).returncode == 2


@pytest.mark.parametrize("encoding", ["latin-1", "ascii", "cp1252:strict"])
@pytest.mark.parametrize("command", ["doctor", "servers"])
def test_an_encoding_that_lacks_letters(command, encoding):
    shown = c10k(command, environment={"PYTHONIOENCODING": encoding})
    assert (shown.returncode in (0, 3), shown.stderr) == (True, "")
    assert "?" in shown.stdout


def test_no_streams_at_all():
    closed = 'exec "$@" <&- >&- 2>&-'
    command = ["bash", "-c", closed, "-", sys.executable, "-m", "c10k", "doctor", "-c", "x"]
    assert subprocess.run(command, timeout=60).returncode == 2


@pytest.mark.parametrize("columns", ["", "0", "-1", "1", "5", "many", "9" * 20])
@pytest.mark.parametrize("arguments", [["load", "--help"], ["servers"], ["doctor", "-c", "10"]])
def test_a_terminal_of_an_odd_width(arguments, columns, monkeypatch, capsys):
    monkeypatch.setenv("COLUMNS", columns)
    assert main(arguments) == 0
    shown = capsys.readouterr()
    assert shown.out.strip()
    assert shown.err == ""


@pytest.mark.parametrize(
    "environment",
    [
        {"LC_ALL": "C", "PYTHONUTF8": "0"},
        {"LC_ALL": "xx_XX.nothing"},
        {"HOME": "/nonexistent", "PATH": "", "TMPDIR": "/nonexistent", "TERM": ""},
    ],
    ids=str,
)
@pytest.mark.parametrize("command", ["doctor", "servers"])
def test_an_odd_environment(command, environment):
    shown = c10k(command, environment=environment)
    assert (shown.returncode in (0, 3), shown.stderr) == (True, "")
    assert shown.stdout
