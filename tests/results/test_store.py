import json
import os
import resource
import shutil
import signal
import subprocess
import sys
import time

import pandas as pd
import pytest
from hdrh.histogram import HdrHistogram
from hdrh.log import HistogramLogReader

from c10k.results.histogram import HIGHEST_NS, LOWEST_NS, Histogram
from c10k.results.schema import SAMPLES, STEPS, WINDOWS, check_frame
from c10k.results.store import RunError, RunWriter, StepRecord, read_run

FILES = {
    "run.json",
    "steps.parquet",
    "windows.parquet",
    "samples.parquet",
    "latency.hlog",
    "journal.jsonl",
}


@pytest.fixture
def directory(tmp_path):
    return tmp_path / "run"


@pytest.fixture
def writer(directory, manifest):
    with RunWriter(directory).create(manifest) as writer:
        yield writer


def connections(run):
    return run.steps["connections"].tolist()


def test_a_run_without_steps_is_readable(writer, directory, manifest):
    run = read_run(directory)
    assert {path.name for path in directory.iterdir()} == FILES
    assert len(run.steps) == len(run.windows) == len(run.samples) == 0
    assert manifest.items() <= run.manifest.items()
    assert run.manifest["schema"] == "c10k.run/1"
    assert run.manifest["finished_at"] is None


def test_what_is_appended_is_read(writer, directory, make_step):
    ten, hundred = make_step(10), make_step(100, server="threaded,stack=256k")
    writer.append_step(ten)
    writer.append_step(hundred)
    run = read_run(directory)
    assert connections(run) == [10, 100]
    for name, value in ten.step.items():
        read = run.steps.iloc[0][name]
        assert read == value or (pd.isna(read) and pd.isna(value)), name
    assert run.windows["window"].tolist() == [0, 1, 0, 1]
    assert run.samples["connections"].tolist() == [10] * 3 + [100] * 3
    assert run.samples["t_s"].tolist()[:3] == pytest.approx([0.0, 0.2, 0.4])


def test_the_tables_are_read_with_pandas_alone(writer, directory, make_step):
    writer.append_step(make_step(10))
    for name, table in {"steps": STEPS, "windows": WINDOWS, "samples": SAMPLES}.items():
        frame = pd.read_parquet(directory / f"{name}.parquet")
        assert list(frame) == list(table)
        check_frame(table, frame, name)


def test_histograms_merge_windows_and_repeats(writer, directory, make_step):
    for repeat in range(3):
        writer.append_step(make_step(10, repeat=repeat))
    writer.append_step(make_step(100))
    run = read_run(directory)
    assert run.histograms("threaded", "paced", 10, "response", repeat=1).total == 2 * 200
    assert run.histograms("threaded", "paced", 10, "response").total == 3 * 2 * 200
    assert run.histograms("threaded", "paced", 10, "connect").total == 3 * 200
    assert run.histograms("threaded", "paced", 10, "waiting", repeat=1).total == 200
    assert run.histograms("threaded", "saturated", 10, "response") == Histogram()


def test_the_row_quotes_the_percentiles_of_the_log(writer, directory, make_step):
    writer.append_step(make_step(10))
    run = read_run(directory)
    row = run.steps.iloc[0]
    service = run.histograms("threaded", "paced", 10, "service").summary_ms()
    response = run.histograms("threaded", "paced", 10, "response") + run.histograms(
        "threaded", "paced", 10, "waiting"
    )
    assert {name: row[f"service_{name}_ms"] for name in service} == service
    assert row["response_p99_ms"] == response.summary_ms()["p99"]


def test_the_log_is_read_by_the_reference(writer, directory, make_step):
    writer.append_step(make_step(10, server="threaded,stack=256k"))
    reader = HistogramLogReader(
        str(directory / "latency.hlog"), HdrHistogram(LOWEST_NS, HIGHEST_NS, 3)
    )
    totals = {}
    while (histogram := reader.get_next_interval_histogram()) is not None:
        kind = histogram.get_tag().split("|")[-1]
        totals[kind] = totals.get(kind, 0) + histogram.get_total_count()
    reader.close()
    assert totals == {
        "response": 400,
        "service": 400,
        "send_lag": 400,
        "waiting": 400,
        "connect": 200,
    }


def test_a_step_is_taken_once(writer, make_step):
    writer.append_step(make_step(10))
    with pytest.raises(RunError, match="has this step already"):
        writer.append_step(make_step(10))


def test_a_failed_step_needs_no_windows(writer, directory):
    key = {"server": "threaded", "workload": "paced", "repeat": 0, "connections": 10}
    writer.append_step(
        StepRecord({**key, "status": "failed", "reason": "died", "log_tail": "x\ny"})
    )
    run = read_run(directory)
    assert run.steps.loc[0, ["status", "reason", "log_tail"]].tolist() == ["failed", "died", "x\ny"]
    assert run.steps["response_p99_ms"].isna().all()
    assert len(run.windows) == 0


def test_a_row_that_does_not_fit_leaves_the_run_as_it_was(writer, directory, make_step):
    writer.append_step(make_step(10))
    wrong = make_step(100)
    with pytest.raises(RunError, match="no such column: colour"):
        writer.append_step(StepRecord({**wrong.step, "colour": 1}, histograms=wrong.histograms))
    writer.append_step(make_step(100))
    assert connections(read_run(directory)) == [10, 100]
    assert read_run(directory).histograms("threaded", "paced", 100, "response").total == 400


def test_the_manifest_changes(writer, directory):
    writer.update_manifest(finished_at="2026-01-02T03:04:05+00:00", interrupted=True)
    manifest = read_run(directory).manifest
    assert (manifest["finished_at"], manifest["interrupted"]) == ("2026-01-02T03:04:05+00:00", True)
    with pytest.raises(RunError, match="interrupted"):
        writer.update_manifest(interrupted="yes")
    assert read_run(directory).manifest == manifest


def test_a_run_is_not_overwritten(writer, directory, manifest):
    with pytest.raises(RunError, match="holds a run already"):
        RunWriter(directory).create(manifest)


def test_a_run_has_one_writer(writer, directory, make_step):
    with pytest.raises(RunError, match="being written by another process"):
        RunWriter.open(directory)
    writer.close()
    with RunWriter.open(directory) as second:
        second.append_step(make_step(10))


def test_a_resumed_run_goes_on(writer, directory, make_step):
    writer.append_step(make_step(10))
    writer.close()
    with RunWriter.open(directory) as resumed:
        assert resumed.done() == {("threaded", "paced", 0, 10)}
        resumed.append_step(make_step(100))
        resumed.update_manifest(interrupted=True)
    run = read_run(directory)
    assert connections(run) == [10, 100]
    assert run.manifest["interrupted"]
    for step in (10, 100):
        assert run.histograms("threaded", "paced", step, "response").total == 400


def test_lagging_tables_are_made_up_from_the_journal(writer, directory, make_step, tmp_path):
    writer.append_step(make_step(10))
    shutil.copytree(directory, tmp_path / "earlier")
    writer.append_step(make_step(100))
    writer.close()
    current = read_run(directory)
    for name in ("steps", "windows", "samples"):
        shutil.copy(tmp_path / "earlier" / f"{name}.parquet", directory)
    lagging = read_run(directory)
    for name in ("steps", "windows", "samples"):
        pd.testing.assert_frame_equal(getattr(lagging, name), getattr(current, name))
    RunWriter.open(directory).close()
    assert pd.read_parquet(directory / "steps.parquet")["connections"].tolist() == [10, 100]


LATER = {name for table in (STEPS, WINDOWS) for name in table if table[name].later}


def test_a_run_of_before_a_measure_is_read_and_goes_on(writer, directory, make_step):
    writer.append_step(make_step(10))
    writer.close()
    for name in ("steps", "windows"):
        path = directory / f"{name}.parquet"
        pd.read_parquet(path).drop(columns=LATER).to_parquet(path)
    journal = json.loads((directory / "journal.jsonl").read_text())
    for name in ("steps", "windows"):
        journal[name] = {key: of for key, of in journal[name].items() if key not in LATER}
    (directory / "journal.jsonl").write_text(json.dumps(journal) + "\n")
    manifest = json.loads((directory / "run.json").read_text())
    manifest.pop("ceiling", None)
    (directory / "run.json").write_text(json.dumps(manifest))

    assert read_run(directory).steps["ceiling_messages_per_s"].isna().all()
    with RunWriter.open(directory) as resumed:
        resumed.append_step(make_step(100))
    run = read_run(directory)
    assert connections(run) == [10, 100]
    check_frame(STEPS, run.steps, "steps")
    assert LATER


@pytest.mark.parametrize("share", [0.0, 0.1, 0.5, 0.9, 0.999])
@pytest.mark.parametrize("file", ["journal.jsonl", "latency.hlog"])
def test_a_torn_end_costs_only_that_step(writer, directory, make_step, file, share):
    """The moments of a crash while the second step's log, or journal, was being written."""
    writer.append_step(make_step(10))
    journal = directory / "journal.jsonl"
    torn = directory / file
    begins = {path: path.stat().st_size for path in (torn, journal)}
    tables = {path: path.read_bytes() for path in directory.glob("*.parquet")}
    writer.append_step(make_step(100))
    writer.close()
    for path, content in tables.items():
        path.write_bytes(content)
    whole = torn.stat().st_size
    os.truncate(journal, begins[journal])
    with torn.open("r+b") as handle:
        handle.truncate(begins[torn] + int(share * (whole - begins[torn])))

    assert connections(read_run(directory)) == [10]
    with RunWriter.open(directory) as resumed:
        assert resumed.done() == {("threaded", "paced", 0, 10)}
        resumed.append_step(make_step(100))
    run = read_run(directory)
    assert connections(run) == [10, 100]
    assert run.histograms("threaded", "paced", 100, "response").total == 400


WRITE_UNTIL_KILLED = """
import sys
from pathlib import Path
import numpy as np
from c10k.results.aggregate import Recording
from c10k.results.histogram import Histogram
from c10k.results.store import RunWriter, StepRecord

histogram = Histogram()
histogram.record(np.arange(1000, 9_000_000, 5000))
directory = Path(sys.argv[1])
with RunWriter.open(directory) as writer:
    for connections in range(len(writer.done()) + 1, 10_000):
        key = {"server": "s", "workload": "w", "repeat": 0, "connections": connections}
        writer.append_step(
            StepRecord(
                key,
                [{"messages": 1}],
                [{"t_s": 1.0}] * 50,
                [Recording("response", 0.0, 1.0, histogram)],
            )
        )
        print(connections, flush=True)
"""


def test_kill_9_at_any_moment_leaves_a_readable_run(writer, directory):
    writer.close()
    steps = 0
    for delay_s in (0.0, 0.013, 0.029, 0.041, 0.057):
        process = subprocess.Popen(
            [sys.executable, "-c", WRITE_UNTIL_KILLED, str(directory)],
            stdout=subprocess.PIPE,
            text=True,
        )
        reported = int(process.stdout.readline())
        time.sleep(delay_s)
        process.send_signal(signal.SIGKILL)
        reported = max([reported, *map(int, process.stdout.read().split())])
        process.wait()
        run = read_run(directory)
        assert connections(run) == list(range(1, len(run.steps) + 1))
        assert len(run.steps) >= reported > steps, "a step that was reported is on the disk"
        assert len(run.windows) == len(run.steps)
        assert len(run.samples) == 50 * len(run.steps)
        for step in connections(run):
            assert run.histograms("s", "w", step, "response").total == 1800
        steps = len(run.steps)


@pytest.fixture
def full_disk():
    """No file may grow beyond so many bytes; writing more fails as it does on a full disk."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)

    def limit(size):
        resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))

    yield limit
    resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


@pytest.mark.parametrize("rank", range(5))
def test_a_full_disk_is_a_clear_error_and_loses_nothing(
    writer, directory, make_step, full_disk, rank
):
    """Room for a little more than the file of this rank by size: each of them fails in its turn."""
    writer.append_step(make_step(10))
    sizes = sorted(path.stat().st_size for path in directory.iterdir() if path.name != "run.json")
    full_disk(sizes[rank] + 100)
    with pytest.raises(RunError, match="cannot be written: File too large") as caught:
        writer.append_step(make_step(100))
    full_disk(resource.RLIM_INFINITY)
    assert "\n" not in str(caught.value)
    run = read_run(directory)
    assert run.histograms("threaded", "paced", 10, "response").total == 400
    kept = writer.done()
    assert connections(run) == [step[-1] for step in sorted(kept, key=lambda step: step[-1])]

    for step in {100, 500} - {step[-1] for step in kept}:
        writer.append_step(make_step(step))
    run = read_run(directory)
    assert sorted(connections(run)) == [10, 100, 500]
    for step in connections(run):
        assert run.histograms("threaded", "paced", step, "response").total == 400


def test_no_permission_is_a_clear_error(tmp_path, manifest):
    (tmp_path / "file").write_text("")
    with pytest.raises(RunError, match="cannot be written: Not a directory"):
        RunWriter(tmp_path / "file" / "run").create(manifest)


def test_a_directory_without_a_run_is_refused(tmp_path):
    for read in (read_run, RunWriter.open):
        with pytest.raises(RunError, match=r"is not the directory of a run: it has no run\.json"):
            read(tmp_path / "nowhere")


@pytest.mark.parametrize(
    ("file", "content", "message"),
    [
        ("run.json", b"{", "is not JSON"),
        ("run.json", b"[]", "names no schema"),
        ("run.json", b'{"schema": "c10k.run/99"}', "only 'c10k.run/1' is known"),
        ("steps.parquet", b"PAR1", "steps.parquet cannot be read"),
        ("journal.jsonl", b"{}}\n", "line 1 is damaged"),
        ("journal.jsonl", b"{}\n", "line 1 is damaged"),
        ("journal.jsonl", b"[]\n", "line 1 is damaged"),
        ("journal.jsonl", b"[" * 100_000 + b"\n", "line 1 is damaged"),
        ("latency.hlog", b"Tag=a,b\n", "line 1 of the histogram log is damaged"),
        ("latency.hlog", b"Tag=a,0,1,1,x\n", "the tag 'a' names no step"),
        ("latency.hlog", b"\xff", "'utf-8' codec"),
    ],
)
def test_a_damaged_file_is_named(writer, directory, make_step, file, content, message):
    writer.append_step(make_step(10))
    (directory / file).write_bytes(content)
    with pytest.raises(RunError, match=message) as caught:
        read_run(directory)
    assert file in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("file", sorted(FILES - {"run.json"}))
def test_a_missing_file_is_named(writer, directory, make_step, file):
    writer.append_step(make_step(10))
    (directory / file).unlink()
    with pytest.raises(RunError, match=file):
        read_run(directory)


def test_a_damaged_histogram_is_named_when_it_is_asked_for(writer, directory, make_step):
    writer.append_step(make_step(10))
    log = directory / "latency.hlog"
    log.write_bytes(log.read_bytes().replace(b"HISTFAAA", b"HISTFAAB"))
    run = read_run(directory)
    with pytest.raises(RunError, match=r"latency\.hlog: .*HdrHistogram"):
        run.histograms("threaded", "paced", 10, "response")


def test_a_table_of_another_type_is_refused(writer, directory, make_step):
    writer.append_step(make_step(10))
    path = directory / "windows.parquet"
    pd.read_parquet(path).astype({"messages": float}).to_parquet(path)
    with pytest.raises(RunError, match="column messages is float64, and should be int64"):
        read_run(directory)


def test_the_manifest_is_json_for_people(writer, directory):
    text = (directory / "run.json").read_text()
    assert json.loads(text)["schema"] == "c10k.run/1"
    assert text.count("\n") > 10
