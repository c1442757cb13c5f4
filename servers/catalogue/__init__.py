"""The servers that can be measured, and SPEC, which names one with its options."""

from .builtin import CATALOGUE
from .entry import CatalogueEntry
from .foreign import parse_command
from .program import Endpoint
from .spec import ServerSpec, SpecError, parse_spec

__all__ = [
    "CATALOGUE",
    "CatalogueEntry",
    "Endpoint",
    "ServerSpec",
    "SpecError",
    "parse_command",
    "parse_spec",
]
