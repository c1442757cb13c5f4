"""EchoUser: a gevent user that sends a message and verifies each byte of its echo.

A user to copy for a scenario of one's own. Locust replaces the blocking calls below by gevent's
before it loads this file, and each message passes through Python: with many users Locust itself is
the bottleneck, and what it reports is mostly its own queue.
"""

import random
import socket
import time
from collections.abc import Callable
from urllib.parse import urlsplit

from locust import User, task

RETRY_PAUSE_S = 0.5  # after a failure: a server that is down is not flooded with connections


class EchoUser(User):
    """Holds one connection; after a failure it makes a new one."""

    connection: socket.socket | None = None

    def wait_time(self) -> float:
        """Return the pause that the form asks for, in seconds."""
        think_time: float = self.environment.parsed_options.think_time
        return max(0.0, think_time)

    def on_stop(self) -> None:
        """Close the connection."""
        self.disconnect()

    @task
    def echo(self) -> None:
        """Send a message of random bytes and wait until the same bytes have come back."""
        if self.connection is None:
            self.request("connect", 0, self.connect)
        if self.connection is not None:
            size = self.environment.parsed_options.size
            self.request("echo", size, lambda: self.exchange(random.randbytes(size)))

    def request(self, kind: str, length: int, act: Callable[[], None]) -> None:
        """Do something and report it to Locust, with its time and, where it fails, its error."""
        error: Exception | None = None
        began = time.perf_counter()
        try:
            act()
        except (OSError, ValueError) as failure:
            error = failure
        self.environment.events.request.fire(
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
        timeout_s = self.environment.parsed_options.timeout
        self.connection = socket.create_connection((target.hostname, target.port), timeout_s)
        self.connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def exchange(self, message: bytes) -> None:
        """Send and receive; OSError at a timeout or an early end, ValueError at a wrong byte."""
        if not message:
            raise ValueError("a message has 1 byte or more")
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
