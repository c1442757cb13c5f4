"""Names of all kinds are text on every page, and directories may have any."""

import json
import os
import shutil
import subprocess
import sys
import tempfile
from contextlib import contextmanager
from pathlib import Path
from xml.etree import ElementTree

import pytest

from tests.reports.damaged.conftest import (
    FILES,
    HOSTILE,
    assert_escaped,
    page_of,
    refusal_of,
    report,
    rewrite,
)
from tests.reports.parsed import Page
from tests.reports.synthetic import WORKLOADS, write_run

NAME = (
    "../a\nb\r\n\tc\N{LINE SEPARATOR}d\0e\x1b[31mred\x07\x7f\x9b\uffff "
    "\N{RIGHT-TO-LEFT OVERRIDE}abc \N{HEBREW LETTER SHIN} 🦥👩\u200d👩\u200d👧 한글"
    f"{1_000 * 'W'} {HOSTILE}<img src=x onerror=alert(2)>\"'`&amp;--><!-- | # * _ "
    "{{ 7 * 7 }}{% endif %}{server} {0} %s %(x)s $\\frac$"
)


def named(directory, name, monkeypatch):
    """A run in which all that may be named has this name."""
    monkeypatch.setitem(WORKLOADS, name, WORKLOADS["saturated"])

    def fail(behaviour):
        behaviour.status, behaviour.connected = "partial", 7
        behaviour.errors = {name: 3}
        behaviour.reason = behaviour.log_tail = behaviour.unsteady = name

    write_run(
        directory,
        servers={name: name, "threaded": "thread per connection"},
        workloads=(name,),
        steps=(10,),
        windows=1,
        samples=2,
        change=fail,
        described={"left_out": [name]},
        found=[{"server": name, "workload": name, "why": name}],
    )
    manifest = json.loads((directory / "run.json").read_text())
    manifest |= {"argv": [name], "commit": name, "created_at": name, "finished_at": name}
    manifest["plan"]["profile"]["name"] = name
    manifest["host"] = {name: name, "cpu_model": name, "kernel": name}
    manifest["versions"] = manifest["limits"] = {name: name}
    manifest["warnings"] = [{"message": name, "remedy": name}]
    (directory / "run.json").write_text(json.dumps(manifest))
    return directory


@pytest.mark.system
def test_a_name_is_text_on_every_page(tmp_path, monkeypatch):
    run = named(tmp_path / "run", NAME, monkeypatch)
    monkeypatch.chdir(run)
    before = set(tmp_path.rglob("*"))
    page = page_of(run)
    assert_escaped(page)
    assert page.text().count(" ".join(NAME.split())) > 10
    out = tmp_path / "out"
    assert all(out in (path, *path.parents) for path in {*tmp_path.rglob("*")} - before)
    for picture in out.glob("figures/*.svg"):
        ElementTree.parse(picture)  # another reader takes it only if it is XML
    assert "<script" not in (out / "summary.md").read_text().replace("\\<", "")


# Directories.


@pytest.mark.system
def test_a_directory_may_have_any_name(sound, tmp_path, monkeypatch, unpictured):
    monkeypatch.chdir(tmp_path)
    run = tmp_path / f"-…\udcff\n\x1b[31m{HOSTILE.replace('/', '')}"
    for each in (run, tmp_path / "other"):
        shutil.copytree(sound, each)
    assert_escaped(page_of(run))
    page, _ = report("--compare", run, "other", out=tmp_path / "out")
    assert_escaped(Page(page))
    (run / "run.json").unlink()
    assert "it has no run.json" in refusal_of(run)


PLACES = {
    "nothing": lambda path: None,
    "too long a name": lambda path: None,
    "a file": lambda path: path.write_text(""),
    "a symlink loop": lambda path: path.symlink_to(path.name),
}


@pytest.mark.parametrize("place", PLACES)
def test_a_path_that_is_no_run_is_refused(sound, tmp_path, place):
    path = tmp_path / (5_000 * "W" if place == "too long a name" else "place")
    PLACES[place](path)
    assert str(path) in refusal_of(path)
    page, refused = report("--compare", sound, path, out=tmp_path / "out")
    assert page is None
    assert str(path) in refused


@contextmanager
def as_nobody():
    """Root may read everything."""
    if os.geteuid():
        yield
        return
    os.seteuid(65_534)
    try:
        yield
    finally:
        os.seteuid(0)


@pytest.mark.parametrize("file", ["", *FILES])
def test_an_unreadable_file_is_named(sound, file):
    with tempfile.TemporaryDirectory() as place:
        Path(place).chmod(0o755)
        run = Path(shutil.copytree(sound, Path(place, "run")))
        run.chmod(0o755)
        (run / file).chmod(0)
        with as_nobody():
            refused = refusal_of(run)
        (run / file).chmod(0o755)
    assert str(run / file) in refused
    assert "Permission denied" in refused


def test_a_damaged_run_is_not_compared(sound, run, tmp_path):
    rewrite(run, "samples", lambda frame: frame.drop(columns="t_s"))
    page, refused = report("--compare", sound, run, out=tmp_path / "out")
    assert page is None
    assert f"{run / 'samples.parquet'} lacks the column t_s" in refused
    assert not (tmp_path / "out").exists()


@pytest.mark.system
def test_the_command_itself_says_it_in_one_line(run):
    (run / "steps.parquet").write_bytes(b"PAR1")
    command = [sys.executable, "-m", "c10k", "report", "run"]
    shown = subprocess.run(command, cwd=run.parent, capture_output=True, text=True, timeout=100)
    assert shown.returncode == 2
    assert shown.stdout == ""
    assert shown.stderr.startswith("c10k: no report of run: run/steps.parquet cannot be read: ")
    assert shown.stderr.count("\n") == 1
