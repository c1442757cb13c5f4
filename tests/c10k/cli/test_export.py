"""`c10k export`: where it writes, in which formats, and what it refuses."""

import json

import pandas as pd
import pytest

from c10k.cli.main import main
from c10k.results.store import read_run
from tests.reports.synthetic import write_run


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """A small run."""
    return write_run(tmp_path_factory.mktemp("runs") / "run", steps=(10, 100), windows=1)


def test_without_options_pytest_benchmarks_json_goes_to_standard_output(run, capsys):
    assert main(["export", str(run)]) == 0
    assert len(json.loads(capsys.readouterr().out)["benchmarks"]) == 8


@pytest.mark.parametrize(("name", "read"), [("csv", pd.read_csv), ("json", pd.read_json)])
def test_the_steps_are_flat_tables_that_pandas_reads(run, tmp_path, name, read):
    file = tmp_path / "steps"
    assert main(["export", str(run), "--format", name, "-o", str(file)]) == 0
    found, steps = read(file), read_run(run).steps
    assert list(found) == list(steps)
    for column in ("server", "connections", "messages_per_s", "response_p99_ms"):
        assert found[column].tolist() == pytest.approx(steps[column].tolist())


def test_what_is_no_run_or_holds_no_step_is_refused_in_one_line(run, tmp_path, capsys):
    empty = write_run(tmp_path / "empty", skip=lambda step: step.connections > 10, steps=(10,))
    pd.read_parquet(empty / "steps.parquet").iloc[:0].to_parquet(empty / "steps.parquet")
    for directory, why in ((tmp_path / "nowhere", "it has no run.json"), (empty, "holds no step")):
        assert main(["export", str(directory), "-o", str(tmp_path / "file")]) == 2
        shown = capsys.readouterr()
        assert (shown.out, shown.err.count("\n")) == ("", 1)
        assert why in shown.err
        assert not (tmp_path / "file").exists()
