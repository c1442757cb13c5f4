"""The axes of pictures: what a measure's values are called, and where ticks stand."""

import math
import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator

from c10k.reports import style, wording
from c10k.reports.language import N_, _
from c10k.reports.wording import Unit


@dataclass(frozen=True)
class Measure(Unit):
    """A unit, with how a tick writes a value of it, and which power is its next larger unit."""

    tick: Callable[[float], str]
    thousand: int = 1000


def short(count: float) -> str:
    """10, 500, 1K, 10K, 2.5M."""
    for factor, letter in ((1e6, "M"), (1e3, "K")):
        if count >= factor:
            return f"{count / factor:g}{letter}"
    return f"{count:g}"


def _unit(unit: str, text: Callable[[float], str]) -> Callable[[float], str]:
    return lambda value: _(unit, value=text(value))


TIME: Final = Measure(
    wording.milliseconds,
    lambda v: wording.objective(v) if v < 1000 else _("{value} s", value=wording.stated(v / 1000)),
)
BYTES: Final = Measure(wording.size, lambda v: re.sub(r"\.0+(?= )", "", wording.size(v)), 1024)
RATE: Final = Measure(_unit(N_("{value} /s"), wording.rate), _unit("{value} /s", short))
CPU: Final = Measure(_unit(N_("{value} µs"), wording.number), _unit("{value} µs", short))
SHARE: Final = Measure(wording.number, wording.stated)


def ticks(axes: Axes, places: Sequence[float], labels: Sequence[str]) -> None:
    """Ticks of x; labels that would touch the next one are left out, the last one stays."""
    shown: list[str] = []
    last = math.inf
    for place, label in reversed(list(zip(places, labels, strict=True))):
        x = float(axes.transData.transform((place, 0))[0])
        room = width(label + " ") / 2
        shown.insert(0, label if x + room <= last else "")
        last = x - room if shown[0] else last
    axes.set_xticks(places, shown)


def y_axis(axes: Axes, values: Iterable[float], measure: Measure, top: float = 0) -> None:
    """Let y go from 0 to the `top`; without one, let it be logarithmic, with zeros at its foot."""
    axes.grid(axis="y")
    if top:
        axes.set_ylim(0, top)
        axes.yaxis.set_major_locator(MaxNLocator(5, steps=[1, 2, 2.5, 5, 10]))
        axes.yaxis.set_major_formatter(lambda value, _: measure.tick(value))
        return
    positive = [value for value in values if value > 0] or [1.0]
    low, high = min(positive) / 1.5, max(positive) * 1.5
    places = round_values(low, high, measure.thousand)
    if min(values, default=1.0) > 0:
        axes.set_yscale("log")
        axes.set_ylim(low, high)
    else:
        axes.set_yscale("symlog", linthresh=low, linscale=0.5)
        axes.set_ylim(0, high)
        places.insert(0, 0.0)
    axes.set_yticks(places, [measure.tick(place) for place in places])
    axes.set_yticks([], minor=True)


def round_values(low: float, high: float, thousand: int = 1000) -> list[float]:
    """1, 10 and 100 times the powers of a thousand in between; where these are few, more."""
    units = [10.0**digits * thousand**power for power in range(-4, 5) for digits in range(3)]
    for factors in ((1,), (1, 2, 5), (1, 1.5, 2, 3, 4, 5, 6, 8)):
        between = [f * unit for unit in units for f in factors if low <= f * unit <= high]
        if len(between) > 2:
            break
    return between


def width(text: str) -> float:
    """How many points a text takes on average."""
    return wording.width(text) * style.CHARACTER * style.FONT
