"""Child processes that do what they are asked to, and are then observed."""

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator

import pytest

PROGRAM = """
import sys
for line in sys.stdin:
    exec(eval(line), globals())
    print(flush=True)
"""
BURN = """
import time
begin = time.process_time()
while time.process_time() < begin + 0.2:
    sum(range(10_000))
"""


class Child:
    """A Python process that runs the code it is given, in the session of its own."""

    def __init__(self) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-c", PROGRAM],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )
        self.pid = self.process.pid

    def begin(self, code: str) -> None:
        """Let it run `code`, and do not wait."""
        assert self.process.stdin is not None
        self.process.stdin.write(f"{code!r}\n")
        self.process.stdin.flush()

    def do(self, code: str) -> str:
        """Let it run `code` to the end; what it printed."""
        assert self.process.stdout is not None
        self.begin(code)
        printed = []
        while line := self.process.stdout.readline().strip():
            printed.append(line)
        return "\n".join(printed)

    def start_threads(self, number: int) -> None:
        """Start threads that wait without end."""
        start = "threading.Thread(target=waiting.wait, daemon=True).start()"
        self.do("import threading; waiting = threading.Event()")
        self.do(f"for _ in range({number}): {start}")

    def kill(self) -> None:
        """End it, which leaves a zombie."""
        os.kill(self.pid, signal.SIGKILL)
        os.waitid(os.P_PID, self.pid, os.WEXITED | os.WNOWAIT)

    def reap(self) -> None:
        """End it and all that it started, and its zombie too."""
        if self.process.returncode is None:
            os.killpg(self.pid, signal.SIGKILL)
        with self.process:
            pass


@pytest.fixture
def start_child() -> Iterator[Callable[[], Child]]:
    """Start children, which end with the test."""
    children: list[Child] = []

    def start() -> Child:
        child = Child()
        children.append(child)
        child.do("")
        return child

    yield start
    for child in children:
        child.reap()


@pytest.fixture
def child(start_child: Callable[[], Child]) -> Child:
    return start_child()
