"""The command `c10k`: plans an experiment and runs it."""

from typing import Final

VERSION: Final = "0.1.0"
