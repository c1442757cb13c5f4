"""The command `c10k`: plans an experiment and walks it."""

from typing import Final

VERSION: Final = "0.1.0"
