"""Servers that fail in the ways that users will meet: the step says which, and the load goes on."""

import json
import sys
import time

import pytest

from c10k.servers.process import ServerProcess
from tests.c10k.experiment.test_trial import run_trial

pytestmark = pytest.mark.system

CONNECTIONS = 5
SERVED = 3  # of those, by a server that then serves no other
FAULTY = """
import json, os, socket, struct, sys, threading, time

fault = sys.argv[1]
replies = 0

def serve(connection, number):
    global replies
    while data := connection.recv(4096):
        replies += 1
        if fault == "exits" and replies > 50:
            os._exit(7)
        if fault == "is killed" and replies > 50:
            os.kill(os.getpid(), 9)
        if fault == "sends wrong bytes" and replies > 50:
            data = data[::-1]
        if fault == "sends its whole buffer":
            data = data + bytes(4096)
        if fault == "answers late for ever" and number > 3:
            time.sleep(300)
        if fault == "floods" and replies > 50:
            while True:
                connection.sendall(data * 100)
        if fault in ("closes", "resets") and replies > 50:
            linger = struct.pack("ii", fault == "resets", 0)
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
            connection.close()
            return
        connection.sendall(data)

listener = socket.create_server(("127.0.0.1", 0), backlog=64)
print(json.dumps({"port": listener.getsockname()[1]}), flush=True)
number = 0
while True:
    connection, _ = listener.accept()
    number += 1
    threading.Thread(target=serve, args=(connection, number), daemon=True).start()
    if number == 3:
        if fault == "closes its listener":
            listener.close()
            time.sleep(300)
        if fault == "stops accepting":
            time.sleep(300)
"""


@pytest.mark.parametrize("load", [{}, {"rate_per_connection": 100.0}], ids=["closed", "open"])
@pytest.mark.parametrize(
    ("fault", "status", "connected", "reason"),
    [
        ("exits", "failed", CONNECTIONS, "the server died (exit status 7)"),
        ("is killed", "failed", CONNECTIONS, "the server died (signal 9)"),
        ("sends wrong bytes", "partial", CONNECTIONS, "corrupt"),
        ("sends its whole buffer", "failed", 0, "excess"),
        ("floods", "partial", CONNECTIONS, "excess"),
        ("resets", "partial", CONNECTIONS, "reset"),
        ("closes", "partial", CONNECTIONS, "closed_by_server"),
        ("answers late for ever", "partial", SERVED, "timeout"),
        # The kernel resets those that wait, and refuses those that come later.
        ("closes its listener", "partial", SERVED, "reset|connect_refused"),
        ("stops accepting", "partial", SERVED, "timeout"),
    ],
)
def test_a_step_says_how_its_server_failed(tmp_path, fault, status, connected, reason, load):
    command = [sys.executable, "-c", FAULTY, fault]
    began = time.monotonic()
    with ServerProcess("faulty", command, log=tmp_path / "log") as server:
        step = run_trial(server, CONNECTIONS, last=True, timeout_s=1.0, **load).step
    assert time.monotonic() - began < 20
    assert (step["status"], step["connected"]) == (status, connected)
    assert any(each in step["reason"] for each in reason.split("|"))
    if status == "partial":
        causes = json.loads(step["error_causes"])
        assert causes.keys() <= set(reason.split("|"))
        assert sum(causes.values()) == step["errors"]
        assert step["errors"] >= CONNECTIONS - connected
