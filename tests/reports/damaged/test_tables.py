"""Tables of a run that hold what no run measures."""

import math

import numpy as np
import pandas as pd
import pytest

from c10k.results.schema import KEY, TABLES, RunError, check_frame
from c10k.results.store import read_run
from tests.reports.damaged.conftest import page_of, refusal_of, rewrite, said
from tests.reports.synthetic import write_run


@pytest.mark.parametrize("table", TABLES)
def test_a_column_that_is_lacking_or_of_another_type_is_named(sound, table):
    frame = pd.read_parquet(sound / f"{table}.parquet")
    for name, column in TABLES[table].items():
        with pytest.raises(RunError, match=rf"it lacks the column {name}:"):
            check_frame({name: column}, frame[[]], "it")
        for wrong in ({"str": 5}.get(column.dtype, "many"), None, [["list"]], b"bytes"):
            wrongs = pd.Series([wrong] * len(frame), dtype=object).infer_objects()
            if column.dtype == "float64" and wrong is None:
                continue  # not measured
            with pytest.raises(RunError, match=rf"^it: column {name} (is|holds) "):
                check_frame({name: column}, pd.DataFrame({name: wrongs}), "it")


@pytest.mark.parametrize("table", ["steps", "samples"])
def test_the_table_of_a_wrong_column_is_named(run, table):
    rewrite(run, table, lambda frame: frame.assign(workload=5))
    assert f"{table}.parquet: column workload is int64" in refusal_of(run)


@pytest.mark.system
@pytest.mark.parametrize("numbers", [(math.nan,), (0,), (-1, 1e-300, 1e18)])
def test_no_number_in_a_table_raises_a_traceback(run, undrawn, numbers):
    """In all columns at once, in turn in their rows, as far as a column accepts them."""
    for table, columns in TABLES.items():
        frame = pd.read_parquet(run / f"{table}.parquet")
        for name in columns.keys() - KEY.keys():
            if accepted := [each for each in numbers if is_accepted(columns[name], name, each)]:
                frame[name] = np.resize(accepted, len(frame)).astype(columns[name].dtype)
        frame.to_parquet(run / f"{table}.parquet")
    page_of(run)


def is_accepted(column, name, number):
    if column.dtype != "float64" and (column.dtype != "int64" or number != np.floor(number)):
        return False
    frame = pd.DataFrame({name: np.array([number]).astype(column.dtype)})
    refused = said(check_frame, {name: column}, frame, "it")
    assert f"column {name} " in refused or not refused
    return not refused


@pytest.mark.parametrize(
    ("table", "column", "value", "message"),
    [
        ("steps", "connections", 0, "steps.parquet: column connections holds what is no number"),
        ("steps", "repeat", -1, "steps.parquet: column repeat holds what is no number from 0"),
        ("steps", "cpu_s", float("inf"), "steps.parquet: column cpu_s holds a number beyond"),
        ("steps", "error_causes", "[1]", "steps.parquet: column error_causes holds '[1]'"),
        ("steps", "error_causes", '{"a": {}}', "steps.parquet: column error_causes holds"),
        ("steps", "error_causes", "[" * 9_999, "steps.parquet: column error_causes holds"),
        ("windows", "error_causes", "{", "windows.parquet: column error_causes holds '{'"),
        ("steps", "server", "threaded", "steps.parquet has a step twice: threaded, paced, 0, 10"),
        ("samples", "t_s", float("nan"), "samples.parquet: column t_s holds what is no number"),
    ],
)
def test_a_value_that_no_run_measures_is_refused(run, table, column, value, message):
    rewrite(run, table, lambda frame: frame.assign(**{column: value}))
    assert message in refusal_of(run)


def test_a_table_with_a_column_twice_is_refused(run):
    import pyarrow.parquet as pq

    table = pq.read_table(run / "steps.parquet")
    pq.write_table(table.append_column("server", table["server"]), run / "steps.parquet")
    assert "steps.parquet has the column server twice" in refusal_of(run)


@pytest.mark.system
def test_tables_without_rows_are_none_that_a_report_needs(run, undrawn):
    for table in ("windows", "samples"):
        rewrite(run, table, lambda frame: frame[:0])
    page_of(run)


def test_a_run_of_which_no_step_has_ended_is_refused(tmp_path):
    run = write_run(tmp_path / "run", steps=(10,), skip=lambda _: True)
    assert "holds no step yet: let at least one end" in refusal_of(run)


def test_telemetry_of_a_step_that_is_still_measured_is_left_out(run):
    """The tables of a run that is being written do not change all at once."""
    rewrite(run, "steps", lambda frame: frame[frame.server == "threaded"])
    found = read_run(run)
    assert set(found.samples.server) == set(found.windows.server) == {"threaded"}
    assert len(found.windows) == 4
