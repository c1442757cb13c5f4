"""`c10k report`: which run it takes, where it writes, what it says."""

import json
import os
import shlex
import shutil
import sys
from pathlib import Path

import pytest

from c10k.cli.main import main
from c10k.results.store import RunWriter, read_run
from tests.reports.synthetic import write_run

pytestmark = [pytest.mark.system, pytest.mark.usefixtures("unpictured")]


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """A small run, to be copied."""
    return write_run(
        tmp_path_factory.mktemp("made") / "run", workloads=["paced"], steps=(10, 100), windows=1
    )


@pytest.fixture
def here(tmp_path, monkeypatch):
    """The current directory."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def report(capsys):
    """Runs `c10k report`: its exit status, the lines of its output, and of its errors."""

    def run(*arguments):
        status = main(["report", *map(str, arguments)])
        shown = capsys.readouterr()
        return status, shown.out.splitlines(), shown.err.splitlines()

    return run


def copied(made, place, created_at=None):
    run = Path(shutil.copytree(made, place))
    manifest = json.loads((run / "run.json").read_text())
    manifest["created_at"] = created_at or manifest["created_at"]
    (run / "run.json").write_text(json.dumps(manifest))
    return run


def test_a_report_is_written_into_its_run_which_can_still_be_read(report, made, here):
    for language in ("en", "ko"):
        run = copied(made, here / language / "run")
        page = run / "report" / "index.html"
        assert report(run, "--lang", language) == (0, [str(page)], [])
        assert f'lang="{language}"' in page.read_text()
        assert len(read_run(run).steps) == 4
        with RunWriter.open(run) as writer:
            assert len(writer.done()) == 4
    assert {path.name for path in here.iterdir()} == {"en", "ko"}


def test_without_a_name_it_takes_the_run_that_began_last(report, made, here):
    began = {"x": "2026-11-29T10:00:00+00:00", "y": "2026-11-29T11:30:00+01:00"}  # 10:30
    for name, created_at in began.items():
        copied(made, here / "results" / "runs" / name, created_at)
    copied(made, here / "results" / "runs" / "damaged", "some day")
    (here / "results" / "runs" / "empty").mkdir()
    os.utime(here / "results" / "runs" / "x" / "run.json")  # written last
    status, out, err = report()
    assert (status, out) == (0, ["results/runs/y/report/index.html"])
    assert err == ["the newest run: results/runs/y"]


def test_without_a_run_it_says_what_to_do(report, here):
    status, out, (refused,) = report()
    assert (status, out) == (2, [])
    assert "no run in results/runs" in refused
    assert "c10k run" in refused


def test_an_unwritable_directory_is_refused_with_the_remedy(report, made, here):
    run = copied(made, here / "run")
    (run / "report").write_text("")
    status, out, (refused,) = report("run")
    assert (status, out) == (2, [])
    assert "run/report cannot be written: " in refused
    assert "--out DIR" in refused
    assert report("run", "--out", "page")[:2] == (0, ["page/index.html"])


def test_the_page_is_opened_in_a_browser(report, made, here, monkeypatch):
    browser = here / "browser"
    browser.write_text(
        f"#!{sys.executable}\nimport pathlib, sys\n"
        f"pathlib.Path({str(here / 'opened')!r}).write_text(sys.argv[1])\n"
    )
    browser.chmod(0o755)
    monkeypatch.setattr("webbrowser._tryorder", None)  # as in a new process
    monkeypatch.setenv("BROWSER", f"{shlex.quote(str(browser))} %s")
    run = copied(made, here / "run")
    status, _out, err = report("run", "--open")
    assert (status, err) == (0, [])
    assert (here / "opened").read_text() == (run / "report" / "index.html").as_uri()


def test_without_a_browser_the_page_is_printed_all_the_same(report, made, here, monkeypatch):
    for name in ("BROWSER", "DISPLAY", "WAYLAND_DISPLAY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("PATH", str(here))
    monkeypatch.setattr("webbrowser._tryorder", None)
    copied(made, here / "run")
    printed = (0, ["run/report/index.html"], ["c10k: no browser can be opened here"])
    assert report("run", "--open") == printed
