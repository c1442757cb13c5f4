"""The arguments of all commands: how values are read, and the one line that refuses them."""

import argparse
from collections.abc import Callable
from typing import NoReturn, TypeVar

from c10k.outcome import CommandError
from c10k.servers.framework import quantities

T = TypeVar("T", int, float)


class Parser(argparse.ArgumentParser):
    """A parser that refuses in one line, as every command does, without the usage before it."""

    def error(self, message: str) -> NoReturn:
        """Raise CommandError."""
        raise CommandError(f"{message.removeprefix('argument ')}; see `{self.prog} --help`")


def within(
    read: Callable[[str], T], least: T, most: T, *, above: bool = False, unit: str = ""
) -> Callable[[str], T]:
    """A `type` for add_argument: what `read` reads, from `least` (or `above` it) to `most`."""
    bounds = f"above {_plain(least)} and at most" if above else f"from {_plain(least)} to"

    def parse(text: str) -> T:
        try:
            value = read(text)
        except ValueError as error:  # of which argparse would not say why
            raise argparse.ArgumentTypeError(str(error)) from None
        if not least <= value <= most or (above and value == least):
            raise argparse.ArgumentTypeError(f"must be {bounds} {_plain(most)}{unit}; got {text!r}")
        return value

    return parse


def whole(text: str) -> int:
    """Read a number that names something, as a port or a seed does: digits alone."""
    if not (text.isascii() and text.isdecimal() and len(text) <= 20):
        raise ValueError(f"a whole number is written in digits; got {text[:40]!r}")
    return int(text)


def _plain(bound: float) -> str:
    """0.000001 and 1,000,000, not 1e-06 and 1,000,000.0."""
    return f"{bound:,}" if isinstance(bound, int) else f"{bound:,.6f}".rstrip("0").rstrip(".")


# The most is beyond what any machine of today holds; its own limits are checked later.
connections = within(quantities.count, 1, 1_000_000_000)
port = within(whole, 1, 65535)
