import math

import pandas as pd
import pytest

from results.schema import (
    MISSING,
    RUN_SCHEMA,
    SAMPLES,
    STEPS,
    WINDOWS,
    RunError,
    check_frame,
    check_manifest,
    complete,
)

KEY = {"server": "threaded", "workload": "steady", "repeat": 0, "connections": 10}


def frame(table, rows=1):
    return pd.DataFrame(
        {
            name: pd.Series([MISSING[column.dtype]] * rows, dtype=column.dtype)
            for name, column in table.items()
        }
    )


def test_the_steps_begin_as_the_contract_says():
    assert list(STEPS)[:9] == [
        "server",
        "workload",
        "repeat",
        "connections",
        "connected",
        "status",
        "window_s",
        "messages",
        "messages_per_s",
    ]


def test_windows_are_steps_with_a_number():
    assert [name for name in WINDOWS if name != "window"] == [n for n in STEPS if n != "windows"]
    assert list(WINDOWS).index("window") == list(WINDOWS).index("connections") + 1


@pytest.mark.parametrize("table", [STEPS, WINDOWS, SAMPLES])
def test_every_column_says_what_it_is(table):
    for name, column in table.items():
        assert column.dtype in MISSING
        assert column.meaning, name
        for suffix, unit in {"_ms": "ms", "_s": "s", "_bytes": "bytes"}.items():
            if name.endswith(suffix) and not name.endswith("per_s"):
                assert column.meaning.endswith(f", {unit}"), name


@pytest.mark.parametrize("table", [STEPS, WINDOWS, SAMPLES])
@pytest.mark.parametrize("rows", [0, 2])
def test_a_frame_of_the_schema_passes(table, rows):
    check_frame(table, frame(table, rows), "it")


def test_text_as_objects_passes():
    check_frame(STEPS, frame(STEPS).astype({"server": object}), "it")


def test_a_missing_column_is_named():
    with pytest.raises(RunError, match=r"^steps lacks the column response_p99_ms"):
        check_frame(STEPS, frame(STEPS).drop(columns="response_p99_ms"), "steps")


def test_what_older_runs_could_not_measure_is_missing_in_them():
    later = [name for name, column in STEPS.items() if column.later]
    assert "ceiling_messages_per_s" in later
    completed = check_frame(STEPS, frame(STEPS, 2).drop(columns=later), "steps")
    assert set(completed.columns) == set(STEPS)
    assert check_frame(STEPS, completed, "steps") is completed


@pytest.mark.parametrize(("name", "dtype"), [("messages", float), ("server", int), ("cpu_s", str)])
def test_a_column_of_another_type_is_named(name, dtype):
    wrong = frame(STEPS).assign(**{name: pd.Series([1], dtype=dtype)})
    with pytest.raises(RunError, match=rf"column {name} is .*, and should be {STEPS[name].dtype}"):
        check_frame(STEPS, wrong, "steps")


def test_a_row_is_completed_in_order_and_type():
    row = complete(STEPS, {**KEY, "messages": 7.0, "cpu_s": None, "window_s": 2})
    assert list(row) == list(STEPS)
    assert (row["messages"], type(row["messages"])) == (7, int)
    assert (row["window_s"], type(row["window_s"])) == (2.0, float)
    assert math.isnan(row["cpu_s"])
    assert (row["errors"], row["reason"], row["loader_limited"]) == (0, "", False)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"response_p98_ms": 1.0}, "no such column: response_p98_ms"),
        ({"messages": 7.5}, "column messages is int64, not 7.5"),
        ({"messages": "many"}, "column messages is int64, not 'many'"),
        ({"server": 5}, "column server is str, not 5"),
        ({"cpu_s": math.inf}, "column cpu_s is float64, not inf"),
    ],
)
def test_a_row_that_does_not_fit_is_refused(change, message):
    with pytest.raises(RunError, match=message):
        complete(STEPS, KEY | change)


def test_a_row_without_its_key_is_refused():
    with pytest.raises(RunError, match="needs connections, repeat"):
        complete(STEPS, {"server": "threaded", "workload": "steady"})


@pytest.fixture
def whole(manifest):
    times = {"created_at": "2026-01-02T03:04:05+00:00", "finished_at": None}
    return {"schema": RUN_SCHEMA, "interrupted": False} | times | manifest


def test_a_manifest_of_the_schema_passes(whole):
    assert check_manifest(whole, "run.json") == whole


def test_another_version_is_refused_with_the_way_out(whole):
    with pytest.raises(RunError) as caught:
        check_manifest(whole | {"schema": "c10k.run/2", "c10k_version": "9.1"}, "here/run.json")
    message = str(caught.value)
    for part in ("here/run.json", "'c10k.run/2'", f"'{RUN_SCHEMA}'", "9.1", "measure again"):
        assert part in message
    assert "\n" not in message


@pytest.mark.parametrize("other", [None, [], {}, {"steps": []}])
def test_what_is_no_manifest_is_refused(other):
    with pytest.raises(RunError, match="names no schema"):
        check_manifest(other, "run.json")


def test_a_manifest_of_before_the_ceiling_passes(whole):
    assert "ceiling" not in whole
    assert check_manifest(whole | {"ceiling": None}, "run.json")["ceiling"] is None
    with pytest.raises(RunError, match="ceiling is missing or not of type list or null"):
        check_manifest(whole | {"ceiling": 5}, "run.json")


def test_a_manifest_without_a_key_is_refused(whole):
    del whole["host"]
    with pytest.raises(RunError, match="host is missing or not of type dict"):
        check_manifest(whole, "run.json")
