"""A way through ssh to a master that listens on its own host's loopback alone."""

import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from c10k.host.ports import free_port
from c10k.outcome import CommandError, Status
from c10k.servers.process import launcher
from c10k.workers.options import LOOPBACK

POLL_S: Final = 0.05


@contextmanager
def tunnel(via: str, host: str, port: int, timeout_s: float) -> Iterator[int]:
    """A port of this host's loopback that leads to the host and port, as `via` sees them.

    ssh asks for nothing: it must have a key, and know the host's. It ends with this process.
    Raises CommandError where ssh fails.
    """
    local = free_port()
    options = (
        "BatchMode=yes",
        "ExitOnForwardFailure=yes",
        f"ConnectTimeout={max(1, timeout_s):.0f}",
    )
    command = ["ssh", "-N", "-T", "-L", f"{LOOPBACK}:{local}:{host}:{port}"]
    command += [word for option in options for word in ("-o", option)]
    with tempfile.TemporaryFile("w+") as said:
        try:
            ssh = subprocess.Popen(
                [*launcher(), *command, "--", via],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=said,
                start_new_session=True,
            )
        except OSError as error:
            raise CommandError(f"ssh cannot be started: {error.strerror}", Status.UNABLE) from None
        try:
            deadline = time.monotonic() + timeout_s
            while not _answers(local):
                if ssh.poll() is not None or time.monotonic() > deadline:
                    said.seek(0)
                    why = said.read().strip().rpartition("\n")[2] or f"no answer in {timeout_s:g} s"
                    raise CommandError(
                        f"ssh to {via} failed: {why.strip()}; `ssh {via} true` must work without a "
                        "question",
                        Status.UNABLE,
                    )
                time.sleep(POLL_S)
            yield local
        finally:
            ssh.terminate()
            ssh.wait()


def _answers(port: int) -> bool:
    with socket.socket() as asking:
        return asking.connect_ex((LOOPBACK, port)) == 0
