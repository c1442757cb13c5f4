"""The servers that can be measured, by name, and SPEC, how one is asked for with options."""

from .builtin import CATALOGUE
from .foreign import CommandLineError, parse_command
from .program import Endpoint
from .spec import Server, ServerSpec, UnknownOptionError, UnknownServerError, parse

__all__ = [
    "CATALOGUE",
    "CommandLineError",
    "Endpoint",
    "Server",
    "ServerSpec",
    "UnknownOptionError",
    "UnknownServerError",
    "parse_command",
    "parse_spec",
]


def parse_spec(text: str) -> ServerSpec:
    """Read a SPEC. Raises UnknownServerError or UnknownOptionError, which say what would do."""
    return parse(text, CATALOGUE)
