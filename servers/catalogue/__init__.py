"""The servers that can be measured, and SPEC, which names one with its options."""

from .builtin import CATALOGUE
from .entry import CatalogueEntry
from .foreign import CommandLineError, parse_command
from .program import Endpoint
from .spec import ServerSpec, UnknownOptionError, UnknownServerError, parse_spec_of

__all__ = [
    "CATALOGUE",
    "CatalogueEntry",
    "CommandLineError",
    "Endpoint",
    "ServerSpec",
    "UnknownOptionError",
    "UnknownServerError",
    "parse_command",
    "parse_spec",
]


def parse_spec(text: str) -> ServerSpec:
    """Read a SPEC. Raises UnknownServerError or UnknownOptionError with the remedy."""
    return parse_spec_of(CATALOGUE, text)
