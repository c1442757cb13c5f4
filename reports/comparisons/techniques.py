"""Each technique with and without, and what becomes of the book's claim."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from c10k.reports.comparisons import chapter
from c10k.reports.comparisons.pairs import TECHNIQUE_MEASURES, Comparisons, Contrast
from c10k.reports.comparisons.published import Judgement, favours
from c10k.reports.model.measured import Measured
from c10k.results.manifest import TechniqueExcerpt


@dataclass(frozen=True)
class TechniqueComparison:
    """A technique with and without under one workload at one step, by each of
    TECHNIQUE_MEASURES.
    """

    technique: TechniqueExcerpt
    workload: str
    step: int
    contrasts: Sequence[Contrast]

    @property
    def claimed(self) -> list[Contrast]:
        """By the measures that the book's claim is about."""
        claim = chapter.TECHNIQUES.get(self.technique.claim)
        columns = claim.columns if claim else ()
        return [each for each in self.contrasts if each.measure.column in columns]

    @property
    def judgement(self) -> Judgement | None:
        """What becomes of the book's claim; None where it has none."""
        return favours(self.claimed, 0) if self.technique.claim in chapter.TECHNIQUES else None


def technique_comparisons(
    measured: Measured, comparisons: Comparisons
) -> Iterator[TechniqueComparison]:
    """All of the run, in the order of the plan."""
    servers = {server.label: server for server in measured.servers}
    for technique in measured.techniques:
        labels = (technique.with_it, technique.without_it)
        for workload in technique.workloads:
            for step in measured.steps if servers.keys() >= set(labels) else ():
                sides = [servers[label] for label in labels]
                made = [comparisons.of(sides, workload, step, each) for each in TECHNIQUE_MEASURES]
                if contrasts := [each for each in made if each]:
                    yield TechniqueComparison(technique, workload, step, contrasts)
