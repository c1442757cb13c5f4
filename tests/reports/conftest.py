"""Runs and their reports, each built once and shared."""

import shutil
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from matplotlib.figure import Figure

from c10k.reports import figures
from c10k.reports.figures.sheet import Picture
from c10k.reports.model.measured import Measured
from c10k.results.schema import MISSING, TABLES, TableSpec
from c10k.results.store import read_run
from tests.reports.parsed import Page, page_of
from tests.reports.synthetic import SMALL, held_run

DRAW = Figure.savefig


@pytest.hookimpl(tryfirst=True)  # before groups are read
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What looks at the report of the recorded run is no unit test, and one process builds it."""
    for item in items:
        if isinstance(item, pytest.Function) and "recorded" in item.fixturenames:
            item.add_marker(pytest.mark.system)
            item.add_marker(pytest.mark.xdist_group("recorded"))


@pytest.fixture(scope="session", autouse=True)
def unpainted() -> Iterator[None]:
    """Leave PNG files empty: they take most of a picture's time, and show what the SVG shows."""

    def without_png(figure: Figure, file: Any, **how: Any) -> None:
        if how["format"] != "png":
            DRAW(figure, file, **how)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Figure, "savefig", without_png)
        yield


@pytest.fixture
def painted(monkeypatch: pytest.MonkeyPatch) -> None:
    """Draw PNG files all the same."""
    monkeypatch.setattr(Figure, "savefig", DRAW)


@pytest.fixture
def unpictured(monkeypatch: pytest.MonkeyPatch) -> None:
    """Draw no pictures, in tests that are not about them."""
    monkeypatch.setattr("c10k.reports.figures.pictures", lambda _: [])


@pytest.fixture
def make(tmp_path: Path) -> Callable[..., Measured]:
    """Simulate a small run (one window, three steps by default) for a report."""

    def made(**options: Any) -> Measured:
        return Measured(held_run(tmp_path / "run", **SMALL | options))

    return made


@pytest.fixture(scope="session")
def measured(tmp_path_factory: pytest.TempPathFactory) -> Measured:
    """A run of the chapter's pair at all six steps, three windows each."""
    return Measured(held_run(tmp_path_factory.mktemp("run")))


@pytest.fixture(scope="session")
def step(measured: Measured) -> Callable[[str, str, int, str], float]:
    """One figure of its steps, straight from the table."""
    frame = measured.run.steps.set_index(["server", "workload", "connections"])

    def of(server: str, workload: str, connections: int, column: str) -> float:
        return float(frame.loc[(server, workload, connections), column])

    return of


@pytest.fixture(scope="session")
def recorded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the recorded run, with the columns that the schema has got since then."""
    run = tmp_path_factory.mktemp("recorded") / "run"
    shutil.copytree(Path(__file__).parent / "data" / "run", run)
    for name, table in TABLES.items():
        path = run / f"{name}.parquet"
        filled(pd.read_parquet(path), table).to_parquet(path)
    return run


def filled(frame: pd.DataFrame, table: TableSpec) -> pd.DataFrame:
    """A frame in which columns that it lacks are as of steps that did not measure them."""
    lacking = {name: spec.dtype for name, spec in table.items() if name not in frame}
    values = {name: MISSING[dtype] for name, dtype in lacking.items()}
    return frame.assign(**values).astype(lacking)


@pytest.fixture(scope="session")
def report(recorded: Path) -> Path:
    """The directory of the recorded run's report, in that of the run."""
    return _built(recorded, "report", "en")


@pytest.fixture(scope="session")
def korean(recorded: Path) -> Path:
    """The same report in Korean."""
    return _built(recorded, "korean", "ko")


@pytest.fixture(scope="session")
def pictures(recorded: Path) -> list[Picture]:
    """Every picture of the recorded run."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")  # a glyph is missing
        return figures.pictures(Measured(read_run(recorded)))


def _built(run: Path, name: str, language: str) -> Path:
    from c10k.reports.build import build_report  # with matplotlib, which takes a second

    with warnings.catch_warnings():
        warnings.simplefilter("error")  # a glyph is missing
        return build_report(run, run / name, language).parent


@pytest.fixture(scope="session")
def page(report: Path) -> Page:
    """The page of the recorded run's report."""
    return page_of(report)
