"""Reading a run and computing its steps again, as a ratio to pandas reading the same files."""

from itertools import groupby, product
from operator import itemgetter

import numpy as np
import pandas as pd
import pytest

from benchmarks.conftest import timed
from c10k.results.aggregate import Recording, step_row
from c10k.results.histogram import Histogram
from c10k.results.schema import KEY
from c10k.results.store import RunWriter, StepRecord, read_run

SERVERS = ("asyncio_streams", "threaded")
STEPS = (10, 100, 500, 1000, 5000, 10_000)
WINDOWS = 3
KINDS = ("response", "service", "send_lag")


@pytest.fixture(scope="module")
def directory(tmp_path_factory):
    """A repeat of a real run: 12 steps of 3 windows and 60 samples."""
    directory = tmp_path_factory.mktemp("runs") / "synthetic"
    random = np.random.default_rng(10_000)
    manifest = dict.fromkeys(("commit", "cpu_split", "ceiling")) | {"c10k_version": "0"}
    manifest |= {key: [] for key in ("argv", "servers", "workloads", "warnings")}
    manifest |= {key: {} for key in ("plan", "host", "versions", "limits")}
    with RunWriter(directory).create(manifest) as writer:
        for connections, server in product(STEPS, SERVERS):
            key = {"server": server, "workload": "paced", "repeat": 0, "connections": connections}
            writer.append_step(_step(key, random))
    return directory


def _step(key, random):
    window = {"status": "ok", "window_s": 2.0, "messages": 4_000, "rss_bytes": 1e7, "cpu_s": 0.5}
    windows = [key | window] * WINDOWS
    recordings = []
    for number, kind in product(range(WINDOWS), KINDS):
        histogram = Histogram()
        histogram.record(random.lognormal(13, 0.5, 4_000).astype(np.int64))
        recordings.append(Recording(kind, 2.0 * number, 2.0, histogram))
    samples = [{"t_s": 0.2 * i, "phase": "window", "rss_bytes": 1e7} for i in range(60)]
    return StepRecord(step_row(windows, recordings), windows, samples, recordings)


def test_reading_a_run(beside_floor, directory):
    def read_and_work_out():
        run = read_run(directory)
        rows = run.windows.to_dict("records")
        for key, windows in groupby(rows, key=itemgetter(*KEY)):
            server, workload, repeat, connections = key
            recordings = [
                Recording(kind, 0, 2, run.histograms(server, workload, connections, kind, repeat))
                for kind in KINDS
            ]
            row = step_row(list(windows), recordings)
            if row["messages"] != WINDOWS * 4_000 or not row["response_p50_ms"] > 0:
                raise RuntimeError(f"the step {key} was not read as it was written")

    def read_alone():
        for path in directory.glob("*.parquet"):
            pd.read_parquet(path)
        (directory / "latency.hlog").read_text()

    beside_floor(timed(read_and_work_out), timed(read_alone), rounds=20)
