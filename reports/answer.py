"""The answer in plain words: a headline, some sentences and a few big numbers, from the data."""

import math
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Final

from c10k.reports import guide, wording
from c10k.reports.chapter import claims
from c10k.reports.contrast import APART_MS, Contrast, Subject
from c10k.reports.language import _
from c10k.reports.measured import Mark, Measured, MeasuredServer, MeasuredWorkload, Point, Quantity
from c10k.reports.wording import Unit, joined

MOST_CARDS: Final = 4
_RATE = Unit("per_s", lambda value: _("{value} msg/s", value=wording.number(value)))
_CPU = Unit("us", lambda value: _("{value} µs", value=wording.number(value)))


@dataclass(frozen=True)
class Bar:
    """One server's value on a card; `part` of the card's longest bar."""

    server: MeasuredServer
    text: str
    spread: str
    symbols: str
    part: float


@dataclass(frozen=True)
class Card:
    """A big number, what it counts, the values behind it, and what the chapter says of it."""

    title: str
    figure: str
    words: str
    bars: tuple[Bar, ...]
    claim: str


@dataclass(frozen=True)
class Answer:
    """What the run says, the shortest first: the headline, what it leaves out, then the details.

    Footnotes explain the symbols.
    """

    headline: str
    also: str
    sentences: tuple[str, ...]
    cards: tuple[Card, ...]
    footnotes: tuple[tuple[str, str], ...]


def answer(measured: Measured) -> Answer:
    """The answer of a run: of the chapter's pair, else of its first two servers that can be
    compared, or of its one.
    """
    servers = _subjects_of_comparison(measured)
    step = _common_step(measured, servers)
    if step is None:
        return Answer(
            _("Nothing could be compared: no step succeeded for all servers.")
            if any(map(measured.usable, measured.points()))
            else _("Nothing could be compared: no step succeeded."),
            "",
            tuple(_beyond(measured, 0, [])),
            (),
            (),
        )
    contrasts = list(_contrasts(measured, servers, step))
    points = _compared(measured, servers, step)
    apart = measured.kept_apart(servers)
    if len(servers) == 1:
        held = min(measured.at(point, "connected").value for point in points)
        clients = wording.count(step)
        if held < step:
            clients = _("{held} of {wanted}", held=wording.count(held), wanted=clients)
        headline, also = _alone(servers[0], contrasts, clients)
    elif apart:
        headline, also = f"{apart}.", ""
    else:
        headline, also = _headline(servers, contrasts, step)
        if len(measured.servers) > len(servers):
            pair = joined([server.label for server in servers])
            compared = _(
                "Compared are {pair}, of {count} servers.", pair=pair, count=len(measured.servers)
            )
            also = f"{compared} {also}".strip()
    return Answer(
        headline,
        also,
        (*_sentences(measured, servers, step), *guide.sentences(measured)),
        tuple(_card(contrast, servers, apart) for contrast in _clearest(contrasts)),
        tuple(measured.footnotes(points)),
    )


def _subjects_of_comparison(measured: Measured) -> list[MeasuredServer]:
    comparable = (
        list(pair) for pair in combinations(measured.servers, 2) if not measured.kept_apart(pair)
    )
    return measured.pair or next(comparable, measured.servers[:2])


def _compared(measured: Measured, servers: Sequence[MeasuredServer], step: int) -> list[Point]:
    """What the answer compares at a step: the servers under an open and a closed loop, if there are
    such that all of them have been visited under.
    """
    common = measured.workloads_of(servers)
    loops = (measured.workload(loop, common) for loop in ("open", "closed"))
    workloads = [workload for workload in loops if workload]
    return [
        Point(server.label, workload.name, step) for server in servers for workload in workloads
    ]


def _common_step(measured: Measured, servers: Sequence[MeasuredServer]) -> int | None:
    """The largest step at which every one of the servers got through what is compared."""
    common = [
        step
        for step in measured.steps
        if (points := _compared(measured, servers, step)) and all(map(measured.usable, points))
    ]
    return max(common, default=None)


def _contrasts(
    measured: Measured, servers: Sequence[MeasuredServer], step: int
) -> Iterable[Contrast]:
    """What is compared, in the order it is told."""
    workloads = measured.workloads_of(servers)
    relaxed, saturated = (measured.workload(loop, workloads) for loop in ("open", "closed"))
    usual = relaxed or workloads[0]
    slopes = tuple(measured.slope(server.label, usual.name, "resident_bytes") for server in servers)
    memory = Subject(
        _("memory"),
        wording.BYTES,
        _("Memory a connection"),
        lambda value: _("{value} of memory each", value=value),
        _("as much {server}"),
        claim=claims.MEMORY_A_CONNECTION,
    )
    if slopes[0].known:
        ratio = Quantity()
        if servers[1:]:
            ratio = measured.contrast_of_slopes(servers, usual.name, "resident_bytes")
        yield Contrast(memory, slopes, ratio)

    def at(subject: Subject, workload: MeasuredWorkload, column: str) -> Contrast:
        points = [Point(server.label, workload.name, step) for server in servers]
        values = tuple(measured.at(point, column) for point in points)
        ratio = measured.contrast(points[0], points[1], column) if points[1:] else Quantity()
        return Contrast(subject, values, ratio)

    cpu = Subject(
        _("CPU"),
        _CPU,
        _("CPU a message, {workload}", workload=usual.name),
        lambda value: _("{value} of CPU a message", value=value),
        _("as much {server}"),
    )
    yield at(cpu, usual, "cpu_us_per_message")
    if relaxed:
        response = Subject(
            _("response time {load}", load=relaxed.phrase),
            wording.MS,
            _("Median response, {load}", load=relaxed.load),
            lambda value: _(
                "{value} for the median response {load}", value=value, load=relaxed.phrase
            ),
            _("as long {server}"),
            claim=claims.RESPONSE_BY_CLIENTS.get(step),
            apart=APART_MS,
        )
        yield at(response, relaxed, "response_p50_ms")
    if saturated:
        throughput = Subject(
            _("throughput {load}", load=saturated.phrase),
            _RATE,
            _("Throughput, {workload}", workload=saturated.name),
            lambda value: _("{value} {load}", value=value, load=saturated.phrase),
            _("as many {server}"),
            higher_is_better=True,
        )
        yield at(throughput, saturated, "messages_per_s")
        tail = Subject(
            _("tail latency {load}", load=saturated.phrase),
            wording.MS,
            _("p99 response, {workload}", workload=saturated.name),
            lambda value: _("a p99 of {value} {load}", value=value, load=saturated.phrase),
            _("as long {server}"),
            apart=APART_MS,
        )
        yield at(tail, saturated, "response_p99_ms")


def _clearest(contrasts: Sequence[Contrast]) -> list[Contrast]:
    """At most MOST_CARDS, of the last two (both of the saturated servers) the clearer."""
    if len(contrasts) <= MOST_CARDS:
        return list(contrasts)

    def difference(contrast: Contrast) -> float:
        return abs(math.log(contrast.ratio.value)) if contrast.decided else 0.0

    return [*contrasts[: MOST_CARDS - 1], max(contrasts[MOST_CARDS - 1 :], key=difference)]


def _headline(
    servers: Sequence[MeasuredServer], contrasts: Sequence[Contrast], step: int
) -> tuple[str, str]:
    """Who wins on what, and where nobody does."""
    names = tuple(server.noun for server in servers)
    pair = {"one": names[0], "other": names[1]}

    def at_step(text: str) -> str:
        return _("At {clients} clients {text}.", clients=wording.count(step), text=text)

    decided = [contrast for contrast in contrasts if contrast.decided]
    undecided: dict[str, list[str]] = {}
    for contrast in contrasts:
        if contrast.unjudged:
            undecided.setdefault(contrast.unjudged, []).append(contrast.subject.noun)
    also = " ".join(
        wording.sentence(_("{what} not judged: {why}", what=joined(what), why=why))
        for why, what in undecided.items()
    )
    if not decided:
        return at_step(_("this run cannot tell {one} from {other}", **pair)), also
    wins: list[list[str]] = [[], []]
    for contrast in decided:
        if contrast.better is not None:
            wins[contrast.better].append(contrast.subject.noun + _price(contrast))
    even = [contrast.subject.noun for contrast in decided if contrast.better is None]
    if not any(wins):
        return at_step(_("there is no clear difference between {one} and {other}", **pair)), also
    first, second = sorted((0, 1), key=lambda index: -len(wins[index]))
    everywhere = not wins[second] and not even and not undecided
    text = _won(servers[first], joined(wins[first]), everywhere=everywhere)
    if wins[second]:
        won = joined(wins[second])
        text = _("{first}; {other} on {won}", first=text, other=names[second], won=won)
    if even:
        alike = _("No clear difference in {what}.", what=joined(even))
        also = f"{alike} {also}".strip()
    return at_step(text), also


def _won(server: MeasuredServer, won: str, *, everywhere: bool) -> str:
    values = {"server": server.noun, "won": won}
    if server.plural:
        if everywhere:
            return _("{server} win everywhere: {won}", **values)
        return _("{server} win on {won}", **values)
    if everywhere:
        return _("{server} wins everywhere: {won}", **values)
    return _("{server} wins on {won}", **values)


def _price(contrast: Contrast) -> str:
    """What a win on throughput is worth when it left clients waiting."""
    better = contrast.better
    starving = better is not None and Mark.STARVED in contrast.values[better].marks
    if not (contrast.subject.higher_is_better and starving):
        return ""
    return " " + _("(while starving clients)")


def _alone(server: MeasuredServer, contrasts: Sequence[Contrast], clients: str) -> tuple[str, str]:
    """What was measured of one server, and that nothing stands beside it."""
    facts = [
        contrast.subject.fact(
            contrast.subject.unit.text(contrast.values[0].value) + contrast.values[0].symbols
        )
        for contrast in contrasts
        if contrast.values[0].known
    ]
    serves = _("{server} serves {clients} clients", server=server.label, clients=clients)
    also = [wording.sentence(joined(facts[1:]))] if facts[1:] else []
    alone = _("There is no other server to compare it with.")
    return f"{', '.join([serves, *facts[:1]])}.", " ".join([*also, alone])


def _card(contrast: Contrast, servers: Sequence[MeasuredServer], apart: str) -> Card:
    subject = contrast.subject
    longest = max((value.value for value in contrast.values if value.known), default=1.0)
    bars = tuple(
        Bar(
            server,
            subject.unit.text(value.value),
            "" if value.low != value.low else subject.unit.between(value.low, value.high),
            value.symbols,
            max(value.value, 0) / longest if value.known and longest > 0 else 0.0,
        )
        for server, value in zip(servers, contrast.values, strict=True)
    )
    figure, words = _verdict(contrast, servers)
    if apart and contrast.unjudged == apart:  # the headline says it whole
        words = _("not compared")
    return Card(subject.title, figure, words, bars, _claim(subject, servers))


def _claim(subject: Subject, servers: Sequence[MeasuredServer]) -> str:
    """What the chapter says of it: the ratio of its columns, or the one column that is here."""
    if subject.claim is None:
        return ""
    roles = [server.role for server in servers]
    if roles == list(claims.ROLES):
        one, other = (subject.claim.value(role) for role in claims.ROLES)
        return _(
            "{ratio} ({synchronous} against {asynchronous})",
            ratio=wording.ratio(one / other),
            synchronous=subject.claim.text("synchronous"),
            asynchronous=subject.claim.text("asynchronous"),
        )
    return subject.claim.text(roles[0]) if len(roles) == 1 and roles[0] else ""


def _verdict(contrast: Contrast, servers: Sequence[MeasuredServer]) -> tuple[str, str]:
    """The big number and the words beside it."""
    if len(servers) == 1:
        return contrast.subject.unit.text(contrast.values[0].value), servers[0].phrase
    if contrast.unjudged:
        return wording.MISSING, _("not judged: {why}", why=contrast.unjudged)
    if not contrast.decided:
        measured = all(value.known for value in contrast.values)
        why = _("too little to compare") if measured else _("not measured for both")
        return wording.MISSING, why
    if contrast.larger is None:
        return _("≈ 1×"), _("no clear difference")
    value = contrast.ratio.value if contrast.larger == 0 else 1 / contrast.ratio.value
    words = contrast.subject.more.format(server=servers[contrast.larger].phrase)
    return wording.ratio(value), words


def _sentences(measured: Measured, servers: Sequence[MeasuredServer], step: int) -> Iterable[str]:
    phrases = [server.phrase for server in servers]

    def each(unit: Unit, values: Iterable[Quantity]) -> str:
        """a with threads and b on the event loop."""
        return joined(
            [
                _("{value} {server}", value=unit.text(value.value) + value.symbols, server=who)
                for value, who in zip(values, phrases, strict=True)
            ]
        )

    def at(workload: MeasuredWorkload, column: str) -> list[Quantity]:
        return [measured.at(Point(server.label, workload.name, step), column) for server in servers]

    workloads = measured.workloads_of(servers)
    relaxed, saturated = (measured.workload(loop, workloads) for loop in ("open", "closed"))
    usual = relaxed or workloads[0]
    resident, virtual = (
        [measured.slope(server.label, usual.name, column) for server in servers]
        for column in ("resident_bytes", "vms_bytes")
    )
    if resident[0].known:
        text = _(
            "Each connection adds {resident} to resident memory, and {virtual} to virtual memory",
            resident=each(wording.BYTES, resident),
            virtual=joined([wording.size(value.value) for value in virtual]),
        )
        if servers[0].role == "synchronous":
            text += _("; the chapter's 8,192 KB a thread is such reserved address space")
        yield f"{text}."
    if relaxed:
        p99 = joined(
            [wording.milliseconds(value.value) for value in at(relaxed, "response_p99_ms")]
        )
        text = _(
            "{load} the median response takes {medians} (p99 {p99})",
            load=_capital(relaxed.phrase_a_client),
            medians=each(wording.MS, at(relaxed, "response_p50_ms")),
            p99=p99,
        )
        claim = claims.RESPONSE_BY_CLIENTS.get(step)
        if claim and [server.role for server in servers] == list(claims.ROLES):
            text += _(
                ", where the chapter says {synchronous} and {asynchronous}",
                synchronous=claim.text("synchronous"),
                asynchronous=claim.text("asynchronous"),
            )
        yield f"{text}."
    if saturated:
        p99 = joined(
            [wording.milliseconds(value.value) for value in at(saturated, "response_p99_ms")]
        )
        plain = saturated.plain
        text = _(
            "{load}, {rates} come back, with a p99 of {p99}",
            load=_("Sending as fast as echoes come") if plain else _capital(saturated.phrase),
            rates=each(_RATE, at(saturated, "messages_per_s")),
            p99=p99,
        )
        points = [Point(server.label, saturated.name, step) for server in servers]
        shares = [measured.of_ceiling(point) for point in points]
        if shares[0].known:
            share = joined([wording.share(each.value) for each in shares])
            text += _("; that is {share} of what this loader can drive here", share=share)
        yield f"{text}."
    if lost := measured.unanswered():
        yield f"{lost}."
    yield from _starving(measured, servers, step)
    yield from _beyond(measured, step, _compared(measured, servers, step))
    held = [
        f"{server.phrase} "
        + joined(
            [
                f"{limit.bound}{wording.count(limit.value)}{limit.symbols} {workload.name}"
                for workload in workloads
                for limit in [measured.max_connections(server.label, workload.name)]
            ]
        )
        for server in servers
    ]
    yield _(
        "Clients served within a p99 of {slo}: {held}.",
        slo=wording.objective(measured.slo_p99_ms),
        held="; ".join(held),
    )


def _starving(measured: Measured, servers: Sequence[MeasuredServer], step: int) -> Iterable[str]:
    for server in servers:
        starved = [
            f"{wording.count(left.value)} {workload.name}"
            for workload in measured.workloads
            for left in [measured.at(Point(server.label, workload.name, step), "starved")]
            if left.value > 0
        ]
        if not starved:
            continue
        values = {
            "server": _capital(server.noun) if server.alone else server.label,
            "connections": wording.count(step),
            "starved": joined(starved),
        }
        yield (
            _(
                "{server} leave some of {connections} connections without any echo for a whole "
                "window: {starved}.",
                **values,
            )
            if server.plural
            else _(
                "{server} leaves some of {connections} connections without any echo for a whole "
                "window: {starved}.",
                **values,
            )
        )


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]


def _beyond(measured: Measured, step: int, compared: Collection[Point]) -> Iterable[str]:
    """What failed, in part or in whole, beyond what is `compared` at the answer's step: at larger
    steps, or at its own under other workloads or of other servers.
    """
    for point in measured.points():
        if point.connections < step or point in compared:
            continue
        for mark in (Mark.PARTIAL, Mark.FAILED):
            if mark in measured.marks(point):
                yield wording.sentence(f"{mark.meaning}: {measured.details([point], mark)}")
