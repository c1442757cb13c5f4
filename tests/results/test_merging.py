import json
import math

import numpy as np
import pytest
from hypothesis import strategies as st

from c10k.results.aggregate import Recording, latency_columns, merged, step_row
from c10k.results.histogram import Histogram
from c10k.results.schema import STEPS, WINDOWS, complete
from tests.results.conftest import given_few, histogram_of

KEY = {"server": "threaded", "workload": "paced", "repeat": 0, "connections": 10}


def window(**measured):
    return complete(WINDOWS, KEY | {"status": "ok"} | measured)


def of_ms(*values):
    return histogram_of(*(value * 1_000_000 for value in values))


def row_of(*windows, recordings=()):
    return step_row(windows, recordings)


def test_the_key_and_what_stays_the_same_are_taken_over():
    row = row_of(window(loop="open", size_bytes=64), window(loop="open", size_bytes=64))
    assert KEY.items() <= row.items()
    assert (row["loop"], row["size_bytes"], row["windows"]) == ("open", 64, 2)
    assert set(row) == set(STEPS)


def test_counters_are_summed():
    row = row_of(
        window(messages=10, errors=1, window_s=2.0, cpu_s=0.5, retransmits=1.0),
        window(messages=30, errors=0, window_s=3.0, cpu_s=0.1, retransmits=0.0),
    )
    assert (row["messages"], row["errors"], row["window_s"]) == (40, 1, 5.0)
    assert (row["cpu_s"], row["retransmits"]) == (0.6, 1.0)


@given_few(
    st.lists(
        st.tuples(st.integers(1, 10**6), st.floats(0.1, 60.0), st.floats(0.0, 60.0)), min_size=1
    )
)
def test_rates_come_from_sums(measured):
    messages, seconds, cpu = map(np.array, zip(*measured, strict=True))
    row = row_of(*(window(messages=m, window_s=s, cpu_s=c, loader_cpu_s=c) for m, s, c in measured))
    assert row["messages_per_s"] == pytest.approx(messages.sum() / seconds.sum())
    assert row["cpu_us_per_message"] == pytest.approx(1e6 * cpu.sum() / messages.sum())
    assert row["loader_cpu_us_per_message"] == row["cpu_us_per_message"]


def test_levels_are_medians():
    row = row_of(*(window(rss_bytes=level, threads=3.0) for level in (5.0, 100.0, 7.0)))
    assert (row["rss_bytes"], row["threads"]) == (7.0, 3.0)


def test_shares_weigh_by_time():
    row = row_of(
        window(window_s=1.0, cpu_cores=1.0, littles_law_ratio=0.9),
        window(window_s=3.0, cpu_cores=0.0, littles_law_ratio=1.0),
    )
    assert row["cpu_cores"] == 0.25
    assert row["littles_law_ratio"] == pytest.approx(0.975)


def test_cpu_efficiency_weighs_by_the_time_it_is_a_share_of():
    row = row_of(
        window(cpu_s=1.0, runqueue_wait_s=1.0, cpu_efficiency=0.5),
        window(cpu_s=6.0, runqueue_wait_s=0.0, cpu_efficiency=1.0),
    )
    assert row["cpu_efficiency"] == pytest.approx(7 / 8)


def test_the_worst_stands_for_what_cannot_be_merged():
    row = row_of(
        window(hiccup_max_ms=1.0, starved=3, connected=10, loader_limited=False),
        window(hiccup_max_ms=9.0, starved=1, connected=8, loader_limited=True),
    )
    assert (row["hiccup_max_ms"], row["starved"], row["connected"]) == (9.0, 3, 8)
    assert row["loader_limited"] is True


@pytest.mark.parametrize(
    ("states", "together"),
    [(["ok", "ok"], "ok"), (["ok", "failed"], "partial"), (["failed"], "failed")],
)
def test_a_step_is_what_its_windows_agree_on(states, together):
    assert row_of(*(window(status=state) for state in states))["status"] == together


def test_errors_are_summed_by_cause():
    row = row_of(
        window(error_causes='{"timeout": 2}', reason="slow", log_tail="begin"),
        window(error_causes='{"timeout": 1, "refused": 4}', reason="slow", log_tail="end"),
        window(error_causes="", reason="refused"),
    )
    assert json.loads(row["error_causes"]) == {"timeout": 3, "refused": 4}
    assert (row["reason"], row["log_tail"]) == ("slow; refused", "end")


def test_what_was_not_measured_stays_unknown():
    row = row_of(window(), window())
    for name in ("rss_bytes", "cpu_s", "cpu_us_per_message", "response_p99_ms", "cpu_efficiency"):
        assert math.isnan(row[name]), name
    half = row_of(window(rss_bytes=5.0, cpu_s=1.0, messages=10), window(messages=90))
    assert (half["rss_bytes"], half["cpu_s"]) == (5.0, 1.0)
    assert half["cpu_us_per_message"] == 1e5, "messages of a window without CPU time do not count"


def test_percentiles_come_from_merged_histograms():
    recordings = [
        Recording("service", 0.0, 2.0, of_ms(*[1] * 98)),
        Recording("service", 2.0, 2.0, of_ms(50, 60)),
    ]
    row = row_of(window(service_p99_ms=1.0), window(service_p99_ms=60.0), recordings=recordings)
    assert row["service_p99_ms"] == pytest.approx(50, rel=0.001)
    assert row["service_p50_ms"] == pytest.approx(1, rel=0.001)
    assert row["service_max_ms"] == pytest.approx(60, rel=0.001)


def test_response_times_include_the_waiting_at_the_end():
    recordings = [
        Recording("waiting", 2.0, 2.0, of_ms(3000)),
        Recording("response", 0.0, 2.0, of_ms(1, 1)),
        Recording("waiting", 0.0, 2.0, of_ms(1000)),
    ]
    columns = latency_columns(recordings)
    assert columns["response_max_ms"] == pytest.approx(3000, rel=0.001)
    assert columns["response_mean_ms"] == pytest.approx(3002 / 3, rel=0.001)
    assert math.isnan(columns["service_max_ms"])


@given_few(st.lists(st.lists(st.integers(1, 1000), min_size=1), min_size=1, max_size=5))
def test_merging_conserves_all_but_the_waiting_that_the_last_includes(intervals):
    histograms = [of_ms(*values) for values in intervals]
    assert merged("service", histograms).total == sum(map(len, intervals))
    assert merged("waiting", histograms) == histograms[-1]
    assert merged("waiting", []) == Histogram()


def test_a_step_without_windows_has_no_row():
    with pytest.raises(ValueError, match="without windows"):
        step_row([], [])


def test_only_percentiles_are_left_to_the_histograms():
    left = {name for name, column in STEPS.items() if column.rule is None}
    assert left == set(latency_columns([]))
