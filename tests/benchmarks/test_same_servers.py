from subprocess import CompletedProcess
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from benchmarks import same_servers
from benchmarks.same_servers import SERVERS, compared, main, table
from c10k.results.comparison import Outcome

THREADED = SERVERS[:2]
FIGURES = {
    "messages": 10_000,
    "messages_per_s": 40_000.0,
    "cpu_us_per_message": 20.0,
    "resident_bytes": 2e7,
    "response_p50_ms": 2.0,
    "response_p99_ms": 4.0,
    "starved": 0,
    "loader_limited": False,
    "steal_s": 0.0,
    "other_processes_cpu_s": 0.0,
    "window_s": 1.0,
}


def steps(*, servers=THREADED, workload="saturated", repeats=5, **second):
    """A step of 100 clients under a workload, in which the second server has other figures."""
    noise = np.random.default_rng(2)
    rows = []
    for repeat in range(repeats):
        for server in servers:
            row = FIGURES | (second if server == servers[1] else {})
            row = {n: v * noise.normal(1, 0.01) if n in FLOATS else v for n, v in row.items()}
            key = {"server": server, "workload": workload, "repeat": repeat, "connections": 100}
            rows.append(key | row)
    return pd.DataFrame(rows)


FLOATS = [name for name in FIGURES if name.endswith(("per_s", "message", "bytes", "ms"))]


def outcomes(frame):
    return {each.measure: each.comparison.outcome for each in compared(frame)}


@pytest.mark.parametrize(("workload", "count"), [("saturated", 5), ("paced", 4), ("game", 0)])
def test_the_same_figures_are_equivalent(workload, count):
    assert list(outcomes(steps(workload=workload)).values()) == [Outcome.EQUIVALENT] * count


def test_labels_of_different_programs_are_not_compared():
    assert outcomes(steps(servers=("threaded", "asyncio_streams"))) == {}


def test_a_difference_is_clear_and_printed():
    lines = list(table(list(compared(steps(messages_per_s=20_000.0)))))
    assert "| saturated | messages_per_s | 1 | 1 | 0 | 0 | 1.0" in "\n".join(lines)
    assert "| all |  | 5 | 1 | 4 | 0 |" in "\n".join(lines)
    assert lines[-1].startswith(
        "- clear: threaded ÷ threaded,buffer=1024, saturated, 100: messages_per_s"
    )


def test_a_percentile_needs_messages_beyond_it():
    assert outcomes(steps(messages=200)).keys() >= {"response_p50_ms", "response_p99_ms"}
    assert "response_p99_ms" not in outcomes(steps(messages=199))
    assert "response_p50_ms" in outcomes(steps(messages=199))


def test_a_percentile_is_of_all_clients():
    assert "response_p50_ms" in outcomes(steps(starved=1))
    assert "response_p50_ms" not in outcomes(steps(starved=2))


def test_response_times_must_differ_by_what_can_be_measured():
    close = steps(response_p50_ms=0.1)
    close.loc[close["server"] == "threaded", "response_p50_ms"] -= 1.94
    assert outcomes(close)["response_p50_ms"] is Outcome.UNDECIDED


def test_disturbed_repeats_and_those_of_one_repeat_decide_nothing():
    disturbed = steps(messages_per_s=20_000.0)
    disturbed.loc[disturbed["repeat"] > 0, "steal_s"] = 1.0
    assert set(outcomes(disturbed).values()) == {Outcome.INDICATIVE}
    assert "| all |  | 0 | 0 | 0 | 0 | – |" in list(table(list(compared(disturbed))))


def test_runs_are_read_and_the_trials_left_out_counted(tmp_path, capsys, monkeypatch):
    disturbed = steps()
    disturbed.loc[disturbed["repeat"] == 0, "steal_s"] = 1.0
    monkeypatch.setattr(same_servers, "read_run", lambda path: SimpleNamespace(steps=disturbed))
    assert main(["one", "other"]) == 0
    printed = capsys.readouterr().out
    assert "| all |  | 10 | 0 | 10 | 0 |" in printed
    assert "left out: 4 of 20 trials" in printed


@pytest.mark.parametrize(("status", "read"), [(0, ["measured"]), (1, ["measured"]), (3, [])])
def test_without_a_run_one_is_measured(status, read, capsys, monkeypatch):
    commands, directories = [], []

    def run(command, **_):
        commands.append(command)
        return CompletedProcess(command, status, "a warning\nmeasured\n")

    def read_run(path):
        directories.append(str(path))
        return SimpleNamespace(steps=steps())

    monkeypatch.setattr(same_servers.subprocess, "run", run)
    monkeypatch.setattr(same_servers, "read_run", read_run)
    assert main(["--repeat", "5"]) == (0 if read else status)
    assert directories == read
    assert "run --no-report --repeat 5" in " ".join(commands[0])
    assert commands[0].count("--server") == len(SERVERS)


def test_a_directory_without_a_run_is_said_to_be_none(tmp_path, capsys):
    assert main([str(tmp_path)]) == 2
    assert "is not the directory of a run" in capsys.readouterr().err
