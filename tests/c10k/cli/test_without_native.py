"""The commands where the native engine is not built work, and say in one line what is lost."""

import json
import subprocess
import sys

import pytest

from c10k.servers.catalogue import parse_spec

# One run at a time on a machine: they would measure each other.
pytestmark = [pytest.mark.system, pytest.mark.xdist_group("runs")]

C10K = """
import sys
sys.modules["c10k.loadgen.native.engine"] = sys.modules["c10k.loadgen.native.hiccups"] = None
from c10k.cli.main import main
sys.exit(main(sys.argv[1:]))
"""


@pytest.fixture
def c10k(tmp_path):
    def run(*arguments):
        return subprocess.run(
            [sys.executable, "-c", C10K, *arguments],
            cwd=tmp_path,
            capture_output=True,
            text=True,
            timeout=100,
        )

    return run


def test_the_doctor_says_so(c10k):
    shown = c10k("doctor", "-c", "10")
    assert shown.returncode == 0
    assert "the portable engine drives the load" in shown.stdout
    assert "the native engine is not built here" in shown.stdout


def test_load_drives_with_the_portable_engine(c10k, tmp_path):
    with parse_spec("asyncio_streams").process(log=tmp_path / "log") as server:
        target = f"127.0.0.1:{server.port}"
        shown = c10k("load", target, "-c", "5", "-d", "0.5", "--json", "-")
        assert shown.returncode == 0, shown.stderr
        assert len(shown.stderr.splitlines()) == 1
        assert "the native engine is not built here" in shown.stderr
        figures = json.loads(shown.stdout)
        assert figures["engine"] == "portable"
        assert figures["received"] > 5
        assert figures["errors"] == {}

        forced = c10k("load", target, "--engine", "native")
        assert forced.returncode == 3
        assert "not built here" in forced.stderr


def test_a_run_measures_with_the_portable_engine(c10k, tmp_path):
    short = ("--profile", "quick", "--duration", "0.3", "--workload", "saturated")
    short += ("--force", "--no-report")
    shown = c10k("run", "--server", "asyncio_streams", "--steps", "5", *short, "--out", "run")
    assert shown.returncode == 0, shown.stderr
    assert [line for line in shown.stderr.splitlines() if "native engine is not built" in line] == (
        shown.stderr.splitlines()
    )
    assert json.loads((tmp_path / "run/run.json").read_text())["engine"] == "portable"
    assert "saturated        5  " in shown.stdout
