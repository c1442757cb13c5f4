"""Arguments that several commands have: reads a value, or refuses it in one line."""

import argparse
from typing import Annotated, NoReturn

from c10k.loadgen.option import option
from c10k.options import argument
from c10k.outcome import CommandError


class Parser(argparse.ArgumentParser):
    """A parser that refuses an argument in one line, without the usage before it."""

    def error(self, message: str) -> NoReturn:
        """Raise CommandError."""
        raise CommandError(f"{message.removeprefix('argument ')}; see `{self.prog} --help`")


# No machine holds more; doctor, run and load check the limits of this one.
connections = argument(Annotated[int, option("", "count", ge=1, le=1_000_000_000)])
port = argument(Annotated[int, option("", "digits", ge=1, le=65_535)])
port_or_0 = argument(Annotated[int, option("", "digits", ge=0, le=65_535)])
