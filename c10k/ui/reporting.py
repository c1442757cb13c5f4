"""The tables and the report of the stored run, built in processes of their own meanwhile."""

import subprocess
import sys
import tempfile
from pathlib import Path
from typing import IO, Final

from c10k.servers.process import launcher

TABLES: Final = ("-m", "c10k.ui.tables")
REPORT: Final = ("-m", "c10k", "report")


class Reporting:
    """Builds one thing at a time. `poll` begins and ends it; nothing else waits.

    `tables` are T1 to T4 as HTML, and `version` counts them. `report` is empty, building, ready, or
    why there is none.
    """

    def __init__(self) -> None:
        self.tables = ""
        self.version = 0
        self.report = ""
        self._wanted: dict[tuple[str, ...], Path] = {}
        self._running: tuple[tuple[str, ...], subprocess.Popen[bytes], IO[bytes]] | None = None

    def step_stored(self, run: Path) -> None:
        """Build the tables anew."""
        self._wanted[TABLES] = run

    def test_ended(self, run: Path) -> None:
        """Build the report anew."""
        self._wanted[REPORT] = run
        self.report = "building"

    def poll(self) -> None:
        """Take what is ready, and begin what is wanted next."""
        if self._running:
            what, process, output = self._running
            if process.poll() is None:
                return
            self._running = None
            with output:
                output.seek(0)
                self._take(what, process.returncode, output.read().decode(errors="replace"))
        if self._wanted:
            what, run = next(iter(self._wanted.items()))
            del self._wanted[what]
            output = tempfile.TemporaryFile()  # noqa: SIM115 (closed when it has been read)
            process = subprocess.Popen(
                [*launcher(), sys.executable, *what, str(run)],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
            self._running = what, process, output

    def close(self) -> None:
        """End what is being built."""
        if self._running:
            _, process, output = self._running
            process.terminate()
            process.wait()
            output.close()

    def _take(self, what: tuple[str, ...], status: int, output: str) -> None:
        last_line = output.rstrip().rpartition("\n")[2]
        if what == REPORT and what not in self._wanted:
            self.report = "ready" if status == 0 else last_line or f"exit status {status}"
        elif what == TABLES and status == 0:
            self.tables, self.version = output, self.version + 1
