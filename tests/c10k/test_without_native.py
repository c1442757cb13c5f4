"""The commands where the native engine is not built work, and say in one line what is lost."""

import json
import subprocess
import sys

import pytest

C10K = """
import sys
sys.modules["loadgen.native.engine"] = sys.modules["loadgen.native.hiccups"] = None
from c10k.cli import main
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


def test_a_run_measures_with_the_portable_engine(c10k, tmp_path):
    shown = c10k("run", "--steps", "5", "--profile", "quick", "--hold", "0.6", "--out", "run")
    assert shown.returncode == 0, shown.stderr
    assert [line for line in shown.stderr.splitlines() if "native engine is not built" in line] == (
        shown.stderr.splitlines()
    )
    assert json.loads((tmp_path / "run/run.json").read_text())["engine"] == "portable"
    assert "5 connected" in shown.stdout
