"""What was measured and how, for a reader who knows nothing of the run, and what is amiss."""

import re
from collections import Counter
from collections.abc import Iterator
from typing import Final

from c10k.reports import wording
from c10k.reports.comparisons.pairs import Comparisons
from c10k.reports.comparisons.publication import called
from c10k.reports.language import _
from c10k.reports.model import flags
from c10k.reports.model.measured import Measured
from c10k.reports.model.quantity import Flag
from c10k.reports.summary.topics import Topic
from c10k.reports.tables import details

_GIL: Final = r"CPython 3\.\d(?!\d)|CPython 3\.1[0-2]"  # of later ones a build may lack it


def conditions(measured: Measured, topic: Topic) -> str:
    """The shortest: 10,000 clients, one CPU, Python."""
    language = wording.joined(sorted({server.language for server in topic.servers} - {""}))
    clients = wording.clients(topic.step)
    return ", ".join(filter(None, (clients, wording.cpus(measured.server_cpus), language)))


def measured_what(measured: Measured) -> str:
    """Which servers had what load, on how many CPUs, how often, and what publication is meant."""
    sizes = sorted({workload.size_bytes for workload in measured.workloads} - {0})
    bytes_each = wording.joined(list(map(wording.count, sizes)))
    repeats = _("{count} repeats", count=wording.count(measured.repeats))
    claim = measured.publication
    text = _(
        "Clients sent {what} {how} to {servers}; each figure is of {repeats} on fresh server "
        "processes.",
        what=_("messages of {sizes} bytes", sizes=bytes_each) if sizes else _("requests"),
        how=_("over the network") if measured.about.server_host else _("over loopback"),
        servers=", ".join(filter(None, (_servers(measured), wording.cpus(measured.server_cpus)))),
        repeats=repeats if measured.repeats > 1 else _("one repeat"),
    )
    if not claim.called:
        return text
    name = wording.capital(called(claim))
    meant = _("“{name}” is {source}.", name=name, source=_(claim.source))
    return f"{text} {meant}"


def _servers(measured: Measured) -> str:
    every = measured.servers
    text = _("{count} servers", count=wording.count(len(every)))
    if len(every) <= 2:
        models = [f"{each.label} ({_(each.model)})".replace(" ()", "") for each in every]
        text = wording.joined(models)
    languages = wording.joined(sorted({each.language for each in every} - {""}))
    host = measured.about.server_host or measured.about.host
    python = str(host.get("python"))
    others = any("python=" in each.label for each in every)
    if "Python" in languages and re.match(_GIL, python) and not others:
        languages += _(" ({python}, whose GIL lets one thread run at a time)", python=python)
    return _("{servers} in {languages}", servers=text, languages=languages) if languages else text


def caveats(measured: Measured, comparisons: Comparisons) -> Iterator[str]:
    """A line for each flag of the largest steps, for what failed at any step, and the outcomes."""
    points, largest = measured.points(), details.largest(measured)
    for flag in Flag:
        some = points if flag in (Flag.FAILED, Flag.PARTIAL) else largest
        if where := measured.flagged(flag, some):
            yield f"{flag.phrase}: {where}"
    for point in points:
        if lost := flags.unanswered(measured.rows(point), flags.MOST_LOST):
            yield f"{point}: {lost}"
    outcomes = [_(each.outcome.value) if each.known else _("not compared") for each in comparisons]
    counts = [
        _("{count} {outcome}", count=wording.count(count), outcome=outcome)
        for outcome, count in Counter(outcomes).most_common()
    ]
    if counts:
        yield _("confidence: {outcomes}", outcomes=", ".join(counts))
