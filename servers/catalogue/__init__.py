"""The servers that can be measured, and SPEC, which names one with its options."""

from .builtin import CATALOGUE
from .entry import CatalogueEntry
from .foreign import CommandLineError, parse_command
from .program import Endpoint
from .spec import ServerSpec, UnknownOptionError, UnknownServerError, parse_spec

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
