"""`c10k run --serve-on`: the servers on another host, over a real ssh and a link of their own."""

import json
import signal
import subprocess
import sys
from contextlib import ExitStack, contextmanager

import psutil
import pytest

from benchmarks.reliability.namespaces import inside_of
from c10k.results.store import read_run
from tests.c10k.cli.conftest import SMALLEST, await_steps
from tests.c10k.remote.conftest import LOADER, SERVER

pytestmark = [pytest.mark.hosts, pytest.mark.system, pytest.mark.xdist_group("hosts")]

AGENT = "c10k.remote.agent"
REPORTED = tuple(each for each in SMALLEST if each != "--no-report")
SLOW = (*SMALLEST, "--server", "threaded", "--duration", "1.5", "--serve-on", "beside")
SEVERAL = """
import json, sys
from c10k.cli.main import main
for arguments in json.loads(sys.argv[1]):
    print("status", main(arguments), file=sys.stderr)
"""
# A server of the user's, which is there alone.
ECHO = """
import socketserver, sys
class Echo(socketserver.BaseRequestHandler):
    def handle(self):
        while data := self.request.recv(4096):
            self.request.sendall(data)
class Server(socketserver.ThreadingTCPServer):
    request_queue_size, daemon_threads = 100, True
Server((sys.argv[1], int(sys.argv[2])), Echo).serve_forever()
"""


@contextmanager
def running(hosts, *arguments):
    """A run with its servers on another host; afterwards nothing of it is left there."""
    command = hosts.command("run", *arguments)
    with subprocess.Popen(
        command, env=hosts.environment(), stderr=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as run:
        try:
            yield run
        finally:
            run.kill()
    assert hosts.left() == set()
    assert list((hosts.directory / "temporary").iterdir()) == []


def agent(hosts):
    """The agent on the server's host."""
    (found,) = (
        each
        for each in map(psutil.Process, hosts.processes())
        if any(AGENT in word for word in each.cmdline()) and "-P" in each.cmdline()[:2]
    )
    return found


def test_a_run_with_its_servers_on_another_host(hosts, tmp_path):
    out = tmp_path / "run"
    options = [*REPORTED, "--out", out]
    (tmp_path / "echo.py").write_text(ECHO)
    mine = f"mine=python3 {tmp_path}/echo.py {{host}} {{port}}"
    asked = ["--server", "threaded", "--command", mine, "--steps", "2,8"]
    command = hosts.command("run", *options, *asked, "--serve-on", "server")
    ran = subprocess.run(
        command, env=hosts.environment(), capture_output=True, text=True, timeout=100
    )
    assert ran.returncode == 0, ran.stderr
    assert hosts.left() == set()
    assert list((hosts.directory / "temporary").iterdir()) == []

    run = read_run(out)
    assert set(run.steps.status) == {"ok"}
    threads = run.steps.set_index(["server", "connections"]).threads
    assert dict(threads["threaded"]) == {2: 3, 8: 9}  # a thread per connection, and the first
    assert dict(threads["mine"]) == {2: 3, 8: 9}
    cpu = run.steps.cpu_cores
    assert ((cpu > 0) & (cpu < 2.1)).all()
    # On one line of time with the steps, whichever clock the samples were taken by.
    samples = run.samples[run.samples.phase == "window"]
    assert samples.t_s.is_monotonic_increasing
    there, here = run.manifest["server_host"], run.manifest["host"]
    assert there["address"] == SERVER
    assert there["kernel"] == here["kernel"]
    assert abs(there["clock_offset_s"]) <= there["round_trip_ms"] / 1000
    assert (out / "report" / "index.html").exists()
    assert (out / "logs" / "rate_50-0-threaded.log").exists()


def test_two_hosts_load_a_server_on_a_third(hosts, tmp_path):
    out = tmp_path / "run"
    options = ("--server", "threaded", "--steps", "4,10", "--duration", "0.3", "--out", out)
    workers = ("--master-bind", LOADER, "--expect-workers", "2")
    with ExitStack() as stack:
        # One reaches the master itself, one through ssh to another host.
        for host, via in ((hosts.loader, ()), (hosts.other_loader, ("--via", "server"))):
            command = hosts.command("worker", "--master", LOADER, *via, host=host)
            worker = stack.enter_context(
                subprocess.Popen(command, env=hosts.environment(), stderr=subprocess.PIPE)
            )
            stack.callback(worker.kill)
        command = hosts.command("run", *REPORTED, *options, *workers, "--serve-on", "server")
        ran = subprocess.run(
            command, env=hosts.environment(), capture_output=True, text=True, timeout=100
        )
        assert ran.returncode == 0, ran.stderr
        assert worker.wait(timeout=60) == 0
    assert hosts.left() == set()
    run = read_run(out)
    assert set(run.steps.status) == {"ok"}
    assert list(run.steps.sort_values("connections").threads) == [5, 11]
    assert run.manifest["server_host"]["address"] == SERVER
    assert len(run.manifest["workers"]) == 2
    for messages, shares in zip(run.steps.messages, run.steps.worker_messages, strict=True):
        each = json.loads(shares).values()
        assert len(each) == 2
        assert min(each) > 0
        assert sum(each) == messages
    assert not run.samples[run.samples.phase == "window"].empty
    page = (out / "report" / "index.html").read_text()
    assert SERVER in page
    assert run.manifest["workers"][0]["name"] in page


def test_what_cannot_be_reached_is_refused_with_the_reason_and_the_remedy(hosts, tmp_path):
    cases = {
        ("stranger",): ("Permission denied (publickey); ", "`ssh-copy-id stranger`"),
        ("unknown",): ("Host key verification failed; ", "accept it with `ssh unknown`"),
        ("closed",): ("Connection refused; ", "`ssh closed`"),
        ("server", "--serve-python", "python9"): ("by the name python9; ", "--serve-python"),
        ("server", "--serve-address", "10.99.0.9"): ("Cannot assign", "--serve-address"),
    }
    runs = [
        ["run", *SMALLEST, "--out", str(tmp_path / "run"), "--serve-on", *case] for case in cases
    ]
    command = inside_of(hosts.loader, sys.executable, "-c", SEVERAL, json.dumps(runs))
    ran = subprocess.run(
        command, env=hosts.environment(), capture_output=True, text=True, timeout=100
    )
    lines = ran.stderr.splitlines()
    assert lines[1::2] == ["status 3"] * len(cases)
    for line, (reason, remedy) in zip(lines[::2], cases.values(), strict=True):
        assert reason in line
        assert remedy in line
    assert not (tmp_path / "run").exists()
    assert hosts.left() == set()


def test_a_killed_agent_fails_its_step_and_ctrl_c_ends_all(hosts, tmp_path):
    out = tmp_path / "run"
    with running(hosts, *SLOW, "--steps", "2,3,4,5", "--out", out) as run:
        await_steps(out, 1)
        agent(hosts).kill()
        await_steps(out, 3)
        run.send_signal(signal.SIGINT)
        _, errors = run.communicate(timeout=60)
    assert run.returncode == 130, errors
    steps = read_run(out).steps.sort_values("connections")
    assert list(steps.status) == ["ok", "failed", "ok"]
    assert "the agent on beside was lost" in steps.reason.iloc[1]
    assert "signal 9" in steps.reason.iloc[1]


def test_a_lost_link_ends_the_run_and_the_servers(hosts, tmp_path):
    out = tmp_path / "run"
    try:
        with running(hosts, *SLOW, "--steps", "2,3,4", "--out", out) as run:
            await_steps(out, 1)
            hosts.set_link("down")
            _, errors = run.communicate(timeout=60)
    finally:
        hosts.set_link("up")
    assert run.returncode == 3, errors
    assert "the agent was lost, and no server can be started on beside: ssh: " in errors
    assert "continue with `c10k run --resume" in errors
    steps = read_run(out).steps.sort_values("connections")
    assert list(steps.status) == ["ok", "failed"]
    assert "the agent on beside was lost: Timeout, server" in steps.reason.iloc[1]
    with running(hosts, "--resume", out, "--no-report") as run:
        run.communicate(timeout=60)
    assert list(read_run(out).steps.sort_values("connections").status) == ["ok", "failed", "ok"]


def test_a_killed_command_leaves_nothing_there(hosts, tmp_path):
    out = tmp_path / "run"
    with running(hosts, *SLOW, "--steps", "2,3", "--out", out) as run:
        await_steps(out, 1)
        assert len(hosts.processes()) >= 4  # the agent, the server, and what launches each
        run.kill()
    assert len(read_run(out).steps) == 1
