"""Limits of the system that are reached within a step, and a clock that jumps."""

import json
import os
import resource
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from c10k.results import fitness
from c10k.results.store import read_run
from c10k.servers.catalogue import parse_spec
from tests.c10k.cli.conftest import SMALLEST, await_steps, c10k
from tests.c10k.cli.conftest import mark as mark
from tests.c10k.experiment.test_trial import run_trial

pytestmark = [
    pytest.mark.system,
    pytest.mark.usefixtures("mark"),
    pytest.mark.xdist_group("runs"),
]

CONNECTIONS = 20


def no_more_descriptors(server):
    resource.prlimit(server, resource.RLIMIT_NOFILE, (15, 15))


def no_more_memory(server):
    held = psutil.Process(server).memory_info().vms
    resource.prlimit(server, resource.RLIMIT_AS, (held + 30 * 2**20,) * 2)


@pytest.mark.parametrize(
    ("limit", "cause", "said"),
    [
        (no_more_descriptors, "timeout", "Too many open files"),
        (no_more_memory, "reset", "can't start new thread"),
    ],
)
def test_a_server_that_reaches_one_serves_the_others_and_says_so(tmp_path, limit, cause, said):
    spec = parse_spec("threaded,stack=8m")  # a thread takes that much address space
    with spec.process(host="127.0.0.1", log=tmp_path / "log") as server:
        limit(server.pid)
        step = run_trial(server, CONNECTIONS, last=True, timeout_s=1.0).step
    assert step["status"] == "partial"
    assert 0 < step["connected"] < CONNECTIONS
    causes = json.loads(step["error_causes"])
    assert cause in causes
    assert sum(causes.values()) == CONNECTIONS - step["connected"]
    assert said in step["log_tail"]
    assert step["messages"] > 0


def test_where_the_command_itself_reaches_one_it_can_be_resumed(tmp_path):
    out = tmp_path / "run"
    command = [sys.executable, "-m", "c10k", "run", "--server", "threaded", "--steps", "2,3"]
    process = subprocess.Popen(
        [*command, *SMALLEST, "--out", out],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )
    await_steps(out, 1)
    _, hard = resource.prlimit(process.pid, resource.RLIMIT_NOFILE)
    resource.prlimit(process.pid, resource.RLIMIT_NOFILE, (5, hard))
    _, err = process.communicate(timeout=60)
    assert process.returncode == 3, err
    (line,) = err.splitlines()
    assert "Too many open files" in line
    assert line.endswith(f"correct that, then continue with `c10k run --resume {out}`")
    assert len(read_run(out).steps) == 1
    assert c10k("run", "--resume", out, "--force", "--no-report").returncode == 0
    assert len(read_run(out).steps) == 2


def test_what_else_is_busy_on_its_cpus_marks_the_step(tmp_path):
    busy = [subprocess.Popen([sys.executable, "-c", "while True: pass"]) for _ in range(2)]
    try:
        with parse_spec("threaded").process(host="127.0.0.1", log=tmp_path / "log") as server:
            step = run_trial(server, CONNECTIONS, last=True).step
    finally:
        for each in busy:
            each.kill()
            each.wait()
    assert fitness.disturbed(step)


JUMPS = """
#define _GNU_SOURCE
#include <dlfcn.h>
#include <sys/time.h>
#include <time.h>

typedef int clock_function(clockid_t, struct timespec *);

/* An hour back, in every second second. */
int clock_gettime(clockid_t clock, struct timespec *now) {
    static clock_function *real;
    if (!real) real = (clock_function *)dlsym(RTLD_NEXT, "clock_gettime");
    int failed = real(clock, now);
    if (clock == CLOCK_REALTIME && now->tv_sec % 2) now->tv_sec -= 3600;
    return failed;
}
"""


@pytest.fixture
def jumping_clock(tmp_path):
    """An environment in which the clock of the day jumps, and the others go on."""
    source, library = tmp_path / "clock.c", tmp_path / "clock.so"
    source.write_text(JUMPS)
    subprocess.run(["cc", "-shared", "-fPIC", "-o", library, source, "-ldl"], check=True)
    return os.environ | {"LD_PRELOAD": str(library)}


def test_a_clock_that_jumps_changes_no_figure(tmp_path, jumping_clock):
    now = "import time; print(len({round(time.time(), -3) for _ in range(3) if not time.sleep(1)}))"
    seen = subprocess.check_output([sys.executable, "-c", now], env=jumping_clock, text=True)
    assert int(seen) == 2, "it jumps"
    out = tmp_path / "run"
    arguments = ("--server", "threaded", "--steps", "2,3", *SMALLEST, "--out", out)
    shown = c10k("run", *arguments, env=jumping_clock)
    assert (shown.returncode, shown.stderr) == (0, "")
    steps = read_run(Path(out)).steps
    assert steps.status.tolist() == ["ok", "ok"]
    assert steps.window_s.between(0.19, 60).all()
    assert (steps.messages / steps.window_s).tolist() == pytest.approx([100, 150], rel=0.3)
    assert 0 < steps.response_max_ms.max() < 1_000
    assert steps.cpu_cores.between(0, 1).all()
