"""A session of the UI: its servers, one test after another, and what is stored of them."""

import math
import time
from collections import deque
from collections.abc import Sequence
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from c10k.experiment.cycle import PHASES
from c10k.experiment.plan import Trial, load_on
from c10k.experiment.step_record import StepRecording
from c10k.host.cpus import CpuSplit
from c10k.host.hiccups import Hiccups
from c10k.host.limits import shortfalls
from c10k.loadgen.fleet import Opened, Snapshot
from c10k.loadgen.telemetry import ProcessGoneError
from c10k.results.manifest import ServerDescription
from c10k.results.store import RunError
from c10k.servers.process import ServerStartError
from c10k.ui import figures
from c10k.ui.messages import Begin, Begun, Second, Update
from c10k.ui.plateau import PROFILE, Observers, Plateau
from c10k.ui.reporting import Reporting
from c10k.ui.watched import IDLE_SAMPLE_S, WatchedServer

if TYPE_CHECKING:
    from c10k.loadgen.workload import Workload
    from c10k.ui.stored_run import StoredRun

LOADED_SAMPLE_S: Final = 0.2
NOTICES: Final = 5  # that the pages show


@dataclass
class _Test:
    """A test under way."""

    server: WatchedServer
    workload: "Workload"
    repeat: int
    observers: Observers
    running: ExitStack
    plateau: Plateau | None = None
    stored: bool = False  # whether the plateau is
    opening: list[Snapshot] = field(default_factory=list)  # one, of all since the last plateau
    held: list[Snapshot] = field(default_factory=list)  # one, of all in this plateau
    last: Second | None = None

    def trial(self, users: int) -> Trial:
        return Trial(self.server.label, self.workload.name, self.repeat, users)

    @property
    def phase(self) -> str:
        """In words."""
        users = self.last.users if self.last else 0
        if self.plateau is None:
            return f"{users:,} users: starting or stopping some" if users else "starting"
        if self.stored:
            return f"{users:,} users: stored"
        windows = f", {self.plateau.windows} of {PROFILE.windows} windows measured"
        return f"{users:,} users: {PHASES[self.plateau.phase]}{windows}"


class Session:
    """Call all of it from the main thread, which starts the servers.

    `halt` is set when the test cannot go on: Locust is then to stop it.
    """

    def __init__(
        self, servers: Sequence[WatchedServer], stored: "StoredRun", cpus: CpuSplit
    ) -> None:
        self.halt = False
        self._servers = {server.label: server for server in servers}
        self._stored = stored
        self._cpus = cpus
        self._hues = _hues(servers)
        self._reporting = Reporting()
        self._test: _Test | None = None
        self._seconds: list[Second] = []  # since the last update
        self._spectra: dict[str, Any] = {}
        self._notices: deque[str] = deque(maxlen=NOTICES)
        self._version = 0  # of the tables that were sent

    def begin(self, asked: Begin) -> Begun:
        """Begin a test on a fresh process of the server; the answer says where it listens."""
        self.end()
        self.halt = False
        self._notices.clear()
        server = self._servers.get(asked.server)
        if server is None:
            there = ", ".join(self._servers)
            return Begun(refusal=f"no server {asked.server!r:.60} was started: there are {there}")
        entry = server.planned.spec.server
        per_connection = entry.threads_per_connection, entry.processes_per_connection
        for users, limits in shortfalls([max(asked.users, 1)], *per_connection).items():
            return Begun(refusal=f"{users:,} users are too many for this machine: {limits[0]}")
        try:
            workload = load_on(server.planned.spec, asked.workload)
            if server.used or not server.process.alive or server.handler != workload.handler:
                server.start(workload.handler)
            self._test = self._begun(server, self._stored.named(workload))
            self._stored.resume()
        except (ServerStartError, ValueError, OSError) as error:  # RunError is a ValueError
            return Begun(refusal=str(error).splitlines()[0])
        request = {
            "protocol": workload.protocol,
            "path": workload.path,
            "send": workload.send,
            "expect": str(workload.expect_bytes),
        }
        return Begun(server.address, request=request)

    def take(self, second: Second) -> None:
        """Take what the load was in the next second."""
        if (test := self._test) is None:
            return
        self._seconds.append(second)
        try:
            self._advance(test, second)
        except ProcessGoneError:
            self._server_died(test)
        except RunError as error:
            self._stop(str(error))
        test.last = second

    def notice(self, text: str) -> None:
        """Show a line on the pages, once."""
        if text not in self._notices:
            self._notices.append(text)

    def end(self, *, interrupted: bool = False) -> None:
        """The test has stopped: store what was measured of the last step, then the report."""
        test, self._test = self._test, None
        if test is None:
            return
        with test.running:
            try:
                if test.plateau and not test.stored:
                    self._leave(test, test.plateau)
                self._stored.finish(interrupted=interrupted)
            except (RunError, ProcessGoneError) as error:
                self.notice(str(error))
        if (run := self._stored.directory) and not interrupted:
            self._reporting.test_ended(run)

    def update(self) -> Update:
        """What the pages show now."""
        self._reporting.poll()
        used = {label: server.figures() for label, server in self._servers.items()}
        test, load = self._test, None
        if test and test.server.used and not test.server.process.alive:
            self._server_died(test)
        if test and self._seconds:
            last = self._seconds[-1]
            whole = Snapshot.of_all([each.snapshot for each in self._seconds])
            load = figures.of_seconds(whole, last.users, test.workload)
            load |= {"users": last.users, "ready": last.ready}
            if seen := test.held or test.opening:
                self._spectra = figures.spectra(seen[0])
        self._seconds.clear()
        reporting = self._reporting
        changed, self._version = reporting.version != self._version, reporting.version
        return Update(
            state={
                "servers": [
                    {
                        "label": label,
                        "hue": self._hues[label],
                        "address": server.address,
                        "pid": server.process.pid,
                        "alive": server.process.alive,
                    }
                    for label, server in self._servers.items()
                ],
                "test": test
                and {
                    "server": test.server.label,
                    "workload": test.workload.name,
                    "loop": test.workload.loop,
                    "phase": test.phase,
                },
                "spectra": self._spectra,
                "steps": len(self._stored.done()),
                "report": reporting.report,
                "notices": list(self._notices),
                "tables": reporting.version,
            },
            point={"t": time.time(), "servers": used, "load": load},
            tables=reporting.tables if changed else "",
            run=str(self._stored.directory or ""),
        )

    def close(self) -> None:
        """End a test that is under way, keep what it measured, and end the servers."""
        self.end(interrupted=True)
        self._reporting.close()
        with suppress(RunError):
            self._stored.close()
        for server in self._servers.values():
            server.stop()

    def _begun(self, server: WatchedServer, workload: "Workload") -> _Test:
        with ExitStack() as stack:
            hiccups = stack.enter_context(Hiccups(self._cpus, workload.loop))
            telemetry = server.telemetry
            telemetry.drain()
            telemetry.phase, telemetry.interval_s = "open", LOADED_SAMPLE_S
            stack.callback(setattr, telemetry, "interval_s", IDLE_SAMPLE_S)
            observers = Observers(telemetry, hiccups, telemetry.memory())
            server.used = True
            repeat = self._stored.next_repeat(server.label, workload.name)
            test = _Test(server, workload, repeat, observers, stack.pop_all())
        telemetry.annotate = lambda: _annotation(test.last)
        return test

    def _advance(self, test: _Test, second: Second) -> None:
        """Give the second to the step that it is of."""
        plateau, before = test.plateau, test.last
        if plateau and (not second.all_spawned or second.users != plateau.users):
            if not test.stored:
                self._leave(test, plateau)
            plateau = test.plateau = None
            test.opening.clear()
        if plateau:
            test.held = [Snapshot.of_all([*test.held, second.snapshot])]
            if not test.stored:
                plateau.take(second)
            if plateau.phase == "done" and not test.stored:
                self._store(test, plateau)
            return
        test.opening = [Snapshot.of_all([*test.opening, second.snapshot])]
        if second.all_spawned and second.users and before and second.users == before.users:
            trial, held = test.trial(second.users), test.opening[0]
            began = self._stored.began
            test.plateau = Plateau(trial, test.workload, began, test.observers, held)
            test.stored = trial in self._stored.done()
            test.held = []

    def _leave(self, test: _Test, plateau: Plateau) -> None:
        """Store a step that ends before all its windows, or say why it is not."""
        if plateau.windows:
            self._store(test, plateau)
        else:
            self.notice(
                f"{plateau.users:,} users were not held for long enough to be measured: that takes "
                f"{PROFILE.warmup_s + PROFILE.window_s:g} s or more"
            )

    def _store(self, test: _Test, plateau: Plateau) -> None:
        self._stored.append(plateau.record(test.server.process.log_tail()))
        test.stored = True
        assert self._stored.directory
        self._reporting.step_stored(self._stored.directory)

    def _server_died(self, test: _Test) -> None:
        """Store the step as failed, and have Locust stop."""
        if self.halt:
            return
        why = test.server.process.how_it_died()
        users = test.last.users if test.last else 1
        if (plateau := test.plateau) and not test.stored:
            recording, began_at = plateau.recording, plateau.began_at
        else:
            recording = StepRecording(test.trial(max(users, 1)), test.workload, self._stored.began)
            recording.opened, began_at = Opened(0, 0, math.nan), time.time()
        recording.failure = why
        samples = test.observers.telemetry.drain()
        record = recording.record(began_at, samples, test.server.process.log_tail())
        self._stop(f"{test.server.label}, {users:,} users: {why}; the next test starts it again")
        if record.key not in self._stored.done():
            try:
                self._stored.append(record)
            except RunError as error:
                self.notice(str(error))
        test.plateau = None
        test.opening.clear()

    def _stop(self, why: str) -> None:
        self.notice(why)
        self.halt = True


def _annotation(last: Second | None) -> dict[str, float]:
    """What a sample of the server holds of the fleet."""
    if last is None:
        return {}
    rate = last.snapshot.messages / last.snapshot.seconds
    return {"connected": last.ready, "messages_per_s": rate}


def _hues(servers: Sequence[WatchedServer]) -> dict[str, str]:
    """The name of each server's colour, as a report has it."""
    from c10k.reports.model.servers import servers as described
    from c10k.reports.style import series_styles

    entries = {each.label: each.planned.spec.server for each in servers}
    descriptions = [
        ServerDescription(label, entry.name, entry.model, protocol=entry.protocol)
        for label, entry in entries.items()
    ]
    protocols = {label: entry.protocol for label, entry in entries.items()}
    styles = series_styles(described(descriptions, protocols))
    return {label: each.hue for label, each in styles.items()}
