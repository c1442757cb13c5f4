"""The committed runs, their reports, and what these should say by `truth`."""

import fcntl
import os
import shutil
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path

import pandas as pd
import pytest

# What is tested here, and how it is told which run: all else is worked out anew.
from c10k.reports.build import build_report
from c10k.reports.summary import terminal_summary
from c10k.results.store import read_run
from tests.reports.recomputed import told
from tests.reports.recomputed.page import Page, records
from tests.reports.recomputed.truth import Truth

DATA = Path(__file__).parents[1] / "data"
# Of several repeats figures are medians; of one they are its own, with other intervals.
RUNS = ("repeats", "searches")


# Other processes used all of a CPU while they were measured, so that no step could decide anything.
# With a fifth of that, some repeats are fit for a verdict, and some are not.
QUIETER = 0.2


@pytest.fixture(scope="session", params=RUNS)
def run(request, built):
    return Truth(built / "runs" / request.param)


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
                list(pool.map(build, RUNS, [place] * len(RUNS)))
            (place / "done").touch()
    return place


def build(name, place):
    run, out = place / "runs" / name, place / name
    shutil.copytree(DATA / name, run)
    for table in ("steps", "windows"):
        frame = pd.read_parquet(run / f"{table}.parquet")
        frame["other_processes_cpu_s"] *= QUIETER
        frame.to_parquet(run / f"{table}.parquet")
    build_report(run, out)
    (out / "terminal").write_text(terminal_summary(read_run(run)))


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
