"""Servers for the tests, each in its own process and ended with the test."""

import contextlib
import functools
import socket
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest

from c10k.servers.process import ServerProcess
from tests.servers.talk import parse

Serve = Callable[..., ServerProcess]
Wait = Callable[[Callable[[], object]], float]
POLL_S = 0.02


@contextlib.contextmanager
def _servers(folder: Path) -> Iterator[Serve]:
    with contextlib.ExitStack() as servers:

        def start(spec: str, **options: Any) -> ServerProcess:
            server = parse(spec)
            if server.missing:
                pytest.skip(f"{server.text} cannot run here: {server.missing}")
            log = folder / server.text / "log"
            return servers.enter_context(server.process(log=log, **options))

        yield start


@pytest.fixture
def serve(tmp_path: Path) -> Iterator[Serve]:
    """Start a server of the catalogue, or another program: serve(SPEC), serve(DEFINITION)."""
    with _servers(tmp_path) as start:
        yield start


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Serve]:
    """Start a server once for all tests of a module that neither end it nor need it fresh."""
    with _servers(tmp_path_factory.mktemp("shared")) as start:
        yield functools.cache(start)


@pytest.fixture
def connect() -> Iterator[Callable[[ServerProcess], socket.socket]]:
    """Connect to a server; every connection has a deadline and is closed with the test."""
    with contextlib.ExitStack() as connections:

        def to(server: ServerProcess) -> socket.socket:
            return connections.enter_context(
                socket.create_connection((server.host, server.port), timeout=15)
            )

        yield to


@pytest.fixture
def wait_until() -> Wait:
    """Wait until a condition holds; fail where it does not in 15 s.

    What is returned is for how many seconds: of those in which this machine had time for a test,
    and so for a server too, slept ones and ones of this thread's CPU.
    """

    def wait(condition: Callable[[], object]) -> float:
        deadline = time.monotonic() + 15
        polls, began_s = 0, time.thread_time()
        while not condition():
            assert time.monotonic() < deadline, "the condition never held"
            time.sleep(POLL_S)
            polls += 1
        return polls * POLL_S + time.thread_time() - began_s

    return wait


@pytest.fixture
def ended() -> Callable[[int], bool]:
    """Whether a process has ended, reaped or not."""

    def has_ended(pid: int) -> bool:
        try:
            return psutil.Process(pid).status() == psutil.STATUS_ZOMBIE
        except psutil.NoSuchProcess:
            return True

    return has_ended
