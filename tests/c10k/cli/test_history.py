"""`c10k history`: what it prints and writes, and its exit status."""

import json
import shutil

import pytest

from c10k.cli.main import main
from c10k.results import changes
from tests.reports.synthetic import write_run

RUNS = 16
SINCE = 8


@pytest.fixture(scope="module")
def stored(tmp_path_factory):
    """Runs of a server that needs half as much CPU and time again from one of them on."""
    directory = tmp_path_factory.mktemp("stored") / "runs"
    for number in range(RUNS):

        def slower(step, since=number >= SINCE):
            step.cpu_us *= 1.5 if since else 1
            step.median_ms *= 1.5 if since else 1
            step.messages_per_s /= 1.5 if since else 1

        write_run(
            directory / f"run-{number:02}",
            {"threaded": "thread per connection"},
            ["saturated"],
            (10,),
            windows=1,
            change=slower,
            described={
                "created_at": f"2026-09-{number + 1:02}T02:00:00+00:00",
                "commit": f"c{number:06}",
            },
        )
    return directory


@pytest.fixture(autouse=True)
def quick(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(changes, "_PERMUTATIONS", (2_000,))


@pytest.fixture
def one(stored):
    """The directory of a run."""
    return str(stored / "run-00")


def test_it_prints_the_changes_and_the_page_last_and_writes_its_files(stored, tmp_path, capsys):
    assert main(["history", str(stored), "--json", "found.json", "--markdown", "changes.md"]) == 0
    shown = capsys.readouterr()
    assert shown.err == ""
    first, *_blank, last = shown.out.splitlines()
    assert first == f"4 changes in 5 series of {RUNS} runs"
    assert last == "results/history/index.html"
    assert (tmp_path / last).stat().st_size > 10_000
    row = next(line.split() for line in shown.out.splitlines() if "throughput" in line)
    assert row[:4] == ["threaded", "saturated", "10", "throughput"]
    assert row[-4:] == ["worse", "run-08", "c000008", "c000007"]
    assert_json(json.loads((tmp_path / "found.json").read_text()))
    text = (tmp_path / "changes.md").read_text()
    assert text.startswith(f"### 4 changes in 5 series of {RUNS} runs\n\n")
    assert text.count("| run-08 | c000008 | c000007 |") == 4


def assert_json(found):
    assert found["schema"] == "c10k.history/1"
    assert [run["commit"] for run in found["runs"]] == [f"c{n:06}" for n in range(RUNS)]
    by_column = {each["column"]: each for each in found["series"]}
    throughput = by_column["messages_per_s"]
    assert len(throughput["figures"]) == RUNS
    assert throughput["figures"][0].keys() == {"run", "value", "low", "high", "counts"}
    (change,) = throughput["changes"]
    assert (change["run"], change["previous_run"]) == ("run-08", "run-07")
    assert (change["commit"], change["previous_commit"]) == ("c000008", "c000007")
    assert change["ratio"] == pytest.approx(1 / 1.5, rel=1e-3)
    assert change["low"] <= change["ratio"] <= change["high"]
    assert change["better"] is False
    assert by_column["resident_bytes"]["changes"] == []


def test_json_alone_goes_to_standard_output(one, capsys):
    assert main(["history", one, "--json", "-"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert len(found["runs"]) == 1
    assert {each["figures"][0]["low"] for each in found["series"]} == {None}  # of one repeat


def test_a_damaged_run_is_named_and_the_exit_status_is_0(stored, tmp_path, capsys):
    shutil.copytree(stored / "run-00", tmp_path / "some" / "good")
    shutil.copytree(stored / "run-01", tmp_path / "some" / "bad")
    (tmp_path / "some" / "bad" / "latency.hlog").unlink()
    assert main(["history", "some", "--markdown", "changes.md"]) == 0
    shown = capsys.readouterr()
    assert shown.err.startswith("c10k: bad is left out: ")
    assert shown.err.count("\n") == 1
    assert shown.out.startswith("no change in 5 series of 1 run\n")
    assert "5 series have fewer than 10 runs" in shown.out
    assert (tmp_path / "changes.md").read_text().startswith("### no change in 5 series of 1 run")


def test_no_run_that_can_be_read_is_a_wrong_request(tmp_path, capsys):
    (tmp_path / "some" / "bad").mkdir(parents=True)
    (tmp_path / "some" / "bad" / "run.json").write_text("{}")
    assert main(["history", "some", "--json", "found.json"]) == 2
    assert capsys.readouterr().err.startswith("c10k: no history: no run can be read: bad is left")
    assert not (tmp_path / "found.json").exists()


def test_an_unwritable_directory_is_refused_with_the_remedy(one, tmp_path, capsys):
    (tmp_path / "file").touch()
    assert main(["history", one, "--out", "file"]) == 2
    assert "--out DIR" in capsys.readouterr().err
