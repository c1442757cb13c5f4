"""The latencies of the tables of Parquet against the log of histograms, read by HdrHistogram."""

import math

import pytest

from tests.reports.recomputed.truth import PERCENTILES, mean_ms, summary_ms

KINDS = ("response", "service", "send_lag", "connect", "first_echo")


def measured(table):
    """Each row that something was measured of, and the step that it is of."""
    for rows in table.values():
        for row in rows:
            if row["messages"]:
                yield row, (row["server"], row["workload"], row["repeat"], row["connections"])


def told(row, kind):
    columns = {name: f"{kind}_{name}_ms" for name in ("mean", *PERCENTILES, "max")}
    return {name: row[each] for name, each in columns.items() if not math.isnan(row[each])}


def test_latencies_of_the_steps_are_those_of_merged_histograms(run):
    for row, step in measured(run.steps):
        # A starved connection's wait counts. It is a state: the last window's includes the others'.
        waits = run.log.counts(*step, "waiting")[-1:]
        for kind in KINDS:
            found = run.log.counts(*step, kind) + (waits if kind == "response" else [])
            assert told(row, kind) == pytest.approx(summary_ms(sum(found))), (step, kind)


def test_latencies_of_the_windows_are_those_of_their_histograms(run):
    for row, step in measured(run.windows):
        waits = run.log.counts(*step, "waiting")[row["window"]]
        assert row["starved"] == waits.sum(), step
        if row["starved"]:
            assert row["starved_wait_max_ms"] == pytest.approx(summary_ms(waits)["max"])
        for kind in KINDS[:3]:
            found = run.log.counts(*step, kind)[row["window"]]
            found = found + waits if kind == "response" else found
            assert told(row, kind) == pytest.approx(summary_ms(found)), (step, kind)


def test_messages_are_counted_in_their_histograms(run):
    for row, step in measured(run.steps):
        for kind in ("response", "service"):
            assert row["messages"] == sum(run.log.counts(*step, kind)).sum(), (step, kind)


def test_slices_hold_nothing_but_what_their_windows_hold(run):
    for _row, step in measured(run.steps):
        # The last one of a window ends a moment before that.
        sliced, whole = (sum(run.log.counts(*step, kind)) for kind in ("slice", "response"))
        assert (sliced <= whole).all(), step


def test_rates_are_what_was_counted_by_the_time(run):
    for row, step in [*measured(run.steps), *measured(run.windows)]:
        messages = row["messages"]
        wanted = {
            "messages_per_s": messages / row["window_s"],
            "cpu_us_per_message": 1e6 * row["cpu_s"] / messages,
            "context_switches_per_message": row["context_switches"] / messages,
            "loader_cpu_us_per_message": 1e6 * row["loader_cpu_s"] / messages,
        }
        assert {name: row[name] for name in wanted} == pytest.approx(wanted), step


def test_littles_law_is_that_of_what_was_answered(run):
    for row, step in measured(run.steps):
        if row["loop"] == "closed":
            answered = sum(run.log.counts(*step, "response"))
            senders = math.ceil(run.loads[row["workload"]]["active"] * row["connections"])
            law = row["messages_per_s"] * mean_ms(answered) / 1e3 / senders
            assert row["littles_law_ratio"] == pytest.approx(law, rel=1e-3), step
