"""Arguments that several commands have: reads a value, or refuses it in one line."""

import argparse
from collections.abc import Callable
from typing import NoReturn, TypeVar

from c10k.outcome import CommandError
from c10k.servers.framework import quantities

T = TypeVar("T", int, float)


class Parser(argparse.ArgumentParser):
    """A parser that refuses an argument in one line, without the usage before it."""

    def error(self, message: str) -> NoReturn:
        """Raise CommandError."""
        raise CommandError(f"{message.removeprefix('argument ')}; see `{self.prog} --help`")


def within(
    read: Callable[[str], T], least: T, most: T, *, above: bool = False, unit: str = ""
) -> Callable[[str], T]:
    """A `type` for add_argument: what `read` reads, `least` (or `above` it) to `most`."""
    bounds = f"above {_plain(least)} and at most" if above else f"from {_plain(least)} to"

    def parse(text: str) -> T:
        try:
            value = read(text)
        except ValueError as error:  # argparse would drop its message
            raise argparse.ArgumentTypeError(str(error)) from None
        if not least <= value <= most or (above and value == least):
            raise argparse.ArgumentTypeError(f"must be {bounds} {_plain(most)}{unit}; got {text!r}")
        return value

    return parse


def whole(text: str) -> int:
    """Read a number that is a name, such as a port: digits alone."""
    if not (text.isascii() and text.isdecimal() and len(text) <= 20):
        raise ValueError(f"a whole number is written in digits; got {text[:40]!r}")
    return int(text)


def _plain(bound: float) -> str:
    """0.000001 and 1,000,000, not 1e-06 and 1,000,000.0."""
    return f"{bound:,}" if isinstance(bound, int) else f"{bound:,.6f}".rstrip("0").rstrip(".")


# No machine holds more; doctor, run and load check the limits of this one.
connections = within(quantities.count, 1, 1_000_000_000)
port = within(whole, 1, 65535)
