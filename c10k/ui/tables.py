"""The tables T1 to T4 of a run, as HTML on standard output: python -m c10k.ui.tables RUN

It runs with the lowest priority, so that it does not disturb a load.
"""

import os
import sys
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Final

from c10k.reports.comparisons.pairs import Comparisons
from c10k.reports.language import ENGLISH, use_locale
from c10k.reports.model.measured import Measured
from c10k.reports.page.page import environment
from c10k.reports.tables import publication
from c10k.results.store import read_run

if TYPE_CHECKING:
    from c10k.reports.tables.table import Table

PLACES: Final = ("t1", "t2", "t3", "t4")
TEMPLATE: Final = """{% from "table.html.j2" import draw %}
{% for heading, tables in blocks.items() %}
{% if heading %}<h2>{{ heading }}</h2>{% endif %}
<div class="tables">
{% for table in tables %}
<section>
<h3>{{ table.title }}</h3>
{{ draw(table, table.title, stacked=true) }}
</section>
{% endfor %}
</div>
{% endfor %}"""


def html(run: Path) -> str:
    """The tables of a run that has a step; RunError or ReportError where it cannot be read."""
    with use_locale(ENGLISH):
        measured = Measured(read_run(run))
        headings = {each.name: each.heading for each in measured.workloads}
        blocks: dict[str, list[Table]] = {}
        for table in publication.tables(measured, Comparisons(measured)):
            if table.place in PLACES:
                workload = table.workload or measured.usual.name
                blocks.setdefault(headings[workload], []).append(table)
        for tables in blocks.values():
            tables.sort(key=lambda table: PLACES.index(table.place))
        return environment().from_string(TEMPLATE).render(blocks=blocks)


if __name__ == "__main__":
    with suppress(OSError):  # in some sandboxes
        os.sched_setscheduler(0, os.SCHED_IDLE, os.sched_param(0))
    print(html(Path(sys.argv[1])))
