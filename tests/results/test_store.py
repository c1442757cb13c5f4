import resource
import shutil
import signal
import subprocess
import sys
import time
from dataclasses import replace

import pandas as pd
import pytest

from c10k.results.histogram import Histogram
from c10k.results.manifest import RUN_SCHEMA
from c10k.results.schema import TABLES, check_frame, complete
from c10k.results.store import RunError, RunWriter, StepRecord, read_run

pytestmark = pytest.mark.system

LOG = "latency.hlog"
PARQUET = [f"{name}.parquet" for name in TABLES]
FILES = {"run.json", LOG, *PARQUET}


@pytest.fixture
def directory(tmp_path):
    return tmp_path / "run"


@pytest.fixture
def writer(directory, manifest):
    with RunWriter(directory).create(manifest) as writer:
        yield writer


def connections(run):
    return run.steps["connections"].tolist()


def responses(run, step):
    return run.histograms("threaded", "paced", step, "response").total


def test_a_run_without_steps_is_readable(writer, directory, manifest):
    run = read_run(directory)
    assert {path.name for path in directory.iterdir()} == FILES
    assert len(run.steps) == len(run.windows) == len(run.samples) == 0
    assert manifest.items() <= run.manifest.items()
    assert run.manifest["schema"] == RUN_SCHEMA
    assert run.manifest["finished_at"] is None
    assert (directory / "run.json").read_text().count("\n") > 10, "it is written for people"


def test_what_is_appended_is_read(writer, directory, make_step):
    ten, hundred = make_step(10), make_step(100, server="threaded,stack=256k")
    writer.append_step(ten)
    writer.append_step(hundred)
    run = read_run(directory)
    assert connections(run) == [10, 100]
    assert writer.steps()[0]["response_p99_ms"] == ten.step["response_p99_ms"]
    for name, value in complete(TABLES["steps"], ten.step).items():
        read = run.steps.iloc[0][name]
        assert read == value or (pd.isna(read) and value is None), name
    service = run.histograms("threaded", "paced", 10, "service").summary_ms()
    assert {name: run.steps.iloc[0][f"service_{name}_ms"] for name in service} == service
    assert run.windows["window"].tolist() == [0, 1, 0, 1]
    assert run.samples["connections"].tolist() == [10] * 3 + [100] * 3
    assert run.samples["t_s"].tolist()[:3] == pytest.approx([0.0, 0.2, 0.4])


def test_the_tables_are_read_with_pandas_alone_while_the_run_goes_on(writer, directory, make_step):
    for steps in (1, 2):
        writer.append_step(make_step(10 * steps))
        for name, table in TABLES.items():
            frame = pd.read_parquet(directory / f"{name}.parquet")
            assert list(frame) == list(table)
            assert len(frame) == steps * {"steps": 1, "windows": 2, "samples": 3}[name]
            check_frame(table, frame, name)


def test_histograms_merge_windows_and_repeats(writer, directory, make_step):
    for repeat in range(3):
        writer.append_step(make_step(10, repeat=repeat))
    writer.append_step(make_step(100))
    run = read_run(directory)
    assert run.histograms("threaded", "paced", 10, "response", repeat=1).total == 2 * 200
    assert responses(run, 10) == 3 * 2 * 200
    assert run.histograms("threaded", "paced", 10, "connect").total == 3 * 200
    assert run.histograms("threaded", "paced", 10, "waiting", repeat=1).total == 200
    assert run.histograms("threaded", "saturated", 10, "response") == Histogram()
    (directory / LOG).write_text("")
    with pytest.raises(
        RunError, match=r"latency\.hlog lacks the histograms of a step: .*, 0, 10\)"
    ):
        read_run(directory)


def test_a_failed_step_needs_no_windows(writer, directory):
    key = {"server": "threaded", "workload": "paced", "repeat": 0, "connections": 10}
    writer.append_step(
        StepRecord({**key, "status": "failed", "reason": "died", "log_tail": "x\ny"})
    )
    run = read_run(directory)
    assert run.steps.loc[0, ["status", "reason", "log_tail"]].tolist() == ["failed", "died", "x\ny"]
    assert run.steps["response_p99_ms"].isna().all()
    assert len(run.windows) == 0


def test_a_step_that_does_not_fit_or_is_there_leaves_the_run_as_it_was(
    writer, directory, make_step
):
    writer.append_step(make_step(10))
    with pytest.raises(RunError, match="has this step already"):
        writer.append_step(make_step(10))
    step = make_step(100)
    with pytest.raises(RunError, match="no such column: colour"):
        writer.append_step(replace(step, step={**step.step, "colour": 1}))
    writer.append_step(step)
    run = read_run(directory)
    assert (connections(run), responses(run, 100)) == ([10, 100], 400)


def test_the_manifest_changes(writer, directory):
    undecodable = "\udcff"  # of a name that is no UTF-8
    writer.update_manifest(interrupted=True, argv=["run", undecodable])
    manifest = read_run(directory).manifest
    assert (manifest["argv"], manifest["interrupted"]) == (["run", "?"], True)
    with pytest.raises(RunError, match="interrupted"):
        writer.update_manifest(interrupted="yes")
    assert read_run(directory).manifest == manifest


def test_a_run_has_one_writer_and_is_not_overwritten(writer, directory, manifest, make_step):
    with pytest.raises(RunError, match="holds a run already"):
        RunWriter(directory).create(manifest)
    with pytest.raises(RunError, match="being written by another process"):
        RunWriter.open(directory)
    writer.close()
    with RunWriter.open(directory) as second:
        second.append_step(make_step(10))


# The order in which the files of a step are written.
ORDER = [LOG, *PARQUET]


@pytest.mark.parametrize("written", range(len(ORDER)))
def test_a_step_that_was_not_written_whole_does_not_count(
    writer, directory, make_step, tmp_path, written
):
    """The moments of a crash: the first files have the second step, the others not yet; and of the
    log there is only the beginning.
    """
    writer.append_step(make_step(10))
    shutil.copytree(directory, tmp_path / "before")
    writer.append_step(make_step(100))
    writer.close()
    for file in ORDER[written:]:
        whole = (directory / file).read_bytes()
        shutil.copy(tmp_path / "before" / file, directory)
        if file == LOG:
            begun = (tmp_path / "before" / file).stat().st_size
            (directory / file).write_bytes(whole[: begun + (len(whole) - begun) // 3])

    run = read_run(directory)
    assert connections(run) == [10]
    assert (len(run.windows), len(run.samples)) == (2, 3)
    assert (responses(run, 10), responses(run, 100)) == (400, 0)
    with RunWriter.open(directory) as resumed:
        assert (directory / LOG).read_bytes() == (tmp_path / "before" / LOG).read_bytes()
        assert len(pd.read_parquet(directory / "windows.parquet")) == 2
        assert resumed.done() == {("threaded", "paced", 0, 10)}
        resumed.append_step(make_step(100))
        resumed.update_manifest(interrupted=True)
    run = read_run(directory)
    assert (connections(run), len(run.windows), len(run.samples)) == ([10, 100], 4, 6)
    assert (responses(run, 10), responses(run, 100)) == (400, 400)
    assert run.manifest["interrupted"]


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
        step = {"server": "s", "workload": "w", "repeat": 0, "connections": connections}
        recordings = [Recording("response", 0.0, 1.0, histogram)]
        writer.append_step(StepRecord(step, [{"messages": 1}], [{"t_s": 1.0}] * 50, recordings))
        print(connections, flush=True)
"""


def test_kill_9_at_any_moment_leaves_a_readable_run(writer, directory):
    writer.close()
    steps = 0
    for delay_s in (0.0, 0.03):
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


@pytest.mark.parametrize("rank", range(len(ORDER)))
def test_a_full_disk_is_a_clear_error_and_loses_nothing(
    writer, directory, make_step, full_disk, rank
):
    """Room for a little more than the file of this rank by size: each of them fails in its turn."""
    writer.append_step(make_step(10))
    sizes = sorted((directory / file).stat().st_size for file in ORDER)
    full_disk(sizes[rank] + 100)
    with pytest.raises(RunError, match="cannot be written: File too large") as caught:
        writer.append_step(make_step(100))
    full_disk(resource.RLIM_INFINITY)
    assert "\n" not in str(caught.value)
    assert {path.name for path in directory.iterdir()} == FILES, "nothing else takes room"
    run = read_run(directory)
    assert (connections(run), responses(run, 10)) == ([10], 400)
    assert writer.done() == run.keys()

    writer.append_step(make_step(100))
    run = read_run(directory)
    assert [responses(run, step) for step in connections(run)] == [400, 400]


def test_a_directory_that_cannot_be_or_has_no_run_is_refused(tmp_path, manifest):
    (tmp_path / "file").write_text("")
    with pytest.raises(RunError, match="cannot be written: Not a directory"):
        RunWriter(tmp_path / "file" / "run").create(manifest)
    for read in (read_run, RunWriter.open):
        with pytest.raises(RunError, match=r"is not the directory of a run: it has no run\.json"):
            read(tmp_path / "nowhere")


def test_a_link_in_the_place_of_a_temporary_file_is_not_followed(
    writer, directory, make_step, tmp_path
):
    """A run from elsewhere may have one."""
    mine = tmp_path / "mine"
    mine.write_text("mine")
    with writer:
        for name in (*TABLES, "run"):
            suffix = "json" if name == "run" else "parquet"
            (directory / f".{name}.{suffix}.tmp").symlink_to(mine)
        writer.append_step(make_step(10))
        writer.update_manifest(interrupted=True)
    assert connections(read_run(directory)) == [10]
    assert mine.read_text() == "mine"
