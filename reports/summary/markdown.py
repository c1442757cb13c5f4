"""The summary as a page of Markdown, for a CI job."""

from c10k.reports.comparisons.pairs import Comparisons
from c10k.reports.comparisons.publication import called
from c10k.reports.language import _
from c10k.reports.model.measured import Measured
from c10k.reports.summary.conditions import caveats
from c10k.reports.summary.headline import headline
from c10k.reports.summary.topics import find_topics
from c10k.reports.tables.table import Cell, Column, Section, Table, escaped


def markdown(measured: Measured, comparisons: Comparisons) -> str:
    """The headline, the topics as a table, and the caveats."""
    answer = headline(measured, comparisons)
    topics = find_topics(measured, comparisons)
    notes = [answer.measured_what, *caveats(measured, comparisons)]
    if not topics:
        return "\n\n".join(map(escaped, (answer.text, *notes))) + "\n"
    labels = [server.label for server in topics[0].servers]
    titles = (*labels, _("result"), _("outcome"), called(measured.publication))
    rows = []
    for topic in topics:
        values = [shown for _server, shown, _part in topic.bars]
        words = [topic.starving or " ".join(topic.result), topic.outcome, topic.claim]
        rows.append([Cell(topic.title), *values, *map(Cell, words)])
    columns = [Column("", head=True), *map(Column, titles)]
    return Table("", answer.text, answer.also, columns, [Section("", rows)], notes).markdown()
