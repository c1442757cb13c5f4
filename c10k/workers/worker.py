"""A worker: Locust's WorkerRunner, which hands what the master commands to a shard.

gevent patches this process. It only relays: the shard is a native thread, or where that engine is
not built a process of its own.
"""

# Before all else: it patches what the others import.
import locust  # noqa: I001, F401 (its import has an effect)

import logging
import signal
import time
from collections.abc import Callable
from functools import partial
from typing import Any, Final

import gevent
import msgspec
from gevent.event import AsyncResult
from locust.env import Environment

from c10k.loadgen.address import Address
from c10k.loadgen.engines import engine_of, shard_class
from c10k.loadgen.remote import RemoteShard
from c10k.loadgen.shard import Shard, ShardSettings
from c10k.loadgen.tls import Tls
from c10k.loadgen.workload import Workload
from c10k.outcome import CommandError, Status
from c10k.workers.hello import hello
from c10k.workers.messages import (
    ANSWER,
    COMMAND,
    END,
    ENDED,
    HELLO,
    LEAVE,
    PING,
    PONG,
    SILENCE_S,
    WELCOME,
    Hello,
    counts_sent,
    snapshot_sent,
)

FLUSH_S: Final = 0.2  # until what was sent last has left this process
WATCH_S: Final = 0.5
# The master gives a worker up first, and says so if it can.
PATIENCE_S: Final = SILENCE_S + 1

SENT: Final[dict[str, Callable[[Any], object]]] = {
    "snapshot": snapshot_sent,
    "response_counts": counts_sent,
}
COMMANDS: Final = ("resize", "load", "stop", "snapshot", "peek", "response_counts")


class _Worker:
    """Answers the master until one of the two ends."""

    def __init__(
        self, host: str, port: int, about: Hello, on_joined: Callable[[str], None]
    ) -> None:
        self._on_joined = on_joined
        self._ended = AsyncResult()  # why
        self._joined = AsyncResult()
        self._shard: Shard | None = None
        self._heard = time.monotonic()
        environment = Environment()
        events: Any = environment.events  # they have no types of their own
        events.heartbeat_received.add_listener(self._on_heartbeat)
        self._runner = environment.create_worker_runner(host, port)
        self._runner.register_message(PING, self._on_ping)
        self._runner.register_message(WELCOME, self._on_welcome)
        self._runner.register_message(COMMAND, self._on_command)
        self._runner.register_message(END, self._on_end)
        self._send(HELLO, **msgspec.to_builtins(about))

    def serve(self, timeout_s: float) -> None:
        """Serve until the end. CommandError unless it is that of the run."""
        try:
            gevent.wait([self._joined, self._ended], timeout_s, count=1)
            if not self._joined.ready() and not self._ended.ready():
                raise CommandError(
                    "what answers there is Locust's master, but none of `c10k run`", Status.UNABLE
                )
            watch = gevent.spawn(self._watch)
            why = self._ended.get()
            watch.kill()
            if why != ENDED:
                raise CommandError(why, Status.UNABLE)
        except KeyboardInterrupt:
            self._send(LEAVE, why="it was interrupted")
            gevent.sleep(FLUSH_S)
            raise
        finally:
            self._quit()

    def _send(self, kind: str, **content: object) -> None:
        self._runner.send_message(kind, content)

    def _on_ping(self, environment: Environment, msg: Any) -> None:  # noqa: ANN401 (Locust's)
        received_ns = time.monotonic_ns()
        number = msg.data["number"]
        self._send(PONG, number=number, received_ns=received_ns, answered_ns=time.monotonic_ns())

    def _on_welcome(self, environment: Environment, msg: Any) -> None:  # noqa: ANN401 (Locust's)
        self._joined.set(True)
        self._on_joined(msg.data["name"])

    def _on_end(self, environment: Environment, msg: Any) -> None:  # noqa: ANN401 (Locust's)
        self._ended.set(msg.data["why"])

    def _on_heartbeat(self, **_: object) -> None:
        self._heard = time.monotonic()

    def _watch(self) -> None:
        while time.monotonic() - self._heard < PATIENCE_S:
            gevent.sleep(WATCH_S)
        self._ended.set(f"the master has not answered for {PATIENCE_S:g} s")

    def _on_command(self, environment: Environment, msg: Any) -> None:  # noqa: ANN401 (Locust's)
        answer, error = None, None
        try:
            answer = self._handled(msg.data["command"], msg.data["arguments"])
        except Exception as failure:  # noqa: BLE001 (raised at the master)
            error = type(failure).__name__, str(failure)
        self._send(ANSWER, number=msg.data["number"], answer=answer, error=error)

    def _handled(self, command: str, arguments: list[Any]) -> object:
        if command in ("create", "quit"):
            self._quit()
        if command == "create":
            self._shard = _created(*arguments)
            return None
        if command == "quit":
            return None
        if self._shard is None or command not in COMMANDS:
            raise OSError(f"there is no shard to {command}")
        answer = getattr(self._shard, command)(*arguments)
        return SENT[command](answer) if command in SENT else answer

    def _quit(self) -> None:
        shard, self._shard = self._shard, None
        if shard:
            shard.quit()


def _created(settings: dict[str, Any]) -> Shard:
    """A shard on this host: its address is looked up here."""
    target = Address.resolve(settings["host"], settings["port"])
    workload = msgspec.convert(settings["workload"], Workload)
    engine = engine_of("auto")
    create = shard_class(engine) if engine == "native" else partial(RemoteShard, engine)
    tls = msgspec.convert(settings["tls"], Tls | None)
    own = {name: settings[name] for name in ("index", "shards", "in_flight", "spin")}
    # cpu: where this process runs.
    return create(ShardSettings(target, workload, cpu=None, tls=tls, **own))


def work(
    host: str, port: int, name: str, timeout_s: float, on_joined: Callable[[str], None]
) -> None:
    """Join the master and serve it to the end of its run.

    `on_joined` is called with the name that the run gives to this worker. Raises CommandError for a
    master that does not answer, refuses it, gives it up or is silent.
    """
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        gevent.signal_handler(number, gevent.kill, gevent.getcurrent(), KeyboardInterrupt)
    logging.getLogger("locust").setLevel(logging.CRITICAL)  # what matters is said here
    about = hello(name)
    try:
        Address.resolve(host, port)
    except OSError as error:
        raise CommandError(f"cannot find the master {host}: {error.strerror}") from None
    worker = None
    try:
        with gevent.Timeout(timeout_s, False):  # Locust itself tries for five minutes
            worker = _Worker(host, port, about, on_joined)
    except SystemExit:  # its answer to Ctrl-C
        raise KeyboardInterrupt from None
    if worker is None:
        raise CommandError(
            f"no master answers at {host}:{port} within {timeout_s:g} s: start `c10k run "
            "--master-bind` there, or go through ssh with --via",
            Status.UNABLE,
        )
    worker.serve(timeout_s)
