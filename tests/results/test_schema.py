import math

import pandas as pd
import pytest

from c10k.results.schema import MISSING, SAMPLES, STEPS, WINDOWS, RunError, check_frame, complete

KEY = {"server": "threaded", "workload": "paced", "repeat": 0, "connections": 10}


def frame(table, rows=1):
    """Rows in which nothing was measured but what no row may lack."""
    needed = {"connections": range(1, rows + 1), "t_s": range(rows)}
    columns = {
        name: needed.get(name, [MISSING[column.dtype]] * rows) for name, column in table.items()
    }
    return pd.DataFrame(columns).astype({name: column.dtype for name, column in table.items()})


def test_the_steps_begin_as_the_contract_says():
    first = ["connected", "status", "window_s", "messages", "messages_per_s"]
    assert list(STEPS)[:9] == ["server", "workload", "repeat", "connections", *first]


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
        if name.endswith("_per_s"):
            assert "per second" in column.meaning, name
        if "us_per" in name:
            assert column.meaning.endswith(" per message, us"), name


@pytest.mark.parametrize("table", [STEPS, WINDOWS, SAMPLES])
def test_a_frame_of_the_schema_passes(table):
    check_frame(table, frame(table, rows=0), "it")
    check_frame(table, frame(table, rows=2), "it")
    check_frame(table, frame(table).astype({"server": object}), "it")


@pytest.mark.parametrize(
    ("name", "value", "oddity"),
    [
        ("connections", 0, "what is no number from 1 on"),
        ("messages", -1, "what is no number from 0 on"),
        ("cpu_s", math.inf, r"a number beyond 2\*\*63"),
        ("cpu_s", -1e19, r"a number beyond 2\*\*63"),
        ("server", None, "None, not a text"),
        ("error_causes", '{"reset": -1}', ".*, not a JSON object of counts"),
        ("error_causes", "\n" + 99 * "[", r"'\\n\[+, not a JSON object of counts"),
        ("error_causes", r'{"\ud800": 1}', ".*, not a JSON object of counts"),
    ],
)
def test_what_no_run_measures_is_refused(name, value, oddity):
    wrong = frame(STEPS).assign(**{name: value})
    with pytest.raises(RunError, match=f"^steps: column {name} holds {oddity}$"):
        check_frame(STEPS, wrong, "steps")


def test_of_time_there_is_no_sample_without_it():
    with pytest.raises(RunError, match=r"^it: column t_s holds what is no number$"):
        check_frame(SAMPLES, frame(SAMPLES).assign(t_s=math.nan), "it")
    check_frame(SAMPLES, frame(SAMPLES).assign(t_s=-1.0), "it")


def test_a_step_or_a_column_twice_is_refused():
    with pytest.raises(RunError, match=r"^it has a step twice: , , 0, 1$"):
        check_frame(STEPS, pd.concat([frame(STEPS)] * 2), "it")
    check_frame(WINDOWS, pd.concat([frame(WINDOWS)] * 2), "it")
    with pytest.raises(RunError, match=r"^it has the column server twice$"):
        check_frame(STEPS, pd.concat([frame(STEPS), frame(STEPS)[["server"]]], axis=1), "it")


def test_a_row_is_completed_in_order_and_type():
    row = complete(STEPS, {**KEY, "messages": 7.0, "cpu_s": None, "window_s": 2})
    assert list(row) == list(STEPS)
    assert (row["messages"], type(row["messages"])) == (7, int)
    assert (row["window_s"], type(row["window_s"])) == (2.0, float)
    assert row["cpu_s"] is None
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
        complete(STEPS, {"server": "threaded", "workload": "paced"})


def test_an_error_is_one_line_whatever_it_quotes():
    assert str(RunError("a\nb\x1b[31m \N{LINE SEPARATOR}…")) == r"a\nb\x1b[31m \u2028…"
    assert str(RunError("\udcff")) == r"\udcff"
