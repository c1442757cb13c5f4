"""How many system calls a process tree makes, counted by Linux's perf.

The kernel counts at a tracepoint, which makes every call on the machine a little slower: so count
apart from what is timed.
"""

import os
import shutil
import signal
import socket
import subprocess
from collections.abc import Collection
from typing import Final, Self

EVENT: Final = "raw_syscalls:sys_enter"
ANSWER_S: Final = 10.0


class CountingError(RuntimeError):
    """System calls cannot be counted here; the message says why, and what to do."""


class SystemCalls:
    """Counts the system calls of processes, and of those that they start meanwhile.

    with SystemCalls(pids) as calls:  # CountingError
        calls.start()
        ...
        count = calls.stop()

    What counts are the calls between the return of `start` and the beginning of `stop`, to within
    what perf takes to acknowledge each (perf-stat(1), --control): some 0.1 ms.
    """

    def __init__(self, pids: Collection[int]) -> None:
        perf = shutil.which("perf")
        if perf is None:
            raise CountingError("perf is not installed: Debian has it in the package linux-perf")
        self._control, theirs = socket.socketpair()
        self._control.settimeout(ANSWER_S)
        command = [perf, "stat", "--field-separator", ",", "--event", EVENT]
        command += ["--delay", "-1", "--control", f"fd:{theirs.fileno()},{theirs.fileno()}"]
        command += ["--pid", ",".join(map(str, pids))]
        with theirs:
            self._perf = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.PIPE,
                text=True,
                env={**os.environ, "LC_ALL": "C"},
                pass_fds=[theirs.fileno()],
            )

    def start(self) -> None:
        """Begin to count. Raises CountingError."""
        self._order("enable")

    def stop(self) -> int:
        """End counting, and perf; how many calls there were. Raises CountingError."""
        self._order("disable")
        self._perf.send_signal(signal.SIGINT)
        try:
            _, printed = self._perf.communicate(timeout=ANSWER_S)
        except subprocess.TimeoutExpired:
            raise CountingError(f"perf cannot count: it goes on for {ANSWER_S:g} s") from None
        count, _, _ = printed.strip().rpartition("\n")[2].partition(",")
        if count == "<not counted>":  # none of the processes ran meanwhile
            return 0
        if not count.isdecimal():
            raise CountingError(f"perf cannot count: {printed.strip()[-200:]}")
        return int(count)

    def _order(self, order: str) -> None:
        """Give perf an order, and wait until it has acknowledged it."""
        try:
            self._control.sendall(f"{order}\n".encode())
            answered = self._control.recv(64)
        except OSError:
            answered = b""
        if not answered:
            self._perf.kill()
            _, printed = self._perf.communicate()
            why = next(filter(None, map(str.strip, printed.splitlines())), "it ended")
            raise CountingError(f"perf cannot count: {why[:200]}")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._control.close()
        with self._perf:
            self._perf.kill()
