"""Every comparison, with both figures, their ratio and the outcome: of the pair, of techniques."""

import math
from collections.abc import Iterator
from dataclasses import replace

from c10k.reports import wording
from c10k.reports.comparisons.pairs import APART_MS, TECHNIQUE_MEASURES, Comparisons, Contrast
from c10k.reports.comparisons.publication import called
from c10k.reports.comparisons.techniques import (
    TechniqueComparison,
    publishing,
    technique_comparisons,
)
from c10k.reports.language import _
from c10k.reports.model.measured import Measured
from c10k.reports.tables.table import Cell, Column, Section, Table, cell
from c10k.results.comparison import FALSE_CLEAR, LEAST_RATIO
from c10k.results.manifest import TechniqueExcerpt


def tables(measured: Measured, comparisons: Comparisons) -> Iterator[Table]:
    """Those of the pair and those of techniques, where there are any."""
    yield from _of_pair(measured, comparisons)
    yield from _of_techniques(measured, comparisons)


def _of_pair(measured: Measured, comparisons: Comparisons) -> Iterator[Table]:
    pair = [server.label for server in measured.pair]
    columns = [
        Column(_("workload"), name="workload", head=True),
        Column(_("clients"), name="connections", head=True),
        Column(_("measure"), name="measure", head=True),
        *(Column(label, name=label) for label in pair),
        Column(_("ratio"), name="ratio"),
        Column(_("outcome"), name="outcome", words=True),
    ]
    rows = [
        [
            Cell(each.workload),
            Cell(wording.count(each.step) if each.step else _("all"), each.step or math.nan),
            Cell(_(each.measure.noun), each.measure.noun),
            *figures(each),
            Cell(
                _("clear, {server} better", server=each.winner) if each.winner else str(each),
                each.outcome.value if each.known else "",
                data={"repeats": each.comparison.repeats, "why": each.why},
            ),
        ]
        for each in comparisons
        if [each.one, each.other] == pair and each.measure.higher_is_better is not None
    ]
    if pair:
        title, sections = _("All comparisons"), [Section("", rows)]
        yield Table("comparisons", title, outcomes(), columns, sections, folded=True)


def _of_techniques(measured: Measured, comparisons: Comparisons) -> Iterator[Table]:
    """A section for each technique; nothing where none was tried."""
    headings = {"with": _("with"), "without": _("without"), "ratio": _("ratio")}
    columns = [
        Column(_("workload"), name="workload", head=True),
        Column(_("clients"), name="connections", head=True),
        *(
            Column(heading, _(measure.noun), f"{measure.column}_{name}")
            for measure in TECHNIQUE_MEASURES
            for name, heading in headings.items()
        ),
        Column(_("{name}'s claim", name=called(measured.publication)), name="verdict", words=True),
    ]
    made = list(technique_comparisons(measured, comparisons))
    sections = [
        Section(
            _title(measured, each),
            [_row(compared) for compared in made if compared.technique is each],
        )
        for each in measured.techniques
    ]
    caption = _(
        "Two servers that differ in one technique. Memory is resident, what processes share "
        "counted once."
    )
    one_cpu = _("The servers had one CPU here: what uses several has nothing to gain from it.")
    notes = [one_cpu] if measured.server_cpus == 1 else []
    if made:
        title = _("Techniques, with and without")
        yield Table("techniques", title, caption, columns, sections, notes)


def _title(measured: Measured, technique: TechniqueExcerpt) -> str:
    title = _(
        "{technique}: {one} against {other}",
        technique=_(technique.name),
        one=technique.with_it,
        other=technique.without_it,
    )
    publication = publishing(measured, technique)
    said = publication.techniques.get(technique.claim)
    if said is None:
        return title
    name = called(publication)
    return _("{title}; {name}: {claim}", title=title, name=name, claim=_(said.says))


def _row(compared: TechniqueComparison) -> list[Cell]:
    tried = compared.technique
    row = [
        Cell(
            compared.workload,
            data={"technique": tried.name, "with": tried.with_it, "without": tried.without_it},
        ),
        Cell(wording.count(compared.step), compared.step),
    ]
    for contrast in compared.contrasts:
        *sides, ratio = figures(contrast)
        outcome = str(contrast) if contrast.known else ""  # the verdict says why not
        row += [*sides, replace(ratio, outcome=outcome)]
    return [*row, Cell(str(compared.judgement or wording.MISSING))]


def outcomes() -> str:
    """What clear, equivalent and undecided mean."""
    return _(
        "Clear: the two differ by at least {least}, beyond chance (response times by {apart} too); "
        "equivalent: the interval of the ratio lies within {inverse} to {least}; undecided: "
        "neither. Of those called clear at most {false} are expected to be false.",
        least=wording.ratio(LEAST_RATIO),
        inverse=wording.ratio(1 / LEAST_RATIO),
        apart=wording.objective(APART_MS),
        false=wording.share(FALSE_CLEAR),
    )


def figures(contrast: Contrast) -> list[Cell]:
    """Both figures and their ratio; the outcome says why there is none."""
    units = [contrast.measure.unit, contrast.measure.unit, wording.RATIO]
    values = [*contrast.values, contrast.ratio]
    return [cell(*each, caveats=False) for each in zip(values, units, strict=True)]
