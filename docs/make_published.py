"""Write what was measured of published claims into published.md.

c10k run --config claims/uvloop --out build/claims-uvloop, and so on for each
python docs/make_published.py build/claims-*
"""

import sys
from pathlib import Path

from page_parts import command, day, machine, rewrite, table, wrapped

from c10k.reports.comparisons.pairs import Comparisons
from c10k.reports.model.measured import Measured
from c10k.reports.tables import published
from c10k.reports.tables.table import Table
from c10k.reports.tables.table import escaped as fully_escaped
from c10k.results.store import read_run

PAGE = Path(__file__).parent / "published.md"
SCRIPT = "make_published.py"
SHOWN = ("claim", "published", "measured", "outcome")
"""Of the columns; the others are long, and on the report's page."""


def main() -> None:
    """Write the page's part."""
    runs = [Measured(read_run(Path(each))) for each in sys.argv[1:]]
    if not runs:
        raise SystemExit(__doc__)
    rewrite(PAGE, SCRIPT, "\n\n".join(map(section, runs)))


def section(run: Measured) -> str:
    """The claims of a run, and how to repeat it."""
    text = f"Measured on {day(run)}: {machine(run)}, {run.repeats} repeats of each step:"
    claims = [claim(each) for each in published.tables(run, Comparisons(run))]
    return "\n\n".join([*claims, wrapped(text), f"```\n{command(run)}\n```"])


def claim(drawn: Table) -> str:
    """A claim: its source, and a row per figure."""
    heads = [column.title for column in drawn.columns if column.name in SHOWN]
    rows = [
        [
            escaped(str(cell))
            for cell, column in zip(row, drawn.columns, strict=True)
            if column.name in SHOWN
        ]
        for section in drawn.sections
        for row in section.rows
    ]
    parts = [f"### {escaped(drawn.title)}", wrapped(escaped(drawn.caption))]
    parts += [table(heads, rows, words=len(heads)), *(wrapped(escaped(e)) for e in drawn.notes)]
    return "\n\n".join(parts)


def escaped(text: str) -> str:
    """Text that Markdown shows as it is; an underscore or # within a word means nothing to it."""
    return fully_escaped(text).replace(r"\_", "_").replace(r"\#", "#")


if __name__ == "__main__":
    main()
