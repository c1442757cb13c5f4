from subprocess import CompletedProcess

import pytest

from benchmarks import same_servers
from benchmarks.same_servers import SERVERS, compared, main, table
from c10k.reports.model.measured import Measured
from c10k.results.comparison import Outcome
from tests.reports.synthetic import held_run

THREADED = {"threaded": "thread per connection", "threaded,buffer=1024": "thread per connection"}
PAIR = {"threaded": "thread per connection", "asyncio_streams": "event loop"}


def held(directory, *, servers=THREADED, repeats=5, second_cpu=1.0, disturbed=0):
    """A run of a step of 100 clients, in which the second server takes more CPU."""

    def change(step):
        # Unlike repeats, and the same in both servers but for noise that differs.
        noise = 1 + 0.001 * ((7 * step.repeat + 3 * len(step.server)) % 5)
        step.median_ms, step.cpu_us = 2.0 * noise, 20.0 * noise
        step.messages_per_s *= noise
        if step.server != "threaded":
            step.cpu_us *= second_cpu
        step.others = 0.9 if step.repeat < disturbed else 0.0

    options = {"steps": (100,), "windows": 1, "workloads": ("saturated",), "repeats": repeats}
    return held_run(directory, servers=servers, change=change, **options)


@pytest.fixture
def outcomes(tmp_path):
    def of(**how):
        found = compared(Measured(held(tmp_path, **how)))
        return {each.measure.noun: each.outcome for each in found if each.known}

    return of


def test_the_same_figures_are_equivalent(outcomes):
    found = outcomes()
    assert len(found) == 4
    assert set(found.values()) == {Outcome.EQUIVALENT}


def test_labels_of_different_programs_are_not_compared(outcomes):
    assert outcomes(servers=PAIR) == {}


def test_a_difference_is_clear_and_printed(tmp_path):
    lines = list(table(list(compared(Measured(held(tmp_path, second_cpu=2.0))))))
    assert "| CPU per message | 1 | 1 | 0 | 0 | 0 | 1.00× |" in lines
    assert "| all | 4 | 1 | 3 | 0 | 1 | 1.00× |" in lines
    assert lines[-1].startswith(
        "- clear: threaded ÷ threaded,buffer=1024, saturated, 100: CPU per message 0.50× ("
    )


def test_disturbed_repeats_and_those_of_one_repeat_decide_nothing(outcomes, tmp_path):
    assert outcomes(disturbed=5) == {}
    assert set(outcomes(repeats=1).values()) == {Outcome.INDICATIVE}


def test_runs_are_read(tmp_path, capsys, monkeypatch):
    monkeypatch.setattr(same_servers, "read_run", held)
    assert main(["one", "other"]) == 0
    assert "| all | 8 | 0 | 8 | 0 | 2 | 1.00× |" in capsys.readouterr().out


@pytest.mark.parametrize(("status", "read"), [(0, ["measured"]), (1, ["measured"]), (3, [])])
def test_without_a_run_one_is_measured(status, read, capsys, monkeypatch):
    commands, directories = [], []

    def run(command, **_):
        commands.append(command)
        return CompletedProcess(command, status, "a warning\nmeasured\n")

    def read_run(path):
        directories.append(str(path))
        return held(path)

    monkeypatch.setattr(same_servers.subprocess, "run", run)
    monkeypatch.setattr(same_servers, "read_run", read_run)
    assert main(["--repeat", "5"]) == (0 if read else status)
    assert directories == read
    assert "run --no-report --repeat 5" in " ".join(commands[0])
    assert commands[0].count("--server") == len(SERVERS)


def test_a_directory_without_a_run_is_said_to_be_none(tmp_path, capsys):
    assert main([str(tmp_path)]) == 2
    assert "is not the directory of a run" in capsys.readouterr().err
