"""How a report writes its numbers, after what reports/wording.py says of each kind."""

import math

MISSING = "—"
MINUS = "\N{MINUS SIGN}"
MARKS = "†‡§λ※≈◊△¶"
NUMBER = (
    r"(?<![\w.,])(?:[≥≤<>] )?[-\N{MINUS SIGN}]?\d+(?:,\d{3})*(?:\.\d+)?"
    r"(?:\s?(?:KB|MB|GB|B|K|M|ms|µs|msg/s|s|%)|×|th)?(?!\w)"
)


def written(value, text):
    return MISSING if math.isnan(value) else text.replace("-", MINUS)


def number(value):
    """Three significant digits, but no more than three decimals; thousands set apart."""
    rounded = 0.0 if math.isnan(value) else float(f"{value:.2e}")
    places = 2 - math.floor(math.log10(abs(rounded))) if rounded else 0
    return written(value, f"{value:,.{min(max(places, 0), 3)}f}")


def count(value):
    return written(value, f"{value:,.0f}")


def per_s(value):
    """A whole number; one of a single digit with three."""
    single = value > 0 and len(f"{value:.1f}") == len("9.9")
    return number(value) if single else count(value)


def size(value):
    for factor, unit in ((1024**3, "GB"), (1024**2, "MB"), (1024, "KB")):
        if abs(value) >= factor:
            return f"{number(value / factor)} {unit}"
    return written(value, f"{count(value)} B")


def milliseconds(value):
    if value >= 1_000:
        return f"{number(value / 1_000)} s"
    return written(value, f"{number(value)} ms")


def ratio(value):
    """Two significant digits; whole from 10 on."""
    rounded = 0.0 if math.isnan(value) else float(f"{value:.1e}")
    places = 1 - math.floor(math.log10(abs(rounded))) if rounded else 0
    return written(value, f"{value:,.{max(places, 0)}f}×")


def share(value):
    percent = 100 * value
    nearly = 99 < percent < 100
    return written(value, f"{min(percent, 99.9):.1f} %" if nearly else f"{percent:.0f} %")


def exact(value):
    """Six significant digits; a whole number has all of its own."""
    return f"{value:,.0f}" if value == int(value) else f"{value:,.6g}"


def about(value):
    """Two significant digits."""
    return count(float(f"{value:.1e}")) if value >= 1 else count(round(value))


def clients_tick(value):
    return f"{value / 1000:g}K" if value >= 1000 else f"{value:g}"


def rate(value):
    return f"{number(value)} msg/s"


def micros(value):
    return f"{number(value)} µs"


def joined(words):
    return " and ".join([", ".join(words[:-1]), words[-1]] if words[1:] else words)


def between(low, high, text):
    """An interval with its unit once; one value where both ends read alike."""
    first, last = text(low), text(high)
    if first == last:
        return last
    _, space, unit = last.rpartition(" ")
    first = first.removesuffix(space + unit) if space else first
    return f"{first} to {last}" if MINUS in first + last else f"{first}–{last}"


def cell(value, text):
    """A value as a table's cell: its text, its marks, its interval."""
    shown = value.bound + text(value.value) if value.known else MISSING
    spread = between(value.low, value.high, text) if value.known and value.spread else ""
    return shown, value.marks, "" if spread == shown else spread


def words(text):
    """A cell without a figure."""
    return text, "", ""
