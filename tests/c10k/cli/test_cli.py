"""What holds for the whole command line: help, refusals, and pipes that close."""

import socket
import subprocess
import sys

import pytest

from c10k.cli.main import COMMANDS, main
from tests.c10k.cli.conftest import SMALLEST, c10k, limited

pytestmark = pytest.mark.system


class TestHelp:
    def test_it_lists_the_commands(self, capsys):
        assert main(["--help"]) == 0
        shown = capsys.readouterr().out
        for command in COMMANDS:
            assert f"    {command} " in shown

    def test_nothing_heavy_is_imported_for_it(self):
        code = (
            "import sys; from c10k.cli.main import main; main(['--help'])\n"
            "heavy = ('pandas', 'numpy', 'matplotlib', 'rich', 'psutil', 'locust', 'argcomplete')\n"
            "print([m for m in heavy if m in sys.modules])"
        )
        assert c10k(code=code).stdout.splitlines()[-1] == "[]"

    @pytest.mark.parametrize("command", COMMANDS)
    def test_every_command_explains_itself(self, command, capsys):
        assert main([command, "--help"]) == 0
        assert capsys.readouterr().out.startswith(f"usage: c10k {command}")

    def test_the_version(self, capsys):
        assert main(["--version"]) == 0
        assert capsys.readouterr().out.startswith("c10k ")


class TestWhatIsMissing:
    @pytest.mark.parametrize(
        ("command", "module", "extra"),
        [
            (("run",), "pyarrow", "report"),
            (("report", "x"), "matplotlib", "report"),
            (("export", "x"), "pyarrow", "report"),
            (("worker",), "locust", "locust"),
            (("ui",), "locust", "locust"),
        ],
    )
    def test_an_extra_is_named(self, command, module, extra):
        lacking = f"import sys; sys.modules[{module!r}] = None\n"
        run = "from c10k.cli.main import main; sys.exit(main(sys.argv[1:]))"
        shown = c10k(*command, code=lacking + run)
        assert shown.returncode == 3
        assert shown.stderr == (
            f"c10k: {command[0]} needs {module}, which is not installed: "
            f"`pip install 'c10k-bench[{extra}]'`\n"
        )

    def test_linux_is_named_where_something_is_measured(self, monkeypatch, capsys):
        monkeypatch.setattr(sys, "platform", "darwin")
        assert main(["load", "127.0.0.1:1"]) == 3
        assert capsys.readouterr().err.startswith("c10k: load needs Linux, for its epoll and")
        assert main(["servers"]) == 0


def test_a_wrong_key_of_an_experiment_file(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "x.toml").write_text("step = [10]")
    assert main(["run", "--config", "x.toml"]) == 2
    shown = capsys.readouterr()
    assert shown.err.startswith("c10k: x.toml: step: there is no such key: did you mean 'steps")
    assert [path.name for path in tmp_path.iterdir()] == ["x.toml"]


def test_a_port_in_use(capsys):
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = str(listener.getsockname()[1])
        assert main(["serve", "threaded", "--port", port]) == 2
        stated = capsys.readouterr().err
        assert "in use" in stated
        assert "choose another --port" in stated
        assert stated.count("\n") == 1
        assert main(["ui", "--port", port]) == 2
        assert "--port" in capsys.readouterr().err


def test_steps_beyond_a_limit(tmp_path):
    run = ("run", "--steps", "10,100,1000", *SMALLEST)
    shown = c10k(*run, code=limited("RLIMIT_NOFILE", 200), cwd=tmp_path)
    assert shown.returncode == 3
    for part in ("open files", "200", "1,064", "prlimit", "--fit"):
        assert part in shown.stderr
    assert not list(tmp_path.iterdir())


def test_the_doctor_checks_what_it_is_asked_for(capsys):
    assert main(["doctor", "-c", "10"]) == 0
    assert "10 connections fit" in capsys.readouterr().out
    assert main(["doctor", "-c", "100_000_000"]) == 3
    assert "✗" in capsys.readouterr().out


def test_output_into_a_closed_pipe_is_no_error():
    command = f"{sys.executable} -m c10k servers | head -c 1"
    shown = subprocess.run(["bash", "-c", f"set -o pipefail; {command}"], capture_output=True)
    assert (shown.returncode, shown.stderr) == (0, b"")


def test_a_ctrl_c_while_an_object_is_deleted_is_not_lost():
    code = """
import signal, sys, time, weakref
from c10k.cli import doctor, main
class Thing: pass
def execute(args):
    thing = Thing()
    noticed = weakref.ref(thing, lambda _: signal.raise_signal(signal.SIGINT))
    del thing
    time.sleep(600)
doctor.execute = execute
sys.exit(main.main())
"""
    shown = c10k("doctor", code=code)
    assert (shown.returncode, shown.stderr) == (130, "c10k: interrupted\n")
