"""The answer without the page: plain text for a terminal, Markdown for a CI job's page."""

from collections.abc import Iterable
from typing import Final

from reports import capacity, guide, overview, techniques, wording
from reports.answer import Answer
from reports.language import _
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
            *_wrapped([f"{told.headline} {told.also}", *guide.sentences(measured)], indent=""),
            "",
            *_drawn([overview.headings(), *overview.lines(measured)], long=1),
            "",
            _("clients: the largest step; memory/conn: how much each connection adds, resident"),
            *_wrapped(footnotes),
            *_searches(measured),
            *_techniques(measured),
        ]
    )


def _searches(measured: Measured) -> Iterable[str]:
    if measured.found():
        yield ""
        slo = wording.objective(measured.slo_p99_ms)
        yield _("max connections, p99 within {slo}", slo=slo)
        yield from _wrapped(capacity.lines(measured))
        yield from _wrapped(capacity.the_500(measured))


def _techniques(measured: Measured) -> Iterable[str]:
    if trials := techniques.lines(measured):
        yield ""
        yield from _drawn([techniques.headings(), *trials], long=0)
        yield _("messages/s, CPU and memory: with the technique by without it, at the largest step")


def _wrapped(texts: Iterable[str], indent: str = "  ") -> Iterable[str]:
    """Texts in lines of WIDTH, which textwrap would count in letters of whatever width."""
    for text in texts:
        line = ""
        for word in text.split(" "):
            longer = f"{line} {word}" if line.strip() else line + word
            if line.strip() and wording.width(longer) > WIDTH:
                yield line
                longer = indent + word
            line = longer
        yield line


def _drawn(rows: list[list[str]], *, long: int) -> Iterable[str]:
    """Rows in columns; the one that is `long` gives way, so that the lines fit."""
    widths = [max(map(wording.width, column)) for column in zip(*rows, strict=True)]
    widths[long] += min(0, WIDTH - sum(widths) - 2 * (len(widths) - 1))
    for row in rows:
        yield "  ".join(_aligned(row, widths)).rstrip()


def _aligned(row: list[str], widths: list[int]) -> Iterable[str]:
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
