"""FleetUser: a Locust user that is one connection of the native fleet.

The user is parked: what Locust counts, spawns and stops is the greenlet, and its `on_start` and
`on_stop` say how many connections the fleet has. No message passes through Python. Once a second
what the fleet recorded goes into the `Record` and into Locust's entries.

A test ends in this order, whatever ended it: the fleet drains, the last part of a second is
recorded, a worker reports it, and only then do the users stop. A master waits for that before it
lets its workers go, so that not one message is missing from its totals.
"""

import logging
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, Final, ParamSpec, TypeVar

import gevent
import locust
from gevent.event import Event
from gevent.lock import Semaphore
from locust import User, task
from locust.env import Environment
from locust.runners import MasterRunner, Runner, WorkerRunner

from c10k.loadgen.address import Address
from c10k.loadgen.descriptors import raise_soft_descriptor_limit
from c10k.loadgen.engines import engine_of
from c10k.loadgen.fleet import DRAIN_S, DRAIN_STILL_S, Fleet
from c10k.loadgen.users import entries
from c10k.loadgen.users.options import target_of, workload_of
from c10k.loadgen.users.record import Record
from c10k.loadgen.workload import Workload

P = ParamSpec("P")
T = TypeVar("T")

# Under load a fleet opens one connection in each turn of its loop: 10,000 took over half a minute.
# So where so many are not open yet, they are opened without load, which takes a second.
MANY: Final = 100
STILL_S: Final = 2.0  # without one more that is open, the load goes on; the others have failed
RESIZE_S: Final = 0.1
RETRY_S: Final = 1.0  # between two attempts of connections none of which was ever served
WORKERS_S: Final = DRAIN_S + DRAIN_STILL_S + 3.0  # in which a worker drains and reports
FINISH: Final = "c10k_finish"  # the message by which a master has its workers drain and report
PARKED_S: Final = 86_400.0

events: Any = locust.events  # they have no types of their own
_logger = logging.getLogger(__name__)


class UserFleet:
    """The fleet of this process in one test; each running FleetUser is one of its connections.

    Raises OSError where the address cannot be resolved or the machine refuses a thread or process.
    """

    def __init__(self, environment: Environment, host: str, workload: Workload) -> None:
        target = target_of(host)
        self.users = 0
        self.host = host
        self.workload = workload
        self._environment = environment
        # The portable engine runs in a process of its own: its thread would be a greenlet here.
        self.fleet = Fleet(
            Address.resolve(target.host, target.port),
            workload,
            processes=engine_of("auto") == "portable",
        )
        self.fleet.load()  # whoever joins from now on sends as soon as it is open
        rate = workload.rate_per_connection
        # A resize begins the schedule of an open loop anew: where it can be, not within a period.
        self._resize_s = RESIZE_S if rate is None else min(max(RESIZE_S, 1 / rate), 1.0)
        self._resized = 0.0
        self._second = int(time.time())
        self._served = self._finished = self._failed = False
        self._ended = Event()
        self._finishing = Semaphore(1)
        # Ctrl-C may come while the driver runs. gevent raises it in the main greenlet, too: it need
        # not print that the driver failed.
        hub = gevent.get_hub()
        hub.NOT_ERROR = (*type(hub).NOT_ERROR, KeyboardInterrupt)
        self._driver = gevent.spawn(self._drive)
        _fleets[environment] = self

    @staticmethod
    def of(environment: Environment) -> "UserFleet | None":
        """The fleet of the test that runs; None if none runs, or its host cannot be loaded."""
        return _fleets.get(environment)

    def finish(self) -> None:
        """Send nothing new, let the replies arrive, and record the last of it; once."""
        with self._finishing:  # whoever asks meanwhile waits until it is recorded
            if self._finished:
                return
            self._ended.set()
            self._driver.join()
            with self._failing():
                self.fleet.drain()
                self._record()
            self._finished = True

    def discard(self) -> None:
        """Forget what has been recorded since the last second."""
        _uninterrupted(self.fleet.snapshot)

    def close(self) -> None:
        """Finish, close every connection, and end the fleet."""
        _fleets.pop(self._environment, None)
        self.finish()
        with self._failing():
            self.fleet.close()

    @contextmanager
    def _failing(self) -> Iterator[None]:
        """End the test, with the reason, where the machine or a process of the fleet fails."""
        try:
            yield
        except (MemoryError, OSError, RuntimeError) as error:
            self._ended.set()
            if not self._failed:
                self._failed = True
                _refuse(self._environment, self.host, f"the fleet cannot go on: {error}")

    def _drive(self) -> None:
        """Resize the fleet in batches, and record each second of the epoch when it ends."""
        with self._failing():
            while not self._ended.wait(min(RESIZE_S, 1 - time.time() % 1)):
                self._resize(time.monotonic())
                self._record_if_second_ended()

    def _resize(self, now: float) -> None:
        if self.users == self.fleet.connections:
            if self.users and not self._served:
                self._open_again(now)
        elif now >= self._resized + self._resize_s:
            self._resized = now
            status = _uninterrupted(self.fleet.progress)
            many = self.users - status.ready >= MANY and not status.failed
            if many and self.workload.loop == "closed":
                self._open_without_load()
            else:
                _uninterrupted(self.fleet.resize, self.users)

    def _open_again(self, now: float) -> None:
        """Try again to connect: the fleet gives up a connection that fails before its first reply.

        Only until one has had it, since the fleet cannot tell those from the ones that were served.
        """
        status = _uninterrupted(self.fleet.progress)
        self._served = self._served or status.ready > 0 or status.messages > 0
        if not (self._served or status.opening) and now >= self._resized + RETRY_S:
            self._resized = now
            _uninterrupted(self.fleet.resize, 0)
            _uninterrupted(self.fleet.resize, self.users)

    def _open_without_load(self) -> None:
        _uninterrupted(self.fleet.stop)
        _uninterrupted(self.fleet.resize, self.users)
        most, deadline = -1, 0.0
        while (status := _uninterrupted(self.fleet.progress)).opening:
            now = time.monotonic()
            if status.ready > most:
                most, deadline = status.ready, now + STILL_S
            if now > deadline:
                break
            if self._ended.wait(0.01):
                return
            self._record_if_second_ended()
        _uninterrupted(self.fleet.load)

    def _record_if_second_ended(self) -> None:
        second = int(time.time())
        if second != self._second:
            self._second = second
            self._record()

    def _record(self) -> None:
        """Record what happened since the last time, all of it."""
        _uninterrupted(self._record_snapshot)

    def _record_snapshot(self) -> None:
        snapshot = self.fleet.snapshot()
        self._served = self._served or snapshot.sums_ns["first_echo"] > 0
        ended = Record.of(self._environment).add(snapshot)
        stats = self._environment.stats
        entries.extend(stats, self.host, self.workload, ended, snapshot)


def _uninterrupted(command: Callable[P, T], *arguments: P.args, **words: P.kwargs) -> T:
    """What a command returns; Ctrl-C comes after it.

    Python raises KeyboardInterrupt in whatever greenlet runs. Here it would lose what a command
    has brought, or leave the answer of a process of the fleet to the next command.
    """
    came = []
    before = signal.signal(signal.SIGINT, lambda *_: came.append(True))
    try:
        return command(*arguments, **words)
    finally:
        signal.signal(signal.SIGINT, before)
        if came:  # raised from the hub, it reaches the main greenlet, as if nothing had run
            gevent.get_hub().loop.run_callback(signal.raise_signal, signal.SIGINT)


_fleets: dict[Environment, UserFleet] = {}


class FleetUser(User):
    """One connection of the fleet, which sends what the options of the workload say."""

    _fleet: UserFleet | None = None

    def on_start(self) -> None:
        """Add a connection."""
        self._fleet = UserFleet.of(self.environment)
        if self._fleet:
            self._fleet.users += 1

    def on_stop(self) -> None:
        """Remove a connection."""
        if self._fleet:
            self._fleet.users -= 1
            self._fleet = None

    @task
    def stay(self) -> None:
        """Do nothing: the fleet sends."""

    def wait_time(self) -> float:
        """Return a pause longer than a test. In it, a user can be stopped at once."""
        return PARKED_S


def _follow(environment: Environment, runner: Runner, **_: object) -> None:
    """Listen to what is not said to all, or not said of which environment it is."""
    raise_soft_descriptor_limit()  # Locust raises it to 10,000 before
    Record.of(environment)

    def forget(**_: object) -> None:
        if fleet := UserFleet.of(environment):
            fleet.discard()
        Record.of(environment).reset()

    def forget_spawning(**_: object) -> None:
        if environment.reset_stats:
            forget()

    own: Any = environment.events
    own.reset_stats.add_listener(forget)
    own.spawning_complete.add_listener(forget_spawning)
    own.quitting.add_listener(_finish)  # fired in reverse: before the runner says that it quits
    if isinstance(runner, WorkerRunner):
        runner.register_message(FINISH, _finish_as_asked)


def _begin(environment: Environment, **_: object) -> None:
    """Check the request; where users run, create the fleet."""
    if fleet := UserFleet.of(environment):  # of a test without a test_stop event
        fleet.close()
    Record.of(environment).reset()
    users = _fleet_users(environment)
    if not users:
        return
    options: Any = environment.parsed_options
    hosts = {environment.host or user.host for user in users}
    host = hosts.pop()
    try:
        if hosts:
            raise ValueError("the FleetUsers of a test load one host: give --host")
        target = target_of(host)
        workload = workload_of(options, target)
        if not isinstance(environment.runner, MasterRunner):
            UserFleet(environment, str(host), workload)
    except OSError as error:
        _refuse(environment, str(host), f"cannot load {host}: {error.strerror or error}")
    except ValueError as error:
        if not isinstance(environment.runner, WorkerRunner):  # its master says it
            _refuse(environment, host or "", str(error))


def _fleet_users(environment: Environment) -> list[type[FleetUser]]:
    return [user for user in environment.user_classes if issubclass(user, FleetUser)]


def _refuse(environment: Environment, host: str, message: str) -> None:
    """Say in the log and among Locust's failures why the test cannot run, and end it.

    A worker leaves the end to its master, to which its failures are reported.
    """
    _logger.error(message)
    entries.add_refusal(environment.stats, host, message)
    runner = environment.runner
    if runner and not isinstance(runner, WorkerRunner):
        headless = environment.parsed_options and environment.parsed_options.headless
        gevent.spawn(runner.quit if headless else runner.stop)


def _finish(environment: Environment, **_: object) -> None:
    """Record and report the last of the test, before its users stop."""
    if fleet := UserFleet.of(environment):
        fleet.finish()
    if isinstance(environment.runner, MasterRunner) and _fleet_users(environment):
        _await_workers(environment.runner, Record.of(environment))
    Record.of(environment).send_last()


def _finish_as_asked(environment: Environment, **_: object) -> None:
    """What a worker does on its master's message, whatever it has reported before."""
    Record.of(environment).sent_last = False
    _finish(environment)


def _await_workers(runner: MasterRunner, record: Record) -> None:
    """Have the workers finish, and wait until those that are there have reported."""
    runner.send_message(FINISH)
    with gevent.Timeout(WORKERS_S, False):
        while {worker.id for worker in _present(runner)} - record.reported_last:
            gevent.sleep(0.02)


def _present(runner: MasterRunner) -> list[Any]:
    clients = runner.clients
    return [*clients.ready, *clients.spawning, *clients.running]


def _end(environment: Environment, **_: object) -> None:
    if fleet := UserFleet.of(environment):
        fleet.close()
    _say(environment)


def _say(environment: Environment) -> None:
    """One line with the response times, of which Locust's console shows whole milliseconds."""
    total = Record.of(environment).total
    if total and not isinstance(environment.runner, WorkerRunner):
        times = entries.response_times_ms(total).items()
        _logger.info(
            "the fleet completed %s messages in %.1f s and lost %s%s",
            f"{total.messages:,}",
            total.seconds,
            f"{total.lost:,}",
            "; response time in ms: " * bool(times) + ", ".join(f"{k} {ms:g}" for k, ms in times),
        )


events.init.add_listener(_follow)
events.test_start.add_listener(_begin)
events.test_stopping.add_listener(_finish)
events.test_stop.add_listener(_end)
