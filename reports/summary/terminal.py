"""The summary for a terminal, as plain text."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Final

from c10k.reports import wording
from c10k.reports.comparisons.pairs import Comparisons
from c10k.reports.language import _
from c10k.reports.model import capacity
from c10k.reports.model.measured import Measured
from c10k.reports.summary.conditions import caveats
from c10k.reports.summary.headline import headline
from c10k.reports.summary.topics import find_topics
from c10k.reports.tables import details
from c10k.results.store import Run

WIDTH: Final = 80  # of text where standard output is no terminal
_LEAST: Final = 9  # columns of a name: less tells nobody apart


def terminal_summary(run: Run, width: int | None = None) -> str:
    """The headline, a line per server and workload at its largest step, and the caveats. Without a
    width text has WIDTH columns, and rows as many as they need.

    ReportError when the run holds no step.
    """
    measured = Measured(run)
    comparisons = Comparisons(measured)
    answer = headline(measured, comparisons)
    unserved = [each for each in find_topics(measured, comparisons) if each.starving]
    starving = [wording.sentence(f"{each.title}: {each.starving}") for each in unserved]
    legend = _(
        "clients: the largest step; mem/conn: how much each connection adds to resident memory; "
        "µs/msg: CPU per message; —: not measured, too few messages, or clients starve"
    )
    text = " ".join(filter(None, (answer.text, *starving, answer.also)))
    notes = [legend, *caveats(measured, comparisons), *_searches(measured)]
    lines = [*_wrapped([text], width, ""), "", *_drawn(list(_rows(measured)), width), ""]
    return "\n".join([*lines, *_wrapped(notes, width)])


def _rows(measured: Measured) -> Iterator[list[str]]:
    figures = (_("msg/s"), _("p50 ms"), _("p99 ms"), _("mem/conn"), _("µs/msg"))
    yield [_("workload"), _("server"), _("clients"), *figures]
    order = [workload.name for workload in measured.workloads]
    for point in sorted(details.largest(measured), key=lambda each: order.index(each.workload)):
        values = (measured.figure(point, each.name).value for each in details.SERVERS)
        texts = (each.unit.text(value) for each, value in zip(details.SERVERS, values, strict=True))
        held = wording.count(measured.at(point, "connected").value)
        yield [point.workload, point.server, held, *texts]


def _searches(measured: Measured) -> Iterator[str]:
    what = _("max connections, p99 within {slo}", slo=wording.objective(measured.slo_p99_ms))
    for each in measured.about.max_connections:
        most = capacity.max_connections(measured, each.server, each.workload)
        yield f"{what}: {each.workload}, {each.server}: {most}; {each.why}"


def _wrapped(texts: Iterable[str], width: int | None, indent: str = "  ") -> Iterator[str]:
    """Texts in lines so wide, which textwrap would count in letters of whatever width."""
    for text in texts:
        line, *words = text.split(" ")
        for word in words:
            longer = f"{line} {word}"
            if wording.width(longer) > (width or WIDTH):
                yield line
                longer = indent + word
            line = longer
        yield line


def _drawn(rows: Sequence[Sequence[str]], width: int | None) -> Iterator[str]:
    """Rows in columns; in a terminal the second gives way, so that the lines fit."""
    widths = [max(map(wording.width, column)) for column in zip(*rows, strict=True)]
    if width:
        room = width - sum(widths) - 2 * (len(widths) - 1)
        widths[1] = max(_LEAST, widths[1] + min(0, room))
    for row in rows:
        line = ""
        for index, (text, most) in enumerate(zip(row, widths, strict=True)):
            fitted = wording.shortened(text, most) if index == 1 else text
            space = " " * (most - wording.width(fitted))
            line += "  " + (fitted + space if index < 2 else space + fitted)
        yield line.strip()
