"""Locust in a process of its own, with our extension, and the channel to it."""

import os
import socket
import subprocess
import sys
from collections.abc import Collection, Sequence
from pathlib import Path
from typing import Final, Self

from c10k import loadgen
from c10k.servers.process import launcher
from c10k.ui.channel import Channel
from c10k.ui.messages import FromLocust

CHANNEL: Final = "C10K_UI_CHANNEL"
"""The variable that tells Locust the descriptor of its end."""
END_S: Final = 10.0  # how long it may take to end by itself
_USERS = Path(loadgen.__file__).parent
# The form lists their options in this order.
FILES: Final = (
    Path(__file__).with_name("extension.py"),
    _USERS / "users" / "ramp.py",
    _USERS / "locustfile.py",
)


class LocustProcess:
    """Started on entry, ended on exit; its output goes to the log.

    `locustfiles` are of the user's, beside ours.
    """

    def __init__(
        self,
        arguments: Sequence[str],
        locustfiles: Sequence[Path],
        cpus: Collection[int],
        log: Path,
    ) -> None:
        self._arguments = ["-f", ",".join(map(str, (*FILES, *locustfiles))), *arguments]
        self._cpus = cpus
        self._log = log

    def __enter__(self) -> Self:
        ours, its = socket.socketpair()
        command = [*launcher(self._cpus), sys.executable, "-P", "-m", "locust"]
        self.channel = Channel[FromLocust](ours, FromLocust)
        with its, self._log.open("wb") as output:
            # In a session of its own: Ctrl-C in a terminal reaches `c10k ui` alone, which ends it.
            self._process = subprocess.Popen(
                [*command, *self._arguments],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                env=os.environ | {CHANNEL: str(its.fileno())},
                pass_fds=[its.fileno()],
                start_new_session=True,
            )
        return self

    def __exit__(self, *_: object) -> None:
        self._process.terminate()
        self._process.wait()
        self.channel.close()

    @property
    def alive(self) -> bool:
        """Whether it still runs."""
        return self._process.poll() is None

    def how_it_ended(self) -> str:
        """Its exit status, and the last line of its log."""
        try:
            status = self._process.wait(END_S)
        except subprocess.TimeoutExpired:
            return f"Locust does not answer; its log is {self._log}"
        lines = self._log.read_text(errors="replace").split("\n")
        said = next((line.strip() for line in reversed(lines) if line.strip()), "")
        return f"Locust ended (exit status {status}; its log, {self._log}: {said})"
