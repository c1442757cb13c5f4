"""What Locust loads (-f) to be the UI of `c10k ui`: everything here hangs on Locust's events."""

import argparse
import os
import socket
from typing import Any, Final

import locust

from c10k.ui.channel import Channel
from c10k.ui.driver import Driver
from c10k.ui.form import CHOSEN
from c10k.ui.guard import guard
from c10k.ui.live import Live
from c10k.ui.locust_process import CHANNEL
from c10k.ui.login import require_login
from c10k.ui.messages import Setup, ToLocust
from c10k.ui.pages import add_pages

events: Any = locust.events  # they have no types of their own
channel = Channel[ToLocust](socket.socket(fileno=int(os.environ[CHANNEL])), ToLocust)
received = channel.receive()
assert isinstance(received, Setup)
setup: Final = received


def add_option(parser: argparse.ArgumentParser) -> None:
    """Add the choice of the server to the form."""
    parser.add_argument(
        "--server",
        choices=setup.servers,
        default=setup.servers[0],
        help="the server that is loaded, on a fresh process",
    )


def begin(environment: Any, web_ui: Any, **_: object) -> None:  # noqa: ANN401 (Locust's)
    """Add the pages, and who may see them; then drive."""
    environment.host = CHOSEN
    environment.locustfile = "c10k ui"  # in the names of what is downloaded
    # The form lists the options as they were added: the server first.
    web_ui.app.jinja_env.policies["json.dumps_kwargs"] = {"sort_keys": False}
    live = Live()
    guard(web_ui.app, setup.hosts)
    if setup.user:
        path = require_login(web_ui.app, web_ui.login_manager, setup.user, setup.password)
        web_ui.auth_args = {"username_password_callback": path}
    Driver(environment, channel, setup, live).begin()
    add_pages(web_ui.app, live)


events.init_command_line_parser.add_listener(add_option)
events.init.add_listener(begin)
