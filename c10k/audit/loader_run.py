"""Runs a loader once against a server of one behaviour."""

import os
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from c10k.audit.behaviours import Behaviour
from c10k.audit.reader import Reader
from c10k.audit.truth import Record
from c10k.host.cpus import CpuSplit
from c10k.servers.process import ServerProcess, launcher

POLL_S: Final = 0.02
SHOWN_LINES: Final = 3


class LoaderError(Exception):
    """The loader did not do what it was asked for; the message says what, and the remedy."""


@dataclass(frozen=True)
class LoaderRun:
    """How a loader ended, what it printed and used, and the record of the server that it loaded."""

    stdout: str
    stderr: str
    output: Path  #: what {output} stands for in the command
    seconds: float
    #: from the first message that came until it ended
    loaded_s: float
    cpu_s: float
    status: int
    record: Record


def run(
    command: Sequence[str],
    behaviour: Behaviour,
    reader: Reader,
    protocol: str,
    cpus: CpuSplit,
    folder: Path,
    limit_s: float,
) -> LoaderRun:
    """Start the server and the loader, each on CPUs of its own, and wait for the loader's end, at
    most `limit_s`. What stands for {output} is in the folder.

    Raises LoaderError where it does not end in time or never connects, ServerStartError, and
    OSError where no process can be started.
    """
    file, output = folder / "record.npz", folder / "output"
    server_command = [sys.executable, "-P", "-m", "c10k.audit.server"]
    server_command += [behaviour.name, str(reader.recorded_from_s), protocol, str(file)]
    with ServerProcess(
        behaviour.name, server_command, log=folder / "server", cpus=cpus.server
    ) as s:
        places = {"{host}": s.host, "{port}": str(s.port), "{output}": str(output)}
        filled = [_filled(word, places) for word in command]
        began_s = time.monotonic()
        stdout, stderr, status, cpu_s = _run(filled, cpus.loader, folder, limit_s)
        ended_s = time.monotonic()
    if not file.exists():
        raise LoaderError(s.how_it_died())
    record = Record.read(file)
    if not len(record.arrived_ns):
        lines = (stdout + stderr).strip().splitlines()[-SHOWN_LINES:]
        last = "; ".join(lines) or "it printed nothing"
        raise LoaderError(
            f"it sent nothing to {s.host}:{s.port}: its command must go to {{host}}:{{port}} "
            f"(exit status {status}: {last})"
        )
    loaded_s = ended_s - int(record.arrived_ns[0]) / 1e9
    return LoaderRun(stdout, stderr, output, ended_s - began_s, loaded_s, cpu_s, status, record)


def _filled(word: str, places: dict[str, str]) -> str:
    for place, value in places.items():
        word = word.replace(place, value)
    return word


def _run(
    command: Sequence[str], cpus: Sequence[int], folder: Path, limit_s: float
) -> tuple[str, str, int, float]:
    """What a command writes on standard output and error, its exit status, its CPU time in s."""
    written = folder / "stdout", folder / "stderr"
    with written[0].open("wb") as stdout, written[1].open("wb") as stderr:
        process = subprocess.Popen(
            [*launcher(cpus), *command],
            stdin=subprocess.DEVNULL,
            stdout=stdout,
            stderr=stderr,
            start_new_session=True,  # Ctrl-C is for this process, which then ends the loader
        )
    try:
        deadline = time.monotonic() + limit_s
        while not (ended := os.wait4(process.pid, os.WNOHANG))[0]:
            if time.monotonic() > deadline:
                raise LoaderError(
                    f"it did not end within {limit_s:g} s: give it a shorter duration, or this a "
                    "longer --limit"
                )
            time.sleep(POLL_S)
    except BaseException:
        process.terminate()  # the launcher ends all that is below it
        process.wait()
        raise
    _, status, usage = ended
    process.returncode = os.waitstatus_to_exitcode(status)
    cpu_s = usage.ru_utime + usage.ru_stime
    out, err = (each.read_text(encoding="utf-8", errors="replace") for each in written)
    return out, err, process.returncode, cpu_s
