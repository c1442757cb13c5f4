"""What ssh starts on the server's host: it unpacks what was sent, and runs the agent from there.

The directory is removed when the agent and all below it have ended, in whatever way.
"""

import io
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import zipfile

AGENT = "import sys; sys.path.insert(0, sys.argv[1]); from c10k.remote.agent import main; main()"


def main(size: int) -> None:
    """Read an archive of so many bytes from standard input, and run what it holds."""
    archive = b""
    while len(archive) < size:
        part = os.read(0, size - len(archive))
        if not part:
            sys.exit("the connection ended before the agent was there")
        archive += part
    directory = tempfile.mkdtemp(prefix="c10k-agent-")
    try:
        zipfile.ZipFile(io.BytesIO(archive)).extractall(directory)
        launch = f"{directory}/c10k/servers/launch.py"
        launcher = [sys.executable, "-I", "-S", launch, "--parent", str(os.getpid()), "--"]
        command = [*launcher, sys.executable, "-P", "-c", AGENT, directory]
        agent = subprocess.Popen(command)  # which is the parent of all that the agent starts
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, lambda *_: agent.terminate())
        status = agent.wait()
    finally:
        shutil.rmtree(directory, ignore_errors=True)
    sys.exit(f"it was ended by signal {-status}" if status < 0 else status)
