"""One visual language: a colour a model, the same on every picture, table and card.

Pictures are drawn with the light values. Within the page each colour becomes a CSS variable, so
that they follow the reader's light or dark scheme.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Final

from markupsafe import Markup

from c10k.reports import fonts
from c10k.reports.measured import MeasuredServer

# Name -> (light, dark). The hues are told apart by the common forms of colour blindness (after
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
_BY_MODEL: Final = (
    (("loop", "async", "event"), "blue"),
    (("thread",), "vermilion"),
    (("process", "fork"), "green"),
    (("green", "coroutine", "gevent"), "purple"),
)
_MARKERS: Final = "osD^vP"
ROLE_HUES: Final = {"synchronous": "vermilion", "asynchronous": "blue"}

PAPER, INK, MUTED, GRID = (COLOURS[name][0] for name in ("paper", "ink", "muted", "grid"))

WIDTH: Final = 360  # of a picture, in points: what a narrow screen shows unscaled
HEIGHT: Final = 265
PNG_DPI: Final = 144  # two pixels a point
FONT: Final = 9.5  # points
CHARACTER: Final = 0.59  # the width of one on average, by the font's size
RC: Final[dict[Any, Any]] = {
    "font.size": FONT,
    "text.hinting": "none",  # it takes longer, and was made for coarser screens
    "text.parse_math": False,  # a server's label may hold a dollar sign
    "text.color": INK,
    "axes.edgecolor": MUTED,
    "axes.facecolor": PAPER,
    "axes.labelcolor": MUTED,
    "axes.labelsize": FONT,
    "axes.spines.left": False,
    "axes.spines.right": False,
    "axes.spines.top": False,
    "figure.facecolor": PAPER,
    "lines.linewidth": 1.8,
    "lines.markersize": 5,
    "svg.fonttype": "none",
}


@dataclass(frozen=True)
class SeriesStyle:
    """How a server is drawn everywhere: the name of its hue, and its marker among its model's."""

    hue: str
    marker: str

    @property
    def colour(self) -> str:
        """The light value, for drawing."""
        return COLOURS[self.hue][0]


def looks(servers: Iterable[MeasuredServer]) -> dict[str, SeriesStyle]:
    """A look for each server, by label: the hue is its model's, the marker its own."""
    hues: dict[str, str] = {}
    used: list[str] = []
    spare = ("ochre", "purple", "green")
    found = {}
    for server in servers:
        model = server.model.lower()
        known = (hue for words, hue in _BY_MODEL if any(word in model for word in words))
        hue = ROLE_HUES[server.role] if server.role else next(known, None)
        if hue is None:
            hue = hues.setdefault(model, spare[len(hues) % len(spare)])
        found[server.label] = SeriesStyle(hue, _MARKERS[used.count(hue) % len(_MARKERS)])
        used.append(hue)
    return found


def css() -> Markup:
    """The colours as CSS custom properties, for a light and for a dark scheme and for print, and
    the font that the language needs.
    """
    light, dark = (
        "".join(f"--{name}:{values[index]};" for name, values in COLOURS.items())
        for index in (0, 1)
    )
    colours = f":root{{{light}}}@media screen and (prefers-color-scheme:dark){{:root{{{dark}}}}}"
    return Markup(f"{fonts.page_css()}{colours}")


_FAMILIES: Final = rf"'{fonts.LATIN}'(?:, '[^']*')*"


def for_page(svg: str) -> str:
    """An SVG file as a part of the page: colours as variables, the page's font, no outer ids."""
    svg = svg[svg.index("<svg") :]
    svg = re.sub(r'<g id="[^"]*"', "<g", svg)
    svg = re.sub(r"<!--.*?-->\s*", "", svg)
    svg = re.sub(r'^<svg [^>]*?viewBox="([^"]*)"[^>]*>', r'<svg viewBox="\1">', svg)
    svg = re.sub(r"<style type=\"text/css\">.*?</style>", "", svg, flags=re.DOTALL)
    svg = re.sub(rf"font-family: {_FAMILIES}", "font-family: inherit", svg)
    svg = re.sub(rf"(font: [^;\"]*?){_FAMILIES}", r"\1var(--sans)", svg)
    for name, (light, _) in COLOURS.items():
        svg = svg.replace(light, f"var(--{name})")
    return re.sub(r"\n\s*", "\n", svg)
