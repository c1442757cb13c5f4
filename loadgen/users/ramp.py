"""The chapter's ramp as a load shape of Locust.

Locust takes whatever shape a locustfile holds. So this one is a file of its own, to be named beside
it: locust -f loadgen/locustfile.py,loadgen/users/ramp.py --host tcp://127.0.0.1:9000
"""

import argparse
import logging
from typing import TYPE_CHECKING, Any, Final

import locust
from locust import LoadTestShape

if TYPE_CHECKING:
    from locust.argument_parser import LocustArgumentParser

SPAWN_S: Final = 1.0  # in which the users of a step are started

events: Any = locust.events  # they have no types of their own


def steps_of(text: str) -> list[int]:
    """The numbers of users in ascending order, as 10,100,1000. Raises ValueError."""
    steps = [int(part) for part in text.split(",") if part.strip().isdecimal()]
    if len(steps) != text.count(",") + 1 or steps != sorted(set(steps)) or steps[0] < 1:
        raise ValueError(f"the steps of the ramp ascend, as in 10,100,1000; got {text[:40]!r}")
    return steps


def _steps(text: str) -> str:
    try:
        steps_of(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from None
    return text


def _add_options(parser: "LocustArgumentParser") -> None:
    parser.add_argument(
        "--ramp-steps",
        type=_steps,
        default="10,100,1000,10000",
        metavar="N,…",
        help="ChapterRamp alone: the numbers of users, one after the other",
    )
    parser.add_argument(
        "--ramp-step-s",
        type=float,
        default=20.0,
        metavar="SECONDS",
        help="ChapterRamp alone: how long each of them is kept",
    )


events.init_command_line_parser.add_listener(_add_options)


class ChapterRamp(LoadTestShape):
    """10, 100, 1,000 and 10,000 users, each for a time; then the test ends."""

    def tick(self) -> tuple[int, float] | None:
        """The users and how many of them are started per second; None once the ramp is over."""
        assert self.runner is not None
        options: Any = self.runner.environment.parsed_options
        run_time_s: float = self.get_run_time()  # type: ignore[no-untyped-call]  # Locust's
        try:
            steps = steps_of(options.ramp_steps)
        except ValueError as error:  # from the form
            logging.getLogger(__name__).error(error)
            return None
        place = int(run_time_s / max(1.0, options.ramp_step_s))
        if place >= len(steps):
            return None
        return steps[place], steps[place] / SPAWN_S
