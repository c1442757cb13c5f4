"""A sound run to damage, and what a report says of it: a page, or one line, and no traceback."""

import io
import shutil
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path

import pandas as pd
import pytest
from hypothesis import HealthCheck, settings
from matplotlib.figure import Figure

from c10k.cli.main import main
from c10k.results.schema import TABLES, RunError
from tests.reports.parsed import Page
from tests.reports.synthetic import buffer_pool, write_run

FILES = ("run.json", "latency.hlog", *(f"{name}.parquet" for name in TABLES))
HOSTILE = "<script>alert(1)</script>"
ABSENT = object()
some = settings(
    max_examples=5,
    derandomize=True,
    database=None,
    suppress_health_check=list(HealthCheck),  # the fixtures are of all examples
)


@pytest.fixture(scope="session")
def sound(tmp_path_factory):
    """A run of two servers at one step, with all that a run may hold."""
    return write_run(
        tmp_path_factory.mktemp("sound") / "run",
        workloads=("paced", "saturated"),
        steps=(10,),
        windows=2,
        samples=3,
        change=lambda behaviour: setattr(behaviour, "errors", {"reset": 1}),
        described={
            "mapped": ["paced"],
            "left_out": ["nginx is not installed"],
            "slo_p99_ms": 100.0,
        },
        plan={"techniques": [buffer_pool("threaded", "asyncio_streams")]},
        found=[{"server": "threaded", "workload": "saturated", "connections": 10, "why": "done"}],
    )


@pytest.fixture
def run(sound, tmp_path):
    """A copy to damage."""
    return Path(shutil.copytree(sound, tmp_path / "run"))


@pytest.fixture
def undrawn(monkeypatch):
    """Pictures are laid out and not drawn, which takes most of a report's time."""
    blank = {"svg": '<svg viewBox="0 0 1 1"></svg>', "png": b""}
    monkeypatch.setattr(
        Figure, "savefig", lambda _, file, **given: file.write(blank[given["format"]])
    )


def report(*arguments, out):
    """The page that `c10k report` wrote, or None, and the line that it refused with, or ""."""
    told, refused = io.StringIO(), io.StringIO()
    with redirect_stdout(told), redirect_stderr(refused):
        status = main(["report", *map(str, arguments), "--out", str(out)])
    told, refused = told.getvalue(), refused.getvalue()
    if status == 0:
        verdicts, _end, page = told.rpartition(f"{out / 'index.html'}")
        assert (page, refused) == ("\n", "")
        assert verdicts == "" or verdicts.replace("\n", "").isprintable()
        return (out / "index.html").read_text(), ""
    assert (status, told) == (2, "")
    assert refused.startswith("c10k: no report of ")
    assert len(refused.splitlines()) == 1
    assert any(reason in refused for reason in (*FILES, "the run holds no step yet"))
    return None, refused


def refusal_of(run):
    page, refused = report(run, out=run.parent / "out")
    assert page is None
    return refused


def page_of(run):
    page, refused = report(run, out=run.parent / "out")
    assert not refused
    return Page(page)


def assert_escaped(page):
    """That a page has no element or attribute but its own."""
    assert not {node.tag for node in page.all()} & {"script", "img", "iframe"}
    names = {name for node in page.all() for name in node.attributes}
    assert not {name for name in names if name.startswith("on")}


def said(check, *arguments):
    """What a check says against something; empty where it takes it."""
    try:
        check(*arguments)
    except RunError as error:
        return str(error)
    return ""


def rewrite(run, table, change):
    path = run / f"{table}.parquet"
    change(pd.read_parquet(path)).to_parquet(path)
