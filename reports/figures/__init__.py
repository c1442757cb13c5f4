"""The pictures of a run. Each is drawn once and given out as SVG (file and page) and PNG."""

import warnings
from collections.abc import Iterator
from contextlib import contextmanager

import matplotlib as mpl

from c10k.reports import fonts, style
from c10k.reports.figures.answer import answer
from c10k.reports.figures.details import capacity_map, percentiles, telemetry
from c10k.reports.figures.lines import over_clients
from c10k.reports.figures.sheet import Picture
from c10k.reports.figures.svg import for_page
from c10k.reports.figures.time import time
from c10k.reports.model.measured import Measured

__all__ = ["Picture", "for_page", "pictures", "styled"]

_KINDS = (answer, over_clients, time, percentiles, telemetry, capacity_map)
# What the fonts lack is drawn as a box; the page prints it in the reader's own fonts.
_UNKNOWN_LETTERS = "(?s)(Glyph .* missing|Matplotlib currently does not support)"


def pictures(measured: Measured) -> list[Picture]:
    """Every picture that the run has data for; those of one place in the order of the page."""
    with styled():
        return [picture for kind in _KINDS for picture in kind(measured)]


@contextmanager
def styled() -> Iterator[None]:
    """Draw in the style and the font of reports."""
    with mpl.rc_context({**style.RC, "font.family": fonts.families()}), warnings.catch_warnings():
        warnings.filterwarnings("ignore", _UNKNOWN_LETTERS, UserWarning)
        yield
