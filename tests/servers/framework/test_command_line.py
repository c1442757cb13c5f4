"""The command line of the Python servers: what it refuses, in a line."""

import sys

import pytest

from c10k.servers.framework.command_line import CommandLine


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--port", "70000"], "port must be 0-65535"),
        (["--host", "192.0.2.1"], "Cannot assign requested address"),
        (["--buffer", "0"], "argument --buffer: must be from 1 to 1g"),
        (["--handler", "nap"], "--handler: a handler is none, sleep:5ms or cpu:5ms, not 'nap'"),
        (["--stack", "abc"], "argument --stack: a size is a number of bytes"),
    ],
)
def test_a_wrong_argument_is_answered_in_a_line(arguments, message, monkeypatch, capsys):
    monkeypatch.setattr(sys, "argv", ["threaded", *arguments])
    with pytest.raises(SystemExit) as ended:
        CommandLine("threaded", "").listen()
    if ended.value.code == 2:
        assert message in capsys.readouterr().err.splitlines()[-1]
    else:  # Python prints it, and the status is 1
        assert message in ended.value.code
        assert "\n" not in ended.value.code
