"""What came out of a run, and what did not, in some sentences."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from c10k.reports import wording
from c10k.reports.comparisons.pairs import CPU, MEMORY, P50, THROUGHPUT, Comparisons, Contrast
from c10k.reports.comparisons.publication import called
from c10k.reports.comparisons.techniques import technique_comparisons
from c10k.reports.language import N_, _
from c10k.reports.model.measured import Measured
from c10k.reports.summary.conditions import conditions, measured_what
from c10k.reports.summary.topics import UNSERVED, Topic, find_topics
from c10k.results.comparison import Outcome

_FACTS: Final = {  # of one server that is better, and of several
    MEMORY: (N_("needs {much} less memory"), N_("need {much} less memory")),
    CPU: (N_("uses {much} less CPU {load}"), N_("use {much} less CPU {load}")),
    P50: (N_("answers {much} sooner {load}"), N_("answer {much} sooner {load}")),
    THROUGHPUT: (N_("serves {much} more messages {load}"), N_("serve {much} more messages {load}")),
    UNSERVED: (N_("serves everyone {load}"), N_("serve everyone {load}")),
}
_IN_THE_MEDIAN: Final = (
    N_("answers {much} sooner in the median and later in the p99 {load}"),
    N_("answer {much} sooner in the median and later in the p99 {load}"),
)
_TIMES_FROM: Final = 1.995  # what reads as 2.0 times; below, per cent say it better


@dataclass(frozen=True)
class Headline:
    """What was measured, what came out of it, and what is undecided or could not be compared."""

    measured_what: str
    text: str
    also: str


def headline(measured: Measured, comparisons: Comparisons) -> Headline:
    """The headline of a run, at the largest step that what it compares got through."""
    topics = find_topics(measured, comparisons)
    if measured.of_techniques:
        text = _of_techniques(measured, comparisons)
    elif not topics:
        text = _("Nothing could be compared: no step succeeded with every server")
    elif not (text := measured.kept_apart(topics[0].servers[0], topics[0].servers[-1])):
        first = conditions(measured, topics[0])
        text = _("{conditions}: {text}", conditions=first, text=_text(topics))
    return Headline(measured_what(measured), f"{text}.", " ".join(_also(measured, topics)))


def _text(topics: Sequence[Topic]) -> str:
    servers = topics[0].servers
    facts: dict[int, list[str]] = {}
    for topic in topics:
        if topic.contrast and (better := topic.contrast.better) is not None:
            said = _IN_THE_MEDIAN if topic.tail_opposes else _FACTS[topic.measure]
            text = said[servers[better].plural]
            values = {"much": _much(topic.contrast), "load": topic.workload.phrase}
            facts.setdefault(better, []).append(_(text, **values))
    if facts:
        most_first = sorted(facts.items(), key=lambda item: -len(item[1]))
        advantages = [(servers[better].noun, _all_of(*found)) for better, found in most_first]
        sentences = [_("{server} {does}", server=server, does=does) for server, does in advantages]
        return _("; ").join(sentences)
    outcomes = {topic.contrast.outcome for topic in topics if topic.contrast}
    if not outcomes or Outcome.INDICATIVE in outcomes:
        return _("; ").join(map(_figures, topics[:2]))  # the cards have the others
    pair = {"one": servers[0].noun, "other": servers[1].noun}
    if outcomes == {Outcome.EQUIVALENT}:
        return _("there is no difference that matters between {one} and {other}", **pair)
    return _("this run cannot tell {one} from {other}", **pair)


def _much(contrast: Contrast) -> str:
    """By how much one server is better: 4.4 times, or per cent below 2 times."""
    times = contrast.times
    if times >= _TIMES_FROM:
        return _("{times} times", times=wording.times(times))
    return wording.share(times - 1 if contrast.measure.higher_is_better else 1 - 1 / times)


def _all_of(*facts: str) -> str:
    """Predicates of one server; in some languages what joins two is an ending of the first."""
    *others, last = facts
    return _("{others} and {does}", others=_(", ").join(others), does=last) if others else last


def _figures(topic: Topic) -> str:
    shown = [(value.text, server.noun) for server, value, _part in topic.bars]
    texts = [_("{value} with {server}", value=value, server=server) for value, server in shown]
    return _("{measure} is {values}", measure=topic.title, values=wording.joined(texts))


def _also(measured: Measured, topics: Sequence[Topic]) -> Iterator[str]:
    if topics and len(topics[0].servers) == 1:
        yield _("There is no other server to compare it with.")
    elif topics and len(measured.servers) > 2:
        pair = wording.joined([server.label for server in topics[0].servers])
        count = wording.count(len(measured.servers))
        yield _("Compared are {pair}, of {count} servers.", pair=pair, count=count)
    if topics and measured.repeats == 1:
        yield _("One repeat: figures are indicative, no outcome is given.")
    made = [(topic.title, topic.contrast) for topic in topics if topic.contrast]
    undecided = [f"{what} ({each})" for what, each in made if each.outcome is Outcome.UNDECIDED]
    if undecided:
        yield _("This run does not decide {what}.", what=wording.joined(undecided))


def _of_techniques(measured: Measured, comparisons: Comparisons) -> str:
    """What became of the publication's claim about each technique, at its largest step."""
    every = technique_comparisons(measured, comparisons)
    largest = {(each.technique.name, each.workload): each.judgement for each in every}
    briefs = {key: each.brief if each else wording.MISSING for key, each in largest.items()}
    outcomes = ", ".join(f"{_(name)} ({load}) {brief}" for (name, load), brief in briefs.items())
    return _(
        "{name}'s claims about techniques: {outcomes}",
        name=wording.capital(called(measured.publication)),
        outcomes=outcomes or wording.MISSING,
    )
