"""Runs nginx with one worker and a configuration of its own."""

import os
import socket
import subprocess
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

START_S = 10.0
CONFIGURATION = """\
worker_processes 1;
daemon off;
pid {directory}/pid;
error_log {directory}/error.log;
events {{ worker_connections 2048; }}
http {{
    access_log off;
    keepalive_requests 1000000000;
    client_body_temp_path {directory};
    proxy_temp_path {directory};
    fastcgi_temp_path {directory};
    uwsgi_temp_path {directory};
    scgi_temp_path {directory};
    server {{
        listen 127.0.0.1:{port};
        location / {{ return 200 {body}; }}
    }}
}}
"""


@contextmanager
def nginx(program: str, directory: Path, cpus: Sequence[int]) -> Iterator[int]:
    """Serve 64 bytes on loopback; yields the port. Raises RuntimeError if nginx does not listen."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    configuration = directory / "nginx.conf"
    configuration.write_text(CONFIGURATION.format(directory=directory, port=port, body="x" * 64))
    server = subprocess.Popen(
        [program, "-c", str(configuration), "-e", str(directory / "error.log")],
        preexec_fn=lambda: os.sched_setaffinity(0, cpus),
    )
    try:
        deadline = time.monotonic() + START_S
        while not _listens(port):
            if server.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError(f"nginx does not listen: {directory / 'error.log'} says why")
            time.sleep(0.05)
        yield port
    finally:
        server.terminate()
        server.wait(START_S)


def _listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0
