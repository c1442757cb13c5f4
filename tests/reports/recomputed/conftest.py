"""The committed runs, their reports, and what these should say by `truth`."""

import fcntl
import os
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path

import pytest

# What is tested here, and how it is told which run: all else is worked out anew.
from reports.build import build_report
from reports.summary import terminal_summary
from results.store import read_run
from tests.reports.recomputed import told
from tests.reports.recomputed.page import Page, records
from tests.reports.recomputed.truth import Truth

DATA = Path(__file__).parents[1] / "data"
# Of several repeats figures are medians; of one they are its own, with other intervals.
RUNS = ("repeats", "searches")


@pytest.fixture(scope="session", params=RUNS)
def run(request):
    return Truth(DATA / request.param)


@pytest.fixture(scope="session")
def built(tmp_path_factory):
    """Where the reports of the runs are, which all workers of pytest-xdist share."""
    own = tmp_path_factory.getbasetemp()
    place = (own.parent if "PYTEST_XDIST_WORKER" in os.environ else own) / "recomputed"
    place.mkdir(exist_ok=True)
    with (place / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (place / "done").exists():
            with ProcessPoolExecutor(mp_context=get_context("spawn")) as pool:
                list(pool.map(build, RUNS, [place / name for name in RUNS]))
            (place / "done").touch()
    return place


def build(name, out):
    build_report(DATA / name, out)
    (out / "terminal").write_text(terminal_summary(read_run(DATA / name)))


@pytest.fixture(scope="session")
def out(run, built):
    return built / run.name


@pytest.fixture(scope="session")
def page(out):
    return Page((out / "index.html").read_text()).root


@pytest.fixture(scope="session")
def crossed(run, out):
    """Of each row of the guide's advice where the two cross, in words.

    A report looks at so many places between the steps and no closer: what it found stands in the
    guide's data, which is held against the truth by itself.
    """
    rows = iter(records(out / "tables" / "guide.csv"))
    return [
        list(told.crossing_texts([next(rows) for _ in each.crossings or [None]]))
        for each in told.advice(run)
    ]
