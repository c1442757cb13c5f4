"""Each technique with and without, and what becomes of what is published of it."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from c10k.reports import wording
from c10k.reports.comparisons.pairs import TECHNIQUE_MEASURES, Comparisons, Contrast
from c10k.reports.comparisons.published import Judgement, Verdict, favours
from c10k.reports.language import _
from c10k.reports.model.measured import Measured
from c10k.results.claimed_tables import Technique
from c10k.results.claims import Claim
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
    unlike: str = ""
    """How the conditions differ from the published ones, in words."""
    said: Technique | None = None
    """What is published of it, if anything is."""

    @property
    def claimed(self) -> list[Contrast]:
        """By the measures that this is about."""
        columns = self.said.measures if self.said else ()
        return [each for each in self.contrasts if each.measure.column in columns]

    @property
    def judgement(self) -> Judgement | None:
        """What becomes of it; None where there is nothing."""
        return judged(self.claimed, self.unlike) if self.said else None


def judged(claimed: Sequence[Contrast], unlike: str) -> Judgement:
    """What becomes of a claim that the first side is better, unless the conditions differ."""
    if unlike and any(each.known for each in claimed):
        return Judgement(Verdict.NOT_COMPARABLE, why=unlike)
    return favours(claimed, 0)


def unlike(measured: Measured, said: Technique | None) -> str:
    """How the conditions of a run differ from the published ones, in words; empty where they do
    not.
    """
    had = measured.server_cpus
    needed = said.cpus if said else 1
    return _("the server had {cpus} here", cpus=wording.cpus(had)) if 0 < had < needed else ""


def publishing(measured: Measured, technique: TechniqueExcerpt) -> Claim:
    """The publication that says something of a technique, if one does."""
    claims = (each for each in measured.claims if technique.claim in each.techniques)
    return next(claims, measured.publication)


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
                    said = publishing(measured, technique).techniques.get(technique.claim)
                    why = unlike(measured, said)
                    yield TechniqueComparison(technique, workload, step, contrasts, why, said)
