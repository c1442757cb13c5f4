"""`c10k ui` in a process of its own, and a client that asks it what a browser would."""

import json
import os
import signal
import subprocess
import sys
import time
from contextlib import contextmanager
from urllib.error import HTTPError
from urllib.parse import urlencode
from urllib.request import HTTPRedirectHandler, Request, build_opener

import pytest

from c10k.servers.catalogue.program import free_port
from tests.c10k.cli.conftest import mark as mark

PATIENCE_S = 60


class _Stay(HTTPRedirectHandler):
    """Follows no redirect: where it leads is what a test asks."""

    def redirect_request(self, *_):
        return None


class Ui:
    """A running `c10k ui`: `get` and `post` give (status, text, headers)."""

    def __init__(self, url, process, directory):
        self.url = url
        self.process = process
        self.directory = directory
        self.cookie = ""

    def get(self, path, **headers):
        return self._ask(Request(self.url + path), headers)

    def post(self, path, form=(), **headers):
        """As a page of the UI does it, unless the headers say otherwise; None leaves one out."""
        data = form if isinstance(form, bytes) else urlencode(form).encode()
        return self._ask(Request(self.url + path, data), {"Origin": self.url} | headers)

    def press(self, path):
        """The status that a button of Locust's page gets: by POST, in older releases by GET."""
        status = self.post(path)[0]
        return self.get(path, Referer=f"{self.url}/")[0] if status == 405 else status

    def _ask(self, request, headers):
        for name, value in ({"Cookie": self.cookie} | headers).items():
            if value:
                request.add_header(name.replace("_", "-"), value)
        try:
            answer = build_opener(_Stay).open(request, timeout=PATIENCE_S)
        except HTTPError as refused:
            answer = refused
        with answer:
            return answer.status, answer.read().decode(), answer.headers

    def live(self):
        """The state, with the last point."""
        live = json.loads(self.get("/c10k/live?after=0")[1])
        return live["state"] | {"point": live["points"][-1] if live["points"] else None}

    def until(self, reached):
        """Wait for a state; it."""
        deadline = time.monotonic() + PATIENCE_S
        while not reached(state := self.live()):
            assert time.monotonic() < deadline, state
            time.sleep(0.2)
        return state

    def start(self, users, **options):
        """Start a test; Locust's answer."""
        form = {"user_count": users, "spawn_rate": users, "host": "tcp://the-chosen-server"}
        form |= {"user_classes": "FleetUser", "rate": 10}
        return json.loads(self.post("/swarm", form | options)[1])

    def interrupt(self):
        """Ctrl-C; (exit status, what was printed since)."""
        self.process.send_signal(signal.SIGINT)
        out, _ = self.process.communicate(timeout=PATIENCE_S)
        return self.process.returncode, out


@pytest.fixture
def ui(tmp_path, mark):
    """Start `c10k ui`; whatever it started has ended with it."""

    @contextmanager
    def started(*arguments, **environment):
        port = free_port("127.0.0.1")
        directory = tmp_path / "run"
        command = [sys.executable, "-m", "c10k", "ui", "--port", str(port), "--out", directory]
        process = subprocess.Popen(
            [*command, *arguments],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            env=os.environ | environment,
        )
        try:
            while "end with Ctrl-C" not in (line := process.stdout.readline()):
                assert line, process.wait()
            ui = Ui(f"http://127.0.0.1:{port}", process, directory)
            yield ui
        finally:
            process.send_signal(signal.SIGINT)
            process.communicate(timeout=PATIENCE_S)

    return started
