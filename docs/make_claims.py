"""Write what was measured for the chapter's claims into claims.md and claims.ko.md.

c10k run --config tables --out build/claims
c10k run --config techniques --out build/techniques
python docs/make_claims.py build/claims build/techniques

Tables T1 to T5 are of the first run; a claim of T6 is of the first run that measured it.
"""

import sys
from collections.abc import Sequence
from pathlib import Path

from page_parts import MACHINE, command, day, machine, rewrite, table, wrapped

from c10k.reports import wording
from c10k.reports.comparisons.pairs import Comparisons
from c10k.reports.comparisons.published import Verdict
from c10k.reports.language import _, use_locale
from c10k.reports.model.measured import Measured
from c10k.reports.tables import details, publication, statements
from c10k.reports.tables.table import Cell, Table
from c10k.reports.tables.table import escaped as fully_escaped
from c10k.results.store import read_run

DOCS = Path(__file__).parent
SCRIPT = "make_claims.py"
PAGES = {"en": "claims.md", "ko": "claims.ko.md"}
MEASURED = {
    "en": f"Measured on {{day}}: {MACHINE}, by:",
    "ko": "{day}에 다음 명령으로 측정했습니다. 측정 환경은 CPU {cpus}개({model}), 메모리 {memory}, "
    "{kernel}, {python}입니다.",
}
SEE_T3 = {"en": "Its figures are those of T3.", "ko": "그래프의 수치는 T3과 같습니다."}


def main() -> None:
    """Write both pages."""
    runs = [Measured(read_run(Path(each))) for each in sys.argv[1:]]
    if not runs:
        raise SystemExit(__doc__)
    for language, page in PAGES.items():
        with use_locale(language):
            rewrite(DOCS / page, SCRIPT, block(runs, language))


def block(runs: Sequence[Measured], language: str) -> str:
    """When and where it was measured, and all tables."""
    made = [(run, Comparisons(run)) for run in runs]
    text = MEASURED[language].replace("{day}", day(runs[0]))
    commands = "\n".join(map(command, runs))
    parts = [wrapped(machine(runs[0], text)), f"```\n{commands}\n```"]
    drawn: dict[str, list[Table]] = {}
    for each in (publication, details):
        for found in each.tables(*made[0]):
            drawn.setdefault(found.stem, []).append(found)
    shown = {
        "t1-server-types": flat,
        "t2-memory": flat,
        "t2-breakdown": lambda alike: turned(alike[0]),
        "t3-response-time": flat,
        "t4-response-graph": lambda _alike: SEE_T3[language],
        "t5-where-time-goes": lambda alike: plain(alike[0]),
    }
    for stem, draw in shown.items():
        first = drawn[stem][0]
        parts += [f"### {escaped(first.title)}", escaped(first.caption), draw(drawn[stem])]
        parts += map(escaped, first.notes)
    parts.append(single([next(statements.tables(*each)) for each in made]))
    return "\n\n".join(parts)


def flat(alike: Sequence[Table]) -> str:
    """A table of the chapter as a row per figure; each from the workload that answers it best."""
    columns = alike[0].columns
    heads = [column.title for column in columns if column.head]
    rows = []
    for at, row in enumerate(alike[0].sections[0].rows):
        for place, column in enumerate(columns):
            if not column.head:
                best = min((each.sections[0].rows[at][place] for each in alike), key=rank)
                named = [cell.text for cell, of in zip(row, columns, strict=True) if of.head]
                rows.append([*named, column.title, best.claimed, measured(best), outcome(best)])
    words = [*heads, "", _("the book"), _("measured"), _("outcome")]
    return table(words, [list(map(escaped, row)) for row in rows], words=len(words))


def turned(drawn: Table) -> str:
    """A table of few rows with a row per column."""
    rows = [row for section in drawn.sections for row in section.rows]
    lines = [
        list(map(escaped, [column.title, *(row[at].text for row in rows)]))
        for at, column in enumerate(drawn.columns)
    ]
    named = next(at for at, column in enumerate(drawn.columns) if column.name == "server")
    figures = [line for line, of in zip(lines, drawn.columns, strict=True) if not of.head]
    return table(["", *lines[named][1:]], figures)


def plain(drawn: Table) -> str:
    """A table as the report has it, without the text around it."""
    body = next(part for part in drawn.markdown().split("\n\n") if part.startswith("|"))
    return body.replace(r"\_", "_")


def rank(cell: Cell) -> int:
    """How little a cell answers: 0 for an outcome, 3 for nothing at all."""
    verdict = cell.data["outcome"]
    if verdict == Verdict.NOT_COMPARABLE.value:
        return 2
    nothing = verdict == Verdict.NOT_MEASURED.value or (
        not verdict and cell.text == wording.MISSING
    )
    return (1 if cell.data["why"] else 3) * nothing


def measured(cell: Cell) -> str:
    """What was measured, and of which server under which workload at how many clients."""
    if cell.text == wording.MISSING and not cell.caveat:
        return cell.text
    where = [str(cell.data["server"]), str(cell.data["workload"])]
    if clients := cell.data["connections"]:
        where.append(wording.count(float(str(clients))))
    bare = Cell(cell.text, interval=cell.interval, caveat=cell.caveat)
    return f"{', '.join(where)}: {bare}" if cell.data["server"] else str(bare)


def outcome(cell: Cell) -> str:
    """The outcome with its reason."""
    parts = [cell.outcome or wording.MISSING, str(cell.data["why"])]
    return ": ".join(filter(None, parts))


def escaped(text: str) -> str:
    """Text that Markdown shows as it is; an underscore within a word means nothing to it."""
    return fully_escaped(text).replace(r"\_", "_")


def single(tables: Sequence[Table]) -> str:
    """T6: each claim with what the first run measured that has anything of it."""
    first = tables[0]
    unknown = Verdict.NOT_MEASURED.value
    rows = []
    for alike in zip(*(each.sections[0].rows for each in tables), strict=True):
        known = [row for row in alike if row[-1].value != unknown]
        rows.append([escaped(cell.text) for cell in (known or alike)[0]])
    heads = [column.title for column in first.columns]
    body = table(heads, rows, words=len(heads))
    return "\n\n".join([f"### {escaped(first.title)}", escaped(first.caption), body])


if __name__ == "__main__":
    main()
