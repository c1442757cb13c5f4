"""What is sent to a server's host runs there with the standard library alone."""

import subprocess
import sys

import pytest

from c10k.remote.archive import packed
from c10k.remote.ssh import RECEIVE, check_destination, command, remedy

STANDARD = """
import sys
sys.path.insert(0, sys.argv[1])
import c10k.remote.agent
import c10k.servers.catalogue
for name, module in sys.modules.items():
    if name.partition(".")[0] == "c10k":
        assert module.__spec__.origin.startswith(sys.argv[1]), name
"""


def test_the_agent_needs_nothing_else(tmp_path):
    line, _, archive = packed().partition(b"\n")
    (tmp_path / "archive.zip").write_bytes(archive)
    unpack = [sys.executable, "-m", "zipfile", "-e", tmp_path / "archive.zip", tmp_path / "there"]
    subprocess.run(unpack, check=True)
    # -S: no package that is installed.
    alone = [sys.executable, "-I", "-S", "-c", STANDARD, tmp_path / "there"]
    subprocess.run(alone, check=True)
    assert f"main({len(archive)})".encode() in line


def test_a_connection_that_ends_too_early_leaves_nothing(tmp_path):
    for sent in (b"", packed()[:20_000]):
        ran = subprocess.run(
            [sys.executable, "-c", RECEIVE],
            input=sent,
            capture_output=True,
            timeout=60,
            env={"TMPDIR": str(tmp_path)},
        )
        assert ran.stdout == b""
        assert list(tmp_path.iterdir()) == []


def test_an_interpreter_in_the_home_directory_is_found_there():
    shell = command("host", "~/my venv/bin/python")[-1]
    shown = subprocess.run(
        ["sh", "-c", shell.replace("exec sh", "exec sh -x")],
        capture_output=True,
        text=True,
        env={"HOME": "/nowhere", "PATH": "/usr/bin:/bin"},
    )
    assert "/nowhere/my venv/bin/python" in shown.stderr
    assert shown.returncode == 127
    assert "--serve-python" in remedy(shown.stderr, "host")


@pytest.mark.parametrize("text", ["-oProxyCommand=true", "a host", "a\nhost"])
def test_what_ssh_would_take_for_an_option_is_no_host(text):
    with pytest.raises(ValueError, match="USER@"):
        check_destination(text)
