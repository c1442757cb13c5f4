"""One visual language: a colour per model, the same on every picture, table and card.

Pictures are drawn with the light values. Within the page each colour becomes a CSS variable, so
that they follow the reader's light or dark scheme.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import cycle
from typing import Any, Final

from markupsafe import Markup

from c10k.reports import fonts
from c10k.reports.model.servers import MeasuredServer

# Name -> (light, dark). The hues differ for people with the common forms of colour blindness (after
# Okabe and Ito 2008), darkened or lightened until text in them has a contrast of 4.5 to the paper.
COLOURS: Final = {
    "paper": ("#ffffff", "#15181c"),
    "ink": ("#1d2126", "#e8eaed"),
    "muted": ("#5f6872", "#9da6b0"),
    "grid": ("#e4e7eb", "#2b3138"),
    "vermilion": ("#c04a00", "#ff9a57"),
    "blue": ("#0064b0", "#66b6ff"),
    "green": ("#00795a", "#45cfa3"),
    "purple": ("#9b4a8c", "#e09fd2"),
    "ochre": ("#806300", "#e3bd49"),
}
_MARKERS: Final = "osD^vP"
_SPARE: Final = ("green", "purple", "ochre")  # hues of other models
ROLE_HUES: Final = {"synchronous": "vermilion", "asynchronous": "blue"}

PAPER, INK, MUTED, GRID = (COLOURS[name][0] for name in ("paper", "ink", "muted", "grid"))

WIDTH: Final = 360  # of a picture, in points: a screen 390 pixels wide shows it in 334
PNG_DPI: Final = 144  # two pixels per point
FONT: Final = 12  # points: 11 pixels on such a screen
CHARACTER: Final = 0.59  # the width of one on average, by the font's size
RC: Final[dict[Any, Any]] = {
    "axes.titlesize": FONT,
    "font.size": FONT,
    "text.hinting": "none",  # it takes longer, and was made for coarser screens
    "text.parse_math": False,  # a server's label may hold a dollar sign
    "text.color": INK,
    "axes.edgecolor": MUTED,
    "axes.labelcolor": MUTED,
    "axes.labelpad": 2,
    "axes.spines.left": False,
    "axes.spines.right": False,
    "axes.spines.top": False,
    "grid.color": GRID,
    "svg.fonttype": "none",
    "xtick.color": MUTED,
    "ytick.color": MUTED,
    "ytick.major.size": 0,
}


@dataclass(frozen=True)
class SeriesStyle:
    """How a server is drawn: the name of its hue, and its marker among those of the same hue."""

    hue: str
    marker: str

    @property
    def colour(self) -> str:
        """The light value, for drawing."""
        return COLOURS[self.hue][0]


def series_styles(servers: Sequence[MeasuredServer]) -> dict[str, SeriesStyle]:
    """How each server is drawn, by label: the hue is its model's, the marker its own."""
    others = dict.fromkeys(server.model for server in servers if not server.kind)
    hues = dict(zip(others, cycle(_SPARE), strict=False))
    markers = {hue: cycle(_MARKERS) for hue in COLOURS}
    styles = {}
    for each in servers:
        hue = ROLE_HUES[each.kind] if each.kind else hues[each.model]
        styles[each.label] = SeriesStyle(hue, next(markers[hue]))
    return styles


def css() -> Markup:
    """The colours as CSS variables, for light, dark and print, and the font of the language."""
    light, dark = (
        "".join(f"--{name}:{values[index]};" for name, values in COLOURS.items())
        for index in (0, 1)
    )
    colours = f":root{{{light}}}@media screen and (prefers-color-scheme:dark){{:root{{{dark}}}}}"
    return Markup(f"{fonts.page_css()}{colours}")
