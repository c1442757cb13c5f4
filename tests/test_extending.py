"""The examples of docs/extending.md work: applied to a copy of the repository, each is tried."""

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest

from docs._commands.project import copy_checkout

pytestmark = [pytest.mark.system, pytest.mark.xdist_group("extending")]

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "docs" / "extending.md"
FENCED = re.compile(r"([^\n]*)\n\n?```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
NEW_FILE = re.compile(r"`([\w/]+\.\w+)`:$")


def examples():
    """Each example: the file, the text that it replaces (empty for a new file), and the new one."""
    for before, language, block in FENCED.findall(PAGE.read_text()):
        if language == "diff":
            head, *lines = block.splitlines(keepends=True)
            old = "".join(line[1:] for line in lines if line[0] != "+")
            new = "".join(line[1:] for line in lines if line[0] != "-")
            yield head.removeprefix("+++ ").strip(), old, new
        elif found := NEW_FILE.search(before):
            yield found[1], "", block


@pytest.fixture(scope="module")
def copy(tmp_path_factory):
    """The repository with all examples, and with the native engine."""
    copy = tmp_path_factory.mktemp("extending") / "c10k"
    try:
        copy_checkout(copy)
    except subprocess.CalledProcessError:
        pytest.skip("this is no checkout of git's, by which the copy is made")
    for module in ROOT.glob("loadgen/native/*.so"):
        shutil.copy(module, copy / "loadgen" / "native")
    for name, old, new in examples():
        file = copy / name
        if old:
            text = file.read_text()
            assert text.count(old) == 1, f"{name} does not have this, or not once:\n{old}"
            new = text.replace(old, new)
        else:
            assert not file.exists(), f"{name} is not new"
        file.write_text(new)
    return copy


@pytest.fixture(scope="module")
def python(copy):
    """Run Python in the copy; its standard output."""

    def run(*arguments, status=0):
        environment = {**os.environ, "PYTHONPATH": str(copy)}
        done = subprocess.run(
            [sys.executable, *arguments], cwd=copy, env=environment, capture_output=True, text=True
        )
        assert done.returncode == status, done.stdout + done.stderr
        return done.stdout if status == 0 else done.stderr

    return run


@pytest.fixture(scope="module")
def run(copy, python):
    """A tiny run of the new server with the new option."""
    plan = ["--server", "thread_objects,sndbuf=64k", "--workload", "saturated", "--steps", "1,4"]
    short = ["--profile", "quick", "--duration", "0.1", "--no-report", "--quiet", "--force"]
    python("-m", "c10k", "run", *plan, *short, "--out", "run")
    return copy / "run"


def test_the_server_is_listed_with_its_options(python):
    listed = {
        each["name"]: each for each in json.loads(python("-m", "c10k", "servers", "--json", "-"))
    }
    assert listed["thread_objects"]["model"] == "thread per connection"
    assert listed["thread_objects"]["options"].keys() >= {"handler", "sndbuf", "buffer"}


def test_a_wrong_value_of_the_option_is_refused(python):
    refused = python("-m", "c10k", "run", "--server", "threaded,sndbuf=2k", status=2)
    assert "must be from 4k to 1g" in refused


def test_the_server_does_what_every_server_promises_and_the_tests_of_the_page_pass(python):
    files = [
        "tests/servers/test_catalogue.py",
        "tests/servers/test_conformance.py",
        "tests/servers/framework/test_sndbuf.py",
        "tests/c10k/experiment/test_step_record.py",
    ]
    chosen = "intact or half_closed or sigterm or send_buffer or sums_its_windows or reads_each"
    only = ["-k", f"(thread_objects or not test_conformance and not reads_each) and ({chosen})"]
    said = python("-m", "pytest", "-q", "-p", "no:cacheprovider", *files, *only)
    assert re.search(r"^6 passed", said, re.MULTILINE), said


def test_the_column_is_in_the_steps(run):
    steps = pd.read_parquet(run / "steps.parquet")
    assert list(steps.connections) == [1, 4]
    assert steps.reply_bytes_per_s.gt(0).all()
    assert list(steps.reply_bytes_per_s) == pytest.approx(list(64 * steps.messages_per_s), rel=1e-6)


def test_the_table_and_the_claim_are_in_the_report(run, copy, python):
    code = f"""
from pathlib import Path
from c10k.reports.build import _TABLES
from c10k.reports.comparisons.pairs import Comparisons
from c10k.reports.model.measured import Measured
from c10k.results.store import read_run
measured = Measured(read_run(Path({str(run)!r})))
for each in _TABLES:
    for table in each.tables(measured, Comparisons(measured)):
        print(table.markdown())
"""
    report = python("-c", code)
    volume = report.partition("### Volume")[2]
    assert re.search(r"\| 4 \| thread\\_objects,sndbuf=64k \| [\d.]+ [KM]B", volume), volume
    (claim,) = re.findall(r"^\| a synchronous server has a thread.*$", report, re.MULTILINE)
    assert claim.endswith("1.00 threads with each connection | indicative |"), claim
