"""The bare echo server in a process of its own."""

import json
import signal
import socket
import subprocess
import sys
import threading
import time
from contextlib import suppress

import pytest

pytestmark = pytest.mark.system


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_it_ends_at_once_and_cleanly_even_under_load(number):
    command = [sys.executable, "-m", "c10k.loadgen.echo_server"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as server:
        said = json.loads(server.stdout.readline())
        assert said["pid"] == server.pid
        with socket.create_connection(("127.0.0.1", said["port"]), timeout=15) as connection:

            def load():
                with suppress(OSError):
                    while connection.send(b"x" * 1000) and connection.recv(65_536):
                        pass

            loader = threading.Thread(target=load)
            loader.start()
            time.sleep(0.2)
            server.send_signal(number)
            assert server.wait(10) == 0
            loader.join(10)
            assert not loader.is_alive()
        assert server.stderr.read() == b""
