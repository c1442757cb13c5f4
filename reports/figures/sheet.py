"""The sheet that a picture is drawn on, laid out in points from the top: titles, then axes."""

import io
import re
import textwrap
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Final

import matplotlib as mpl
import numpy as np
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from c10k.reports import style, wording
from c10k.reports.data import Raw, slug
from c10k.reports.figures.axes import width
from c10k.reports.figures.svg import HEAD, MARK, Mark, annotated

LINE: Final = 1.2 * style.FONT  # points: the height of a line of text
LEFT: Final = 56  # points: where the axes begin
_TICKS: Final = 20  # points below axes
_HEIGHT: Final = 175  # points: of axes
_LABEL: Final = 15  # most columns of a line of a label
_TITLE: Final = 13  # points: the size of the title
_MANY: Final = 6  # servers: the names of more have a line each
_MOST_POINTS: Final = 24  # that screen readers read of a picture
_PNG: Final = {"compress_level": 1}  # takes half as long as the usual 6, for a sixth more bytes


@dataclass(frozen=True)
class Picture:
    """A picture: `name` is its files', `alt` says what it shows, `records` hold the data.

    `place` is its part of the page: answer, t2 to t5, costs or details. `workload` is set where
    there is a picture for each, `scale` ("log", "linear") where there is one of each.
    """

    name: str
    title: str
    subtitle: str
    alt: str
    svg: str
    png: bytes
    records: Sequence[dict[str, Raw]] = field(repr=False)
    place: str = ""
    workload: str = ""
    scale: str = ""


@dataclass(frozen=True)
class Name:
    """A name at the right of the axes, and the place in the data where what it names ends."""

    text: str
    x: float
    y: float
    colour: str
    server: str = ""


class Sheet:
    """A sheet with `panels` axes, one beneath the other, each so many points high and with so much
    free around it; `labels` are the names that will stand at the right of them.
    """

    def __init__(
        self,
        title: str,
        subtitle: str,
        labels: Iterable[str] = (),
        *,
        panels: int = 1,
        height: float = 0,
        above: float = 10,
        foot: float = 18,
        side: float = 0,
    ) -> None:
        self.title, self.subtitle = wording.shortened(title, 200), subtitle
        lines = [line for label in set(labels) for line in label.split("\n")]
        height = height or max(_HEIGHT, len(lines) * LINE)
        left, right = side or LEFT, max((width(line) + 16 for line in lines), default=side or 10)
        heading, words = _wrapped(self.title, _TITLE), _wrapped(subtitle, style.FONT)
        below = 6 + 1.25 * _TITLE * len(heading)
        self._head = below + 1.25 * style.FONT * len(words)
        whole = self._head + panels * (above + height + _TICKS) + foot
        # A pixel is a point.
        self.figure = Figure(figsize=(style.WIDTH / 72, whole / 72), dpi=72)
        write = partial(self.figure.text, 0.02, va="top", gid=HEAD)
        write(1 - 6 / whole, "\n".join(heading), size=_TITLE, weight="bold")
        write(1 - below / whole, "\n".join(words), color=style.MUTED)
        x, wide = left / style.WIDTH, 1 - (left + right) / style.WIDTH
        pitch = above + height + _TICKS
        bottoms = [foot + _TICKS + row * pitch for row in reversed(range(panels))]
        boxes = [(x, bottom / whole, wide, height / whole) for bottom in bottoms]
        self.axes = [self.figure.add_axes(box) for box in boxes]
        self._marks: list[Mark] = []
        self._order: dict[str, int] = {}

    def mark(self, artist: Artist, server: str, words: Sequence[str] = ()) -> None:
        """Let an artist belong to a server, with what else does; its points have these words."""
        artist.set_gid(f"{MARK}{len(self._marks)}")
        self._marks.append((server, words))
        artist.set_zorder(2.1 + self._order.setdefault(server, len(self._order)) / 1000)

    def names(self, axes: Axes, wanted: Iterable[Name]) -> None:
        """Names at the right of axes, each with a line from where it belongs, none over another."""
        to_axes, top = axes.transData + axes.transAxes.inverted(), axes.get_ylim()[1]
        ends = [(*to_axes.transform((n.x, min(n.y, top))).tolist(), n) for n in wanted]
        ends.sort(key=lambda end: end[1])
        box = axes.get_window_extent()
        heights = np.array([(name.text.count("\n") + 1) * LINE for *_, name in ends]) / box.height
        # Each in its place in a stack, and the stack, torn apart, where they belong.
        stacked = np.cumsum(heights) - heights / 2
        torn = np.maximum.accumulate([y for _, y, _ in ends] - stacked)
        places = np.clip(torn, -0.05, 1.04 - heights.sum()) + stacked
        plot = partial(axes.plot, transform=axes.transAxes, clip_on=False, linewidth=0.6, alpha=0.5)
        write = partial(axes.text, transform=axes.transAxes, va="center")
        for (x, y, name), place in zip(ends, places.tolist(), strict=True):
            (drawn,) = plot([x, 1, 1 + 5 / box.width], [y, y, place], color=name.colour)
            text = write(1 + 8 / box.width, place, name.text, color=name.colour)
            text.set_fontstyle("normal" if name.server else "italic")
            if name.server:
                self.mark(drawn, name.server)
                self.mark(text, name.server)

    def saved(self, name: str, records: Sequence[Any], alt: str = "", **of: str) -> Picture:
        """The picture, `of` a place, workload and scale. Without an `alt`, it names its points."""
        points = dict.fromkeys(w for _, words in self._marks for w in (*words[:1], *words[-1:]))
        alt = f"{self.title}: {alt or '; '.join([*points][:_MOST_POINTS])}."
        name = slug(name)
        svg, png = io.StringIO(), io.BytesIO()
        self.figure.savefig(png, format="png", dpi=style.PNG_DPI, pil_kwargs=_PNG)
        with mpl.rc_context({"svg.hashsalt": name}):  # ids of its own on the page, always the same
            left_out = dict.fromkeys(("Creator", "Date", "Format", "Type"))
            self.figure.savefig(svg, format="svg", metadata=left_out)
        drawn = annotated(svg.getvalue(), self._head, self._marks)
        words = (self.title, self.subtitle, alt)
        return Picture(name, *words, drawn, png.getvalue(), records, **of)


def label(text: str, among: int = 1) -> str:
    """A text for beside the axes: long ones in short lines; among many servers shorter, in one."""
    if among > _MANY:
        return wording.shortened(text, _LABEL - 1)
    words = re.findall(r"[^_,= ]*[_,= ]?", wording.shortened(text, 2 * _LABEL - 2))
    lines = [""]
    for word in words:
        if lines[-1] and len(lines[-1] + word.rstrip()) > _LABEL:
            lines.append("")
        lines[-1] += word
    return "\n".join(line.rstrip() for line in lines)


def _wrapped(text: str, size: float) -> list[str]:
    """A text in lines that fit the picture."""
    columns = (style.WIDTH - 12) / (0.53 * size)
    return textwrap.wrap(text, int(columns * len(text) / wording.width(text)))
