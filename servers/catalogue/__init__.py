"""The servers that can be measured, by name, and SPEC, how one is asked for with options."""

from servers.catalogue.cast import CATALOGUE
from servers.catalogue.foreign import CommandLineError, parse_command
from servers.catalogue.program import Place
from servers.catalogue.spec import Server, ServerSpec, UnknownOptionError, UnknownServerError, parse

__all__ = [
    "CATALOGUE",
    "CommandLineError",
    "Place",
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
