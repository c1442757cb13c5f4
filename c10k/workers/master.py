"""The master: a process in which Locust's MasterRunner talks to the workers.

gevent patches the process that it runs in, and `c10k run` must not be patched. So `c10k run` starts
this one, and the two talk through a socket pair. It ends when its end of the pair does, however the
other process ended.

It sends what happens, as tuples: ("listens",) or ("failed", why) at first, then ("joined", id,
hello, name, clock), ("refused", why), ("lost", id, why) and ("answer", number, answer, error). It
receives ("ask", number, id, command, arguments), ("clock", number, id), ("drop", id, why) and
("end", why).
"""

# Before all else: it patches what the others import.
import locust  # noqa: I001, F401 (its import has an effect)

import logging
import time
from contextlib import suppress
from itertools import chain, count
from multiprocessing.connection import Connection
from typing import Any, Final

import gevent
import msgspec
from gevent.event import AsyncResult
from gevent.socket import wait_read
from locust.env import Environment
from locust.exception import RPCError

from c10k.results.schema import one_line
from c10k.host.clock import EXCHANGES, ClockOffset, Exchange
from c10k.workers.messages import (
    ANSWER,
    COMMAND,
    END,
    HELLO,
    LEAVE,
    PING,
    PONG,
    SILENCE_S,
    WELCOME,
    Hello,
)

PONG_S: Final = 2.0  # how long a worker may take to answer a ping
FLUSH_S: Final = 0.3  # until what was sent last has left this process
WATCH_S: Final = 0.25
LONGEST_NAME: Final = 40


class _Master:
    """Hands on what `c10k run` asks of workers, and tells it who has joined and who is lost."""

    def __init__(self, pipe: Connection, version: str, host: str, port: int) -> None:
        self._pipe = pipe
        self._version = version
        self._environment = Environment()
        self._runner = self._environment.create_master_runner(host, port)
        self._heard: dict[str, float] = {}  # id of a worker that joined -> its last heartbeat
        self._names: set[str] = set()
        self._numbers = count()
        self._pings: dict[int, AsyncResult] = {}
        self._runner.register_message(HELLO, self._on_hello, concurrent=True)
        self._runner.register_message(PONG, self._on_pong)
        self._runner.register_message(ANSWER, self._on_answer)
        self._runner.register_message(LEAVE, self._on_leave)
        events: Any = self._environment.events  # they have no types of their own
        events.heartbeat_sent.add_listener(self._on_heartbeat)

    def serve(self) -> None:
        """Hand messages on until the pipe ends or says that all is over."""
        gevent.spawn(self._watch)
        why = "c10k run was killed"
        with suppress(EOFError, OSError):
            while True:
                wait_read(self._pipe.fileno())
                match self._pipe.recv():
                    case ("ask", number, worker, command, arguments):
                        self._send(
                            COMMAND, worker, number=number, command=command, arguments=arguments
                        )
                    case ("clock", number, worker):
                        gevent.spawn(self._answer_clock, number, worker)
                    case ("drop", worker, reason):
                        self._heard.pop(worker, None)
                        self._send(END, worker, why=f"the master gave this worker up: {reason}")
                    case ("end", why):
                        break
        for worker in list(self._heard):
            self._send(END, worker, why=why)
        gevent.sleep(FLUSH_S)

    def _send(self, kind: str, worker: str, **content: object) -> None:
        self._runner.send_message(kind, content, client_id=worker)

    def _on_hello(self, environment: Environment, msg: Any) -> None:  # noqa: ANN401 (Locust's)
        """A worker wants to join."""
        worker = msg.node_id
        try:
            hello, clock = self._known(msg.data), self._clock(worker)
        except ValueError as error:
            self._send(END, worker, why=f"the master refuses this worker: {error}")
            where = msg.data.get("hostname") if isinstance(msg.data, dict) else "an unknown host"
            self._pipe.send(("refused", f"a worker on {where} is refused: {error}"))
            return
        self._heard[worker] = time.monotonic()
        name = self._name(hello.name)
        self._send(WELCOME, worker, name=name)
        self._pipe.send(("joined", worker, hello, name, clock))

    def _name(self, wanted: str) -> str:
        """A name that no other worker has had."""
        wanted = one_line(wanted)[:LONGEST_NAME]
        numbered = (f"{wanted or 'worker'}-{number}" for number in count(1))
        names = chain([wanted] if wanted else [], numbered)
        name = next(each for each in names if each not in self._names)
        self._names.add(name)
        return name

    def _known(self, said: Any) -> Hello:  # noqa: ANN401 (anything, until it is checked)
        """What a worker of this version says of itself. Raises ValueError."""
        version = said.get("version") if isinstance(said, dict) else None
        if version != self._version:
            raise ValueError(
                f"it has c10k {version!s:.20} and the master {self._version}: install the same "
                "version on both"
            )
        try:
            return msgspec.convert(said, Hello)
        except msgspec.ValidationError as error:
            raise ValueError(f"what it says of itself cannot be read: {error}") from None

    def _clock(self, worker: str) -> ClockOffset:
        """Its clock, after as many pings as it takes. Raises ValueError if it answers none."""
        exchanges = []
        for _ in range(EXCHANGES):
            number, pong = next(self._numbers), AsyncResult()
            self._pings[number] = pong
            asked_ns = time.monotonic_ns()
            self._send(PING, worker, number=number)
            try:
                received_ns, answered_ns, returned_ns = pong.get(timeout=PONG_S)
            except gevent.Timeout:
                break
            finally:
                del self._pings[number]
            exchanges.append(Exchange(asked_ns, received_ns, answered_ns, returned_ns))
        if not exchanges:
            raise ValueError(f"it did not answer within {PONG_S:g} s")
        return ClockOffset.of(exchanges)

    def _on_pong(self, environment: Environment, msg: Any) -> None:  # noqa: ANN401 (Locust's)
        returned_ns = time.monotonic_ns()
        sent = msgspec.convert(msg.data, dict[str, int])
        if pong := self._pings.get(sent["number"]):
            pong.set((sent["received_ns"], sent["answered_ns"], returned_ns))

    def _answer_clock(self, number: int, worker: str) -> None:
        with suppress(ValueError):  # else the worker is silent, and lost soon
            self._pipe.send(("answer", number, self._clock(worker), None))

    def _on_answer(self, environment: Environment, msg: Any) -> None:  # noqa: ANN401 (Locust's)
        if msg.node_id in self._heard:
            sent = msg.data
            self._pipe.send(("answer", sent["number"], sent["answer"], sent["error"]))

    def _on_heartbeat(self, client_id: str, **_: object) -> None:
        if client_id in self._heard:
            self._heard[client_id] = time.monotonic()

    def _on_leave(self, environment: Environment, msg: Any) -> None:  # noqa: ANN401 (Locust's)
        self._lose(msg.node_id, f"{msg.data['why']!s:.200}")

    def _lose(self, worker: str, why: str) -> None:
        if self._heard.pop(worker, None):
            self._pipe.send(("lost", worker, why))

    def _watch(self) -> None:
        """Drop workers without a heartbeat. One that comes back gets the reason, and ends."""
        while True:
            gevent.sleep(WATCH_S)
            for worker, heard in list(self._heard.items()):
                if time.monotonic() - heard > SILENCE_S:
                    why = f"no heartbeat for {SILENCE_S:g} s"
                    self._lose(worker, why)
                    self._send(END, worker, why=f"the master gave this worker up: {why}")


def serve(descriptor: int) -> None:
    """The process: listen, and serve until the pipe ends."""
    logging.getLogger("locust").setLevel(logging.CRITICAL)  # what matters, c10k run says
    with Connection(descriptor) as pipe, suppress(EOFError, OSError):
        version, host, port = pipe.recv()
        try:
            master = _Master(pipe, version, host, port)
        except (RPCError, SystemExit) as error:  # Locust exits where the port is in use
            pipe.send(("failed", str(error.__cause__ or error)))
            return
        pipe.send(("listens",))
        master.serve()
