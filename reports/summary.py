"""The answer without the page: plain text for a terminal, Markdown for a CI job's page."""

import textwrap
from collections.abc import Iterable
from typing import Final

from reports import capacity, overview, techniques, wording
from reports.answer import Answer
from reports.measured import Measured
from reports.table import escaped
from results.store import Run

WIDTH: Final = 100


def terminal_summary(run: Run) -> str:
    """The answer in at most 100 columns: the headline, a line a server and workload, what marks
    mean. ReportError when the run holds no step.
    """
    measured = Measured(run)
    told = techniques.told(measured)
    footnotes = (
        f"{symbol} {text}" for symbol, text in measured.footnotes(overview.largest(measured))
    )
    return "\n".join(
        [
            *textwrap.wrap(f"{told.headline} {told.also}", WIDTH),
            "",
            *_drawn([list(overview.HEADINGS), *overview.lines(measured)], long=1),
            "",
            "clients: the largest step; memory/conn: how much each connection adds, resident",
            *_wrapped(footnotes),
            *_searches(measured),
            *_techniques(measured),
        ]
    )


def _searches(measured: Measured) -> Iterable[str]:
    if measured.found():
        yield ""
        yield f"max connections, p99 within {measured.slo_p99_ms:g} ms"
        yield from _wrapped(capacity.lines(measured))
        yield from _wrapped(capacity.the_500(measured))


def _techniques(measured: Measured) -> Iterable[str]:
    if trials := techniques.lines(measured):
        yield ""
        yield from _drawn([list(techniques.HEADINGS), *trials], long=0)
        yield "messages/s, CPU and memory: with the technique by without it, at the largest step"


def _wrapped(texts: Iterable[str]) -> Iterable[str]:
    for text in texts:
        yield from textwrap.wrap(text, WIDTH, subsequent_indent="  ")


def _drawn(rows: list[list[str]], *, long: int) -> Iterable[str]:
    """Rows in columns; the one that is `long` gives way, so that the lines fit."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    widths[long] += min(0, WIDTH - sum(widths) - 2 * (len(widths) - 1))
    for row in rows:
        yield "  ".join(_aligned(row, widths)).rstrip()


def _aligned(row: list[str], widths: list[int]) -> Iterable[str]:
    for index, (text, width) in enumerate(zip(row, widths, strict=True)):
        fitted = wording.shortened(text, width)
        yield fitted.ljust(width) if index < 2 else fitted.rjust(width)


def markdown(measured: Measured, told: Answer) -> str:
    """The answer as a page of Markdown: headline, the big numbers, sentences, the steps."""
    lines = [f"## {escaped(told.headline)}", "", *([escaped(told.also), ""] if told.also else [])]
    if told.cards:
        labels = [bar.server.label for bar in told.cards[0].bars]
        header = ["", *labels, "verdict", "the chapter"]
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
