"""ServerProcess: what it starts, how it learns the address, and that nothing is left behind."""

import contextlib
import json
import os
import resource
import signal
import socket
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from c10k.loadgen.telemetry import ProcessTree
from c10k.servers.catalogue import Endpoint, parse_spec
from c10k.servers.catalogue.program import free_port
from c10k.servers.framework.tls import KEY, write_certificate
from c10k.servers.process import LAUNCH, ServerProcess, ServerStartError

pytestmark = pytest.mark.system

ROOT = Path(__file__).parents[2]

# A server with a tree: a child with last words, one in a session of its own, and if it is asked for
# `deaf` one that ignores SIGTERM.
FAMILY = """
import json, os, signal, subprocess, sys, time
sleep = [sys.executable, "-c", "import time; time.sleep(300)"]
polite = [sys.executable, "-c", "import signal, sys, time; "
          "signal.signal(signal.SIGTERM, lambda *_: sys.exit('goodbye')); "
          "print(flush=True); time.sleep(300)"]
deaf = [sys.executable, "-c", "import signal, time; "
        "signal.signal(signal.SIGTERM, signal.SIG_IGN); print(flush=True); time.sleep(300)"]
children = []
for each in [polite, deaf] if sys.argv[1:] == ["deaf"] else [polite]:
    children.append(subprocess.Popen(each, stdout=subprocess.PIPE))
    children[-1].stdout.readline()
children.append(subprocess.Popen(sleep, start_new_session=True))
print("some words of its own", flush=True)
print(json.dumps({"port": 1, "children": [child.pid for child in children]}), flush=True)
time.sleep(300)
"""

# What daemon(7) has a server of the old kind do; its port is an argument, its id its last words.
DAEMON = """
import os, signal, socket, sys, time
listener = socket.create_server(("127.0.0.1", int(sys.argv[1])))
for _ in range(2):
    if os.fork():
        os._exit(0)
    os.setsid()
print(os.getpid(), flush=True)
time.sleep(300)
""".splitlines()


@pytest.fixture
def command():
    return parse_spec("asyncio_streams").launch(Endpoint()).command


@pytest.fixture
def family(request, tmp_path):
    command = [sys.executable, "-c", FAMILY, getattr(request, "param", "")]
    with ServerProcess("family", command, log=tmp_path / "log") as server:
        said = json.loads(server.log_tail(1))
        yield server, [server.pid, *said["children"]]


@pytest.fixture
def daemonised(tmp_path, wait_until, ended):
    """A server that has become a daemon, and the id of that."""
    address = ("127.0.0.1", free_port("127.0.0.1"))
    log = tmp_path / "log"
    with ServerProcess("daemon", daemon(address[1]), log=log, address=address) as server:
        wait_until(lambda: server.log_tail() and ended(server.pid))
        pid = int(server.log_tail(1))
        # Those between may yet be ending.
        wait_until(lambda: ProcessTree(server.supervisor, itself=False).members == (pid,))
        yield server, pid


def script(*lines):
    return [sys.executable, "-c", "\n".join(lines)]


def daemon(port):
    return [*script(*DAEMON), str(port)]


def test_it_starts_in_any_directory_with_its_cpus_and_limits_and_listens(
    command, tmp_path, monkeypatch
):
    monkeypatch.chdir(tmp_path)
    cpu = min(os.sched_getaffinity(0))
    limits = {"nofile": 99, "core": 0}
    log = tmp_path / "logs" / "server.log"
    with ServerProcess("s", command, log=log, cpus=[cpu], limits=limits) as server:
        assert server.alive
        assert server.returncode is None
        with socket.create_connection((server.host, server.port), timeout=15) as connection:
            connection.sendall(b"hello")
            assert connection.recv(5) == b"hello"
        assert os.sched_getaffinity(server.pid) == {cpu}
        assert resource.prlimit(server.pid, resource.RLIMIT_NOFILE) == (99, 99)
        assert resource.prlimit(server.pid, resource.RLIMIT_CORE) == (0, 0)
        assert Path(f"/proc/{server.pid}/cmdline").read_text().split("\0")[:-1] == command
    assert not server.alive
    assert server.returncode == 0
    server.stop()


@pytest.mark.parametrize("family", ["deaf"], indirect=True)
def test_stopping_ends_the_whole_tree(family, wait_until, ended):
    server, tree = family
    assert server.log_tail(2).splitlines()[0] == "some words of its own"
    server.stop(timeout_s=0.2)
    assert all(ended(pid) for pid in tree)
    assert server.returncode == -signal.SIGTERM


def test_what_a_killed_server_leaves_is_ended_with_it(family, wait_until, ended):
    server, (pid, *left) = family
    os.kill(pid, signal.SIGKILL)
    wait_until(lambda: not server.alive)
    assert server.returncode == -signal.SIGKILL
    assert all(ended(process) for process in left), "one of them in a session of its own"
    server.stop()
    assert server.log_tail(1) == "goodbye", "by SIGTERM"


def test_a_server_that_becomes_a_daemon_is_found_and_observed_and_ended(daemonised, ended):
    server, pid = daemonised
    assert ended(server.pid)
    assert server.alive
    assert os.getsid(pid) not in {os.getsid(0), server.pid, server.supervisor}
    server.stop()
    assert ended(pid)
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection((server.host, server.port), timeout=15)


def test_a_daemon_that_dies_is_a_server_that_died(daemonised, wait_until):
    server, pid = daemonised
    os.kill(pid, signal.SIGSEGV)
    wait_until(lambda: not server.alive)
    assert server.returncode == -signal.SIGSEGV


def test_a_server_ends_with_its_supervisor(command, tmp_path, wait_until, ended):
    with ServerProcess("server", command, log=tmp_path / "log") as server:
        os.kill(server.supervisor, signal.SIGKILL)
        wait_until(lambda: ended(server.pid))
        assert server.returncode == -signal.SIGKILL


@pytest.mark.parametrize(("kind", "below"), [("family", 4), ("daemon", 1)])
def test_nothing_of_a_server_outlives_a_parent_that_is_killed(
    kind, below, tmp_path, wait_until, ended
):
    port = free_port("127.0.0.1")
    command = daemon(port) if kind == "daemon" else [sys.executable, "-c", FAMILY, "deaf"]
    parent = f"""
import threading, time
for _ in range(5):
    threading.Thread(target=time.sleep, args=(300,), daemon=True).start()
from pathlib import Path
from c10k.servers.process import ServerProcess
server = ServerProcess({kind!r}, {command!r}, log=Path({str(tmp_path / "log")!r}),
                       address={("127.0.0.1", port) if kind == "daemon" else None!r}).start()
print(server.supervisor, flush=True)
time.sleep(300)
"""
    with subprocess.Popen(
        [sys.executable, "-c", parent], cwd=ROOT, stdout=subprocess.PIPE
    ) as process:
        assert process.stdout is not None
        supervisor = psutil.Process(int(process.stdout.readline()))
        wait_until((tmp_path / "log").read_text)  # a daemon's, once it is one
        wait_until(lambda: len(supervisor.children(recursive=True)) == below)
        tree = [supervisor, *supervisor.children(recursive=True)]
        process.kill()
    try:
        wait_until(lambda: all(ended(member.pid) for member in tree))
        log = (tmp_path / "log").read_text()
        assert kind == "daemon" or "goodbye" in log, "it was asked before it was forced"
    finally:
        for member in tree:
            with contextlib.suppress(psutil.NoSuchProcess):
                member.kill()


def test_a_server_whose_parent_has_gone_already_does_not_start(tmp_path):
    witness = tmp_path / "started"
    other = os.getppid()
    command = [sys.executable, str(LAUNCH), "--parent", str(other), "--", "touch", str(witness)]
    ran = subprocess.run(command, capture_output=True, text=True, timeout=30, check=False)
    assert ran.returncode == 1
    assert "the parent has ended" in ran.stderr
    assert not witness.exists()


@pytest.mark.parametrize("name", ["threaded", "asyncio_workers"])
def test_a_port_in_use_is_named(name, tmp_path):
    """By servers with one listener, and with several on one port."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        command = parse_spec(name).launch(Endpoint(port=port)).command
        with pytest.raises(ServerStartError, match=f"{name}: the port is in use") as caught:
            ServerProcess(name, command, log=tmp_path / "log").start()
    assert "cannot listen: [Errno 98] Address already in use" in caught.value.log_tail
    assert "\n" not in caught.value.log_tail


def test_no_key_is_left_where_a_server_does_not_start(tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        server = ServerProcess(
            "tls",
            ["true"],
            log=tmp_path / "log",
            address=taken.getsockname(),
            certificate_file=write_certificate("127.0.0.1", tmp_path),
        )
        assert (tmp_path / KEY).exists()
        with pytest.raises(ServerStartError, match="the port is in use"):
            server.start()
    assert not (tmp_path / KEY).exists()


@pytest.mark.parametrize(
    ("command", "options", "cause"),
    [
        (script("import sys", "sys.exit('no luck')"), {}, r"ended with status 1 .*\(no luck\)"),
        (["true"], {}, "ended with status 0 before it listened"),
        (script("import os", "os.kill(os.getpid(), 9)"), {}, "ended by SIGKILL before it listened"),
        (["sleep", "300"], {"ready_timeout_s": 0.1}, "does not listen after 0.1 s"),
        (
            ["sleep", "300"],
            {"ready_timeout_s": 0.1, "address": ("127.0.0.1", free_port("127.0.0.1"))},
            r"does not listen on 127\.0\.0\.1:\d+ after 0\.1 s",
        ),
        (["sh", "-c", "exec sleep 300 >&-"], {}, "closed its standard output"),
        (["sh", "-c", "echo 5; sleep 300"], {"ready_timeout_s": 0.1}, "does not listen"),
        (["no-such-program"], {}, "cannot run no-such-program: No such file"),
        (["true"], {"limits": {"nosuch": 1}}, "nosuch=1"),
        (["true"], {"directory": Path("/nowhere")}, "/nowhere"),
    ],
)
def test_a_server_that_does_not_come_to_listen_says_why(command, options, cause, tmp_path):
    server = ServerProcess("mute", command, log=tmp_path / "log", **options)
    with pytest.raises(ServerStartError, match=f"mute: .*{cause}"):
        server.start()
    assert not server.alive, "nothing of it is left"


def test_output_without_end_neither_blocks_the_server_nor_is_lost(tmp_path, wait_until):
    """Also what it writes to a stderr that it opens itself, at an offset of its own."""
    talk = script(
        "import json, os, sys",
        "print(json.dumps({'port': 7, 'host': os.getcwd()}), flush=True)",
        "own = open('/dev/stderr', 'a')",
        "for number in range(5000):",
        "    print('error', number, file=own, flush=True)",
        "    print('output', number, flush=True)",
    )
    (tmp_path / "log").write_text("of a run before")
    with ServerProcess("talk", talk, log=tmp_path / "log", directory=tmp_path) as server:
        assert (server.host, server.port) == (str(tmp_path), 7)
        wait_until(lambda: not server.alive)
        assert server.returncode == 0
    lines = server.log.read_text().splitlines()
    expected = [f"{word} {number}" for word in ("error", "output") for number in range(5000)]
    assert sorted(line for line in lines if line[0] != "{") == sorted(expected)
    assert server.log_tail(3).splitlines() == lines[-3:]
