"""The answer without the page: plain text for a terminal, Markdown for a CI job's page."""

import shutil
import sys
from collections.abc import Iterable, Sequence
from typing import Final

from c10k.reports import capacity, guide, overview, techniques, wording
from c10k.reports.answer import Answer
from c10k.reports.language import _
from c10k.reports.measured import Measured
from c10k.reports.table import escaped
from c10k.results.store import Run

WIDTH: Final = 80  # of text where standard output is no terminal


_LEAST: Final = 9  # columns of a name: less tells nobody apart


def terminal_width() -> int | None:
    """How many columns standard output has; None where it is no terminal."""
    return shutil.get_terminal_size().columns if sys.stdout.isatty() else None


def terminal_summary(run: Run, width: int | None = None) -> str:
    """The answer for a terminal of this width: the headline, a line a server and workload, what
    marks mean. Without a width, text has WIDTH columns, and rows as many as their names need.

    ReportError when the run holds no step.
    """
    measured = Measured(run)
    told = techniques.told(measured)
    answered = [f"{told.headline} {told.also}".strip()]
    if lost := measured.unanswered():
        answered.append(f"{lost}.")
    footnotes = (
        f"{symbol} {text}" for symbol, text in measured.footnotes(overview.largest(measured))
    )
    return "\n".join(
        [
            *wrapped([*answered, *guide.sentences(measured)], width, ""),
            "",
            *drawn([overview.headings(), *overview.lines(measured)], width, long=1),
            "",
            *wrapped([overview.legend()], width),
            *wrapped(footnotes, width),
            *_searches(measured, width),
            *_techniques(measured, width),
        ]
    )


def _searches(measured: Measured, width: int | None) -> Iterable[str]:
    if measured.found():
        yield ""
        slo = wording.objective(measured.slo_p99_ms)
        yield _("max connections, p99 within {slo}", slo=slo)
        yield from wrapped(capacity.lines(measured), width)
        yield from wrapped(capacity.the_500(measured), width)


def _techniques(measured: Measured, width: int | None) -> Iterable[str]:
    if trials := techniques.lines(measured):
        yield ""
        yield from drawn([techniques.headings(), *trials], width, long=0)
        yield from wrapped([techniques.legend()], width)


def wrapped(texts: Iterable[str], width: int | None, indent: str = "  ") -> Iterable[str]:
    """Texts in lines so wide, which textwrap would count in letters of whatever width."""
    most = width or WIDTH
    for text in texts:
        line = ""
        for word in text.split(" "):
            longer = f"{line} {word}" if line.strip() else line + word
            if line.strip() and wording.width(longer) > most:
                yield line
                longer = indent + word
            line = longer
        yield line


def drawn(rows: Sequence[Sequence[str]], width: int | None, *, long: int) -> Iterable[str]:
    """Rows in columns; in a terminal the one that is `long` gives way, so that the lines fit."""
    widths = [max(map(wording.width, column)) for column in zip(*rows, strict=True)]
    if width:
        room = width - sum(widths) - 2 * (len(widths) - 1)
        widths[long] = max(_LEAST, widths[long] + min(0, room))
    for row in rows:
        yield "  ".join(_aligned(row, widths)).rstrip()


def _aligned(row: Sequence[str], widths: Sequence[int]) -> Iterable[str]:
    for index, (text, width) in enumerate(zip(row, widths, strict=True)):
        fitted = text if wording.width(text) <= width else wording.shortened(text, width)
        space = " " * (width - wording.width(fitted))
        yield fitted + space if index < 2 else space + fitted


def markdown(measured: Measured, told: Answer) -> str:
    """The answer as a page of Markdown: headline, the big numbers, sentences, the steps."""
    lines = [f"## {escaped(told.headline)}", "", *([escaped(told.also), ""] if told.also else [])]
    if told.cards:
        labels = [bar.server.label for bar in told.cards[0].bars]
        header = ["", *labels, _("verdict"), _("the chapter")]
        lines += [_row(header), _row(["---"] * len(header))]
        lines += [
            _row(
                [
                    card.title,
                    *(
                        f"{bar.text}{bar.symbols}" + (f" ({bar.spread})" if bar.spread else "")
                        for bar in card.bars
                    ),
                    f"{card.figure} {card.words}",
                    card.claim,
                ]
            )
            for card in told.cards
        ]
        lines.append("")
    lines += [f"- {escaped(sentence)}" for sentence in told.sentences]
    for symbol, text in told.footnotes:
        lines += ["", f"{symbol} {escaped(text)}"]
    return "\n".join([*lines, "", escaped(measured.spread_note()), ""])


def _row(cells: Iterable[str]) -> str:
    return f"| {' | '.join(map(escaped, cells))} |"
