"""Locust's side of a session: it checks what the form asks for, and passes on what the fleet does.

Greenlets: one takes what `c10k ui` says, one passes on the fleet's seconds.
"""

import logging
import threading
import time
from typing import TYPE_CHECKING, Any, Final

import gevent
from flask import Response, jsonify, request
from gevent.event import AsyncResult
from locust.env import Environment
from locust.runners import STATE_RUNNING, STATE_SPAWNING
from werkzeug.datastructures import ImmutableMultiDict

from c10k.loadgen.users.fleet import FleetUser, UserFleet
from c10k.loadgen.users.record import Record
from c10k.ui.channel import Channel
from c10k.ui.form import CHOSEN, RequestedTest, requested_test
from c10k.ui.live import Live
from c10k.ui.messages import Begin, Begun, End, Halt, Notice, Ready, Second, Setup, ToLocust, Update

if TYPE_CHECKING:
    from collections.abc import Callable

    from werkzeug.datastructures import MultiDict

BEGIN_S: Final = 60.0  # how long a server may take to start
PASS_ON_S: Final = 0.1
MEASURED: Final = FleetUser.__name__


class _Errors(logging.Handler):
    """Shows on the pages what users and shapes log as an error."""

    def __init__(self, notice: "Callable[[str], None]") -> None:
        super().__init__(logging.ERROR)
        self._notice = notice

    def emit(self, record: logging.LogRecord) -> None:
        """Show the first line."""
        self._notice(record.getMessage().partition("\n")[0])


class Driver:
    """Hangs on the events of an environment, from `begin` on."""

    def __init__(
        self, environment: Environment, channel: Channel[ToLocust], setup: Setup, live: Live
    ) -> None:
        self._environment: Any = environment  # whose types allow for one without runner and UI
        self._channel = channel
        self._setup = setup
        self._live = live
        self._beginning = threading.Lock()
        self._answer: AsyncResult[Begun] = AsyncResult()
        self._ours = {"", CHOSEN}  # hosts that the server decides, and those that it decided
        self._under_way: RequestedTest | None = None
        self._noticed: set[str] = set()
        self._passed_on = 0.0  # when the last second that was passed on ended

    def begin(self) -> None:
        """Start."""
        events, app = self._environment.events, self._environment.web_ui.app
        events.test_stopping.add_listener(self._test_stopping)
        events.test_stop.add_listener(self._test_stop)
        events.user_error.add_listener(self._user_error)
        app.before_request(self._check_form)
        app.before_request(self._check_user)
        logging.getLogger().addHandler(_Errors(self._notice))
        gevent.spawn(self._listen)
        gevent.spawn(self._pass_on)
        gevent.spawn(self._say_ready)

    def _check_form(self) -> Response | None:
        """Have a test begin, before Locust starts its users; or say why it cannot."""
        if request.path != "/swarm" or request.method != "POST":
            return None
        with self._beginning:
            try:
                decided = self._begin(request.form)
            except ValueError as error:
                host = self._environment.host
                return jsonify({"success": False, "message": str(error), "host": host})
        # Locust takes the rest from the form.
        form = request.form.to_dict(flat=False) | {name: [text] for name, text in decided.items()}
        request.form = ImmutableMultiDict(form)
        return None

    def _begin(self, form: "MultiDict[str, str]") -> dict[str, str]:
        """Begin a test or change its users; what the form is to say besides. Raises ValueError for
        what cannot be."""
        options, setup = self._environment.parsed_options, self._setup
        test = requested_test(form, options, setup.servers, self._ours, any_host=setup.any_host)
        self._check_classes(form)
        if self._environment.runner.state in (STATE_RUNNING, STATE_SPAWNING):
            if self._under_way and not test.changes_users_alone(self._under_way):
                raise ValueError("stop the test before you change the server or the workload")
            return {}
        self._noticed.clear()
        self._passed_on = time.time()
        self._under_way = test
        if test.host:
            self._notice(
                f"{test.host} was not started here: what it uses is not observed, and no step is "
                "stored"
            )
            return {}
        begun = self._ask(Begin(test.server, test.workload, test.users))
        self._ours.add(begun.address)
        if MEASURED not in form.getlist("user_classes"):
            self._notice(f"no step is stored without {MEASURED}: Locust measures the others itself")
        return {"host": begun.address, **begun.request}

    def _check_classes(self, form: "MultiDict[str, str]") -> None:
        for name, there in (
            ("user_classes", self._environment.available_user_classes or {}),
            ("shape_class", {"Default": None, **(self._environment.available_shape_classes or {})}),
        ):
            for each in form.getlist(name):
                if each not in there:
                    raise ValueError(f"{name}: there is no {each[:40]!r}")

    def _ask(self, message: Begin) -> Begun:
        """Ask for a server. Raises ValueError where there is none."""
        self._answer = AsyncResult()
        self._channel.send(message)
        try:
            answer: Begun = self._answer.get(timeout=BEGIN_S)
        except gevent.Timeout:
            raise ValueError(f"the server did not start within {BEGIN_S:g} s") from None
        if answer.refusal:
            raise ValueError(answer.refusal)
        return answer

    def _check_user(self) -> tuple[str, int] | None:
        """Let the form of a user class change all but its host."""
        if request.path != "/user" or self._setup.any_host:
            return None
        settings = request.get_json(force=True, silent=True)
        host = settings.get("host") if isinstance(settings, dict) else None
        if host and host not in self._ours:
            return "only the servers that this command started are loaded\n", 403
        return None

    def _test_stopping(self, **_: object) -> None:
        self._pass_on_new(all_spawned=False)  # the last part of a second has the end in it

    def _test_stop(self, **_: object) -> None:
        self._under_way = None
        self._channel.send(End())
        self._environment.host = CHOSEN

    def _user_error(self, user_instance: object, exception: Exception, **_: object) -> None:
        name = type(getattr(user_instance, "user", user_instance)).__name__  # a task set has one
        self._notice(f"{name}: {type(exception).__name__}: {exception}; see Exceptions")

    def _notice(self, text: str) -> None:
        if text not in self._noticed:
            self._noticed.add(text)
            self._channel.send(Notice(text))

    def _listen(self) -> None:
        """Take what `c10k ui` says, until it ends."""
        while True:
            try:
                message = self._channel.receive()
            except EOFError:
                self._environment.web_ui.stop()
                return
            match message:
                case Update():
                    self._live.take(message)
                case Begun():
                    self._answer.set(message)
                case Halt():
                    gevent.spawn(self._environment.runner.stop)

    def _pass_on(self) -> None:
        while True:
            gevent.sleep(PASS_ON_S)
            self._pass_on_new()

    def _pass_on_new(self, *, all_spawned: bool = True) -> None:
        """Pass on the seconds of the fleet that have ended since the last call."""
        runner, fleet = self._environment.runner, UserFleet.of(self._environment)
        if fleet is None:
            return
        for ended, snapshot in list(Record.of(self._environment).seconds):
            if ended > self._passed_on:
                self._passed_on = ended
                status = fleet.fleet.progress()
                all_spawned = all_spawned and runner.state == STATE_RUNNING
                self._channel.send(
                    Second(runner.user_count, status.ready, status.opening, all_spawned, snapshot)
                )

    def _say_ready(self) -> None:
        web_ui = self._environment.web_ui
        while not (web_ui.server and web_ui.server.started):
            gevent.sleep(PASS_ON_S)
        self._channel.send(Ready())
