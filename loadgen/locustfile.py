"""Locust's side: a user is a connection that sends a message and verifies the echo of each byte.

locust -f loadgen/locustfile.py --host tcp://127.0.0.1:9000

Locust replaces the blocking calls below by gevent's before it loads this file. It reports service
times in a closed loop; with many users Locust itself is the bottleneck (compare with `c10k load`).
"""

import argparse
import random
import socket
import time
from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

import locust
from locust import User, task

events: Any = locust.events  # they have no types of their own

RETRY_PAUSE_S = 0.5  # after a failure: a server that is down is not flooded with connections


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add what the web form asks for besides the host; Locust keeps the types of the defaults."""
    parser.add_argument("--message-bytes", type=int, default=64, help="Bytes per message")
    parser.add_argument("--wait-s", type=float, default=1.0, help="Seconds between two messages")
    parser.add_argument("--timeout-s", type=float, default=10.0, help="Seconds for an answer")


events.init_command_line_parser.add_listener(add_options)


class EchoUser(User):
    """Holds one connection; after a failure it makes a new one."""

    connection: socket.socket | None = None

    def wait_time(self) -> float:
        """Return the pause that the form asks for, in seconds."""
        wait_s: float = self.environment.parsed_options.wait_s
        return max(0.0, wait_s)

    def on_stop(self) -> None:
        """Close the connection."""
        self.disconnect()

    @task
    def echo(self) -> None:
        """Send a message of random bytes and wait until the same bytes have come back."""
        if self.connection is None:
            self.request("connect", 0, self.connect)
        if self.connection is not None:
            size = self.environment.parsed_options.message_bytes
            self.request("echo", size, lambda: self.exchange(random.randbytes(size)))

    def request(self, kind: str, length: int, act: Callable[[], None]) -> None:
        """Do something and report it to Locust, with its time and, where it fails, its error."""
        error: Exception | None = None
        began = time.perf_counter()
        try:
            act()
        except (OSError, ValueError) as failure:
            error = failure
        events.request.fire(
            request_type=kind,
            name=self.host,
            response_time=(time.perf_counter() - began) * 1000,
            response_length=0 if error else length,
            exception=error,
            context={},
        )
        if error:
            self.disconnect()
            time.sleep(RETRY_PAUSE_S)

    def connect(self) -> None:
        """Connect to the host of the form; OSError where nothing listens there."""
        target = urlsplit(self.host or "")
        if target.hostname is None or target.port is None:
            raise ValueError("Host must be tcp://ADDRESS:PORT")
        timeout_s = self.environment.parsed_options.timeout_s
        self.connection = socket.create_connection((target.hostname, target.port), timeout_s)
        self.connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def exchange(self, message: bytes) -> None:
        """Send and receive; OSError at a timeout or an early end, ValueError at a wrong byte."""
        if not message:
            raise ValueError("Message bytes must be 1 or more")
        assert self.connection is not None
        self.connection.sendall(message)
        answer = bytearray()
        while len(answer) < len(message):
            part = self.connection.recv(len(message) - len(answer))
            if not part:
                raise ConnectionError(
                    "the server ended the connection before the echo was complete"
                )
            answer += part
        if answer != message:
            raise ValueError("the echo is not what was sent")

    def disconnect(self) -> None:
        """Close the connection, if there is one."""
        if self.connection is not None:
            self.connection.close()
            self.connection = None
