"""Locust in processes of its own, since it replaces the blocking calls of the one it runs in."""

import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path

import numpy as np
import pytest

from c10k.results.histogram import Histogram

USERS = Path(__file__).parents[3] / "loadgen" / "users"
LOCUSTFILE = USERS.with_name("locustfile.py")
RECORDING = Path(__file__).with_name("recording.py")
PATIENCE_S = 60


class Counting:
    """An echo server's handler that counts connections, echoes, and messages that got none.

    A connection's message number `last` is answered by the end of the connection alone. A pause
    before each echo keeps the load small, and so the CPU time of the test.
    """

    def __init__(self, last=None, pause_s=0.02, size=64):
        self.connections = self.echoed = self.unanswered = 0
        self.last, self.pause_s, self.size = last, pause_s, size
        self._lock = threading.Lock()

    def __call__(self, connection):
        with self._lock:
            self.connections += 1
        taken = 0
        while message := connection.recv(self.size, socket.MSG_WAITALL):
            taken += 1
            time.sleep(self.pause_s)
            with self._lock:
                if taken == self.last:
                    self.unanswered += 1
                    return
                self.echoed += 1
            connection.sendall(message)


class Locusts:
    """Starts Locust, and reads what its processes wrote down when they ended."""

    def __init__(self, directory):
        self._directory = directory
        self._started = []

    def start(self, *arguments, locustfile=RECORDING, **environment):
        command = [sys.executable, "-m", "locust", "-f", str(locustfile), *map(str, arguments)]
        variables = {**os.environ, "RECORDED": str(self._directory), **environment}
        pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT, "text": True}
        # In a group of its own, which also holds what it forks.
        process = subprocess.Popen(command, env=variables, start_new_session=True, **pipes)
        self._started.append(process)
        return process

    def await_line(self, process, text):
        while text not in (line := process.stdout.readline()):
            assert line, "Locust ended"

    def ended(self, process):
        """What it said, once it has ended; without a traceback."""
        said, _ = process.communicate(timeout=PATIENCE_S)
        assert "Traceback" not in said, said
        return said

    def recorded(self):
        """By the class of their runner: the records of the processes that have ended."""
        found = {}
        for path in self._directory.glob("*.json"):
            record = json.loads(path.read_text())
            found.setdefault(record["runner"], []).append(record)
        return found

    def kill(self):
        for process in self._started:
            with process:
                if process.poll() is None:
                    os.killpg(process.pid, signal.SIGKILL)


@pytest.fixture
def locusts(tmp_path):
    started = Locusts(tmp_path)
    yield started
    started.kill()


def histogram(snapshot, kind="response"):
    counts = np.frombuffer(bytes.fromhex(snapshot["counts"][kind]), np.int64)
    return Histogram(counts)


def url(address):
    return "tcp://{}:{}".format(*address)
