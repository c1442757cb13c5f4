"""Locust over the fleet: a user is a connection.

locust -f loadgen/locustfile.py --host tcp://127.0.0.1:9000

`FleetUser` is a connection of the native fleet, and what runs unless another user is named.
`EchoUser` is a user in Python, to copy for a scenario of one's own:
locust -f loadgen/locustfile.py --host tcp://127.0.0.1:9000 EchoUser
"""

from typing import Any

import locust

from c10k.loadgen.users.echo import EchoUser
from c10k.loadgen.users.fleet import FleetUser
from c10k.loadgen.users.options import add_options

__all__ = ["EchoUser", "FleetUser"]

events: Any = locust.events  # they have no types of their own
events.init_command_line_parser.add_listener(add_options)

# Beside FleetUser it is never spawned: it has to be chosen alone.
EchoUser.weight = 1e-9
