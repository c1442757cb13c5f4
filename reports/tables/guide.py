"""When to choose which: by what, and with how many clients, one of the pair is clearly better."""

from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby
from typing import Final, NamedTuple

from c10k.reports import wording
from c10k.reports.comparisons.crossings import crossings
from c10k.reports.comparisons.pairs import SLOPE, Comparisons, Contrast, measures
from c10k.reports.language import N_, _
from c10k.reports.model.measured import Measured
from c10k.reports.model.quantity import UNFIT, Flag
from c10k.reports.model.servers import MeasuredWorkload
from c10k.reports.tables.table import Cell, Column, Section, Table
from c10k.results.comparison import Outcome

_NOT_COMPARED: Final = N_("not compared")
_CROSS: Final = N_("they cross")
_OUTCOMES: Final = (Outcome.EQUIVALENT.value, Outcome.UNDECIDED.value)
_REST: Final = (*_OUTCOMES, _NOT_COMPARED, _CROSS)


class _Span(NamedTuple):
    """Where the pair compares alike by one measure, in words and as its comparisons: `answer` is
    the label of the server that is clearly better, or one of _REST.
    """

    answer: str
    where: str
    contrasts: Sequence[Contrast]


def tables(measured: Measured, comparisons: Comparisons) -> Iterator[Table]:
    """The guide; nothing without a pair, or where no comparison of the two has an outcome."""
    labels = [server.label for server in measured.pair]
    workloads = [*measured.workloads_of(measured.pair), *measured.map] if labels else []
    every = {each: list(_spans(measured, comparisons, each)) for each in workloads}
    decided = {*labels, *_OUTCOMES}
    found = {
        each: spans for each, spans in every.items() if decided & {span.answer for span in spans}
    }
    given = {span.answer for spans in found.values() for span in spans}
    rest = [answer for answer in _REST if answer in given]
    columns = [
        Column(_("workload"), name="workload", head=True),
        *(Column(label, _("clearly better"), label, words=True) for label in labels),
        *(Column(_(answer), name=answer, words=True) for answer in rest),
    ]
    rows = [
        [
            Cell(workload.heading, workload.name),
            *(Cell(_text(spans, answer)) for answer in (*labels, *rest)),
        ]
        for workload, spans in found.items()
    ]
    caption = _(
        "By what, and with how many clients, one of the two is clearly better. Equivalent means no "
        "difference that matters. They cross where each is clearly better somewhere, between these "
        "two steps."
    )
    if rows:
        yield Table("guide", _("When to choose which"), caption, columns, [Section("", rows)])


def _spans(
    measured: Measured, comparisons: Comparisons, workload: MeasuredWorkload
) -> Iterator[_Span]:
    """How the pair compares under a workload, by measure and in the order of the steps."""
    for measure in measures(workload):
        steps = [SLOPE] if measure.over_ramp else measured.steps
        made = [comparisons.of(measured.pair, workload.name, step, measure) for step in steps]
        shown = [each for each in made if each and (each.known or not measure.over_ramp)]
        for answer, group in groupby(shown, _answer):
            alike = list(group)
            if answer != Outcome.INDICATIVE.value:
                yield _Span(answer, _where(alike, everywhere=alike == shown), alike)
        for crossing in crossings(shown):
            ends = [each for each in shown if each.step in (crossing.last, crossing.first)]
            yield _Span(_CROSS, str(crossing), ends)


def _answer(contrast: Contrast) -> str:
    if not contrast.known:
        return _NOT_COMPARED
    return contrast.winner or contrast.outcome.value


def _where(alike: Sequence[Contrast], *, everywhere: bool) -> str:
    first, last = (wording.count(alike[end].step) for end in (0, -1))
    if len(alike) == 1:
        return "" if alike[0].step == SLOPE else _("at {step}", step=first)
    return _("at every step") if everywhere else _("from {first} to {last}", first=first, last=last)


def _text(spans: Iterable[_Span], answer: str) -> str:
    """What has this answer; measures with the same figures at the same steps as one."""
    alike: dict[tuple[str, str], list[Contrast]] = {}
    for span in spans:
        if span.answer == answer:
            times = [each.times for each in span.contrasts]
            much = "" if answer in _REST else wording.RATIO.between(min(times), max(times))
            alike.setdefault((much, span.where), []).extend(span.contrasts)
    texts = []
    for (much, where), contrasts in alike.items():
        nouns = wording.joined(list(dict.fromkeys(_(each.measure.noun) for each in contrasts)))
        more = _more(contrasts)
        what = _("{measures} {times} {where}", measures=nouns, times=much, where=where)
        texts.append(" ".join([*what.split(), *([f"({more})"] if more else [])]))
    return "; ".join(texts)


def _more(alike: Sequence[Contrast]) -> str:
    """How many repeats would decide, or why the two are not compared; empty where they are."""
    if not alike[0].known:
        reasons = (reason for each in alike for reason in _reasons(each))
        return ", ".join(dict.fromkeys(reasons))
    if alike[0].outcome is not Outcome.UNDECIDED:
        return ""
    more = [each.comparison.more_repeats for each in alike]
    if 0 in more:
        return _("more than 100 repeats would be needed")
    return wording.more_repeats(max(more))


def _reasons(contrast: Contrast) -> Iterator[str]:
    """Why two servers are not compared at a step, without what differs from step to step."""
    for label, value in zip((contrast.one, contrast.other), contrast.values, strict=True):
        if Flag.FAILED in value.flags:
            yield f"{label} {Flag.FAILED.phrase}"
        yield from (flag.phrase for flag in Flag if flag in value.flags and flag in UNFIT)
        if value.why and Flag.STARVED in value.flags:
            yield _("{server} leaves clients unserved", server=label)
        elif value.why:
            yield _("too few messages")
