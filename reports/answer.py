"""The answer in plain words: a headline, a few sentences and a few big numbers, all from the data.

Two servers differ clearly when their ratio is at least CLEAR, its interval leaves out 1, and the
difference exceeds what can be told apart. A figure that the loader limited decides nothing.
"""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from reports import wording
from reports.chapter import claims
from reports.chapter.claims import Claim
from reports.chapter.verdict import CLEAR
from reports.measured import Mark, Measured, Point, Quantity, Server, Workload
from reports.wording import Unit, joined

APART_MS: Final = 0.05  # the kernel's default timer slack: by so much a wake-up may be late
MOST_CARDS: Final = 4
_RATE = Unit("per_s", lambda value: f"{wording.number(value)} msg/s")
_CPU = Unit("us", lambda value: f"{wording.number(value)} µs")


@dataclass(frozen=True)
class Bar:
    """One server's value on a card; `part` of the card's longest bar."""

    server: Server
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


@dataclass(frozen=True)
class Subject:
    """Something that servers are compared by. `noun` names it and `fact` tells a value of it within
    a sentence; values that differ by less than `apart` cannot be told apart.
    """

    noun: str
    fact: str
    title: str
    unit: Unit
    more: str
    higher_is_better: bool = False
    claim: Claim | None = None
    apart: float = 0.0


@dataclass(frozen=True)
class Contrast:
    """What two servers (or one) measured of a subject, and the first by the second."""

    subject: Subject
    values: tuple[Quantity, ...]
    ratio: Quantity

    @property
    def limited(self) -> bool:
        """Whether the loader limited one of the two."""
        return Mark.LIMITED in self.ratio.marks

    @property
    def decided(self) -> bool:
        """Whether a verdict may be given: both measured more than nothing, and neither limited by
        the loader.
        """
        return 0 < self.ratio.value < math.inf and not self.limited

    @property
    def larger(self) -> int | None:
        """Which of the two is clearly larger, if one is."""
        ratio = self.ratio
        if not self.decided or ratio.low <= 1 <= ratio.high:  # False where there is no interval
            return None
        one, other = self.values
        if 1 / CLEAR < ratio.value < CLEAR or abs(one.value - other.value) < self.subject.apart:
            return None
        return 0 if ratio.value > 1 else 1

    @property
    def better(self) -> int | None:
        """Which of the two is clearly better, if one is."""
        if self.larger is None or self.subject.higher_is_better:
            return self.larger
        return 1 - self.larger


def answer(measured: Measured) -> Answer:
    """The answer of a run: of the chapter's pair, else of its first two servers, or of its one."""
    servers = _subjects_of_comparison(measured)
    step = _common_step(measured, servers)
    if step is None:
        return Answer(
            "Nothing could be compared: no step succeeded"
            + (" for all servers." if any(map(measured.usable, measured.points())) else "."),
            "",
            tuple(_beyond(measured, 0)),
            (),
            (),
        )
    contrasts = list(_contrasts(measured, servers, step))
    points = [
        Point(server.label, workload.name, step)
        for server in servers
        for workload in measured.workloads_of(servers)
    ]
    if len(servers) == 1:
        held = min(measured.at(point, "connected").value for point in points)
        clients = f"{held:,.0f} of {step:,}" if held < step else f"{step:,}"
        headline, also = _alone(servers[0], contrasts, clients)
    else:
        headline, also = _headline(servers, contrasts, step)
        if len(measured.servers) > len(servers):
            pair = joined([server.label for server in servers])
            also = f"Compared are {pair}, of {len(measured.servers)} servers. {also}".strip()
    return Answer(
        headline,
        also,
        tuple(_sentences(measured, servers, step)),
        tuple(_card(contrast, servers) for contrast in _clearest(contrasts)),
        tuple(measured.footnotes(points)),
    )


def _subjects_of_comparison(measured: Measured) -> list[Server]:
    if len(measured.role) == len(claims.ROLES):
        return [measured.role[role] for role in claims.ROLES]
    return measured.servers[:2]


def _common_step(measured: Measured, servers: Sequence[Server]) -> int | None:
    """The largest step that every one of the servers got through under each common workload."""
    workloads = measured.workloads_of(servers)
    common = [
        step
        for step in measured.steps
        if all(
            measured.usable(Point(server.label, workload.name, step))
            for server in servers
            for workload in workloads
        )
    ]
    return max(common, default=None) if workloads else None


def _contrasts(measured: Measured, servers: Sequence[Server], step: int) -> Iterable[Contrast]:
    """What is compared, in the order it is told."""
    workloads = measured.workloads_of(servers)
    relaxed, saturated = (measured.workload(loop, workloads) for loop in ("open", "closed"))
    usual = relaxed or workloads[0]
    slopes = tuple(measured.slope(server.label, usual.name, "resident_bytes") for server in servers)
    memory = Subject(
        "memory",
        "{} of memory each",
        "Memory a connection",
        wording.BYTES,
        "as much",
        claim=claims.MEMORY_A_CONNECTION,
    )
    if slopes[0].known:
        yield Contrast(memory, slopes, _ratio(slopes))

    def at(subject: Subject, workload: Workload, column: str) -> Contrast:
        points = [Point(server.label, workload.name, step) for server in servers]
        values = tuple(measured.at(point, column) for point in points)
        ratio = measured.contrast(points[0], points[1], column) if points[1:] else Quantity()
        return Contrast(subject, values, ratio)

    cpu = Subject("CPU", "{} of CPU a message", f"CPU a message, {usual.name}", _CPU, "as much")
    yield at(cpu, usual, "cpu_us_per_message")
    if relaxed:
        response = Subject(
            f"response time {relaxed.phrase}",
            f"{{}} for the median response {relaxed.phrase}",
            f"Median response, {relaxed.phrase.removeprefix('at ')}",
            wording.MS,
            "as long",
            claim=claims.RESPONSE_BY_CLIENTS.get(step),
            apart=APART_MS,
        )
        yield at(response, relaxed, "response_p50_ms")
    if saturated:
        throughput = Subject(
            f"throughput {saturated.phrase}",
            f"{{}} {saturated.phrase}",
            f"Throughput, {saturated.name}",
            _RATE,
            "as many",
            higher_is_better=True,
        )
        yield at(throughput, saturated, "messages_per_s")
        tail = Subject(
            f"tail latency {saturated.phrase}",
            f"a p99 of {{}} {saturated.phrase}",
            f"p99 response, {saturated.name}",
            wording.MS,
            "as long",
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


def _ratio(values: Sequence[Quantity]) -> Quantity:
    return values[0].by(values[1]) if len(values) > 1 else Quantity()


def _headline(
    servers: Sequence[Server], contrasts: Sequence[Contrast], step: int
) -> tuple[str, str]:
    """Who wins on what, and where nobody does."""
    names = tuple(server.noun for server in servers)
    clients = f"At {step:,} clients"
    decided = [contrast for contrast in contrasts if contrast.decided]
    undecided = [contrast.subject.noun for contrast in contrasts if contrast.limited]
    also = (
        f"The loader was the bottleneck for {joined(undecided)}: no verdict there."
        if undecided
        else ""
    )
    if not decided:
        return f"{clients} this run cannot tell {names[0]} from {names[1]}.", also
    wins: list[list[str]] = [[], []]
    for contrast in decided:
        if contrast.better is not None:
            wins[contrast.better].append(contrast.subject.noun + _price(contrast))
    even = [contrast.subject.noun for contrast in decided if contrast.better is None]
    if not any(wins):
        return f"{clients} there is no clear difference between {names[0]} and {names[1]}.", also
    first, second = sorted((0, 1), key=lambda index: -len(wins[index]))
    verb = "win" if servers[first].plural else "wins"
    everywhere = not wins[second] and not even and not undecided
    text = f"{clients} {names[first]} {verb} {'everywhere:' if everywhere else 'on'} "
    text += joined(wins[first])
    if wins[second]:
        text += f"; {names[second]} on {joined(wins[second])}"
    if even:
        also = f"No clear difference in {joined(even)}. {also}".strip()
    return f"{text}.", also


def _price(contrast: Contrast) -> str:
    """What a win on throughput is worth when it left clients waiting."""
    better = contrast.better
    starving = better is not None and Mark.STARVED in contrast.values[better].marks
    return " (while starving clients)" if contrast.subject.higher_is_better and starving else ""


def _alone(server: Server, contrasts: Sequence[Contrast], clients: str) -> tuple[str, str]:
    """What was measured of one server, and that nothing stands beside it."""
    facts = [
        contrast.subject.fact.format(
            f"{contrast.subject.unit.text(contrast.values[0].value)}{contrast.values[0].symbols}"
        )
        for contrast in contrasts
        if contrast.values[0].known
    ]
    headline = ", ".join([f"{server.label} serves {clients} clients", *facts[:1]])
    also = [wording.sentence(joined(facts[1:]))] if facts[1:] else []
    return f"{headline}.", " ".join([*also, "There is no other server to compare it with."])


def _card(contrast: Contrast, servers: Sequence[Server]) -> Card:
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
    return Card(subject.title, figure, words, bars, _claim(subject, servers))


def _claim(subject: Subject, servers: Sequence[Server]) -> str:
    """What the chapter says of it: the ratio of its columns, or the one column that is here."""
    if subject.claim is None:
        return ""
    roles = [server.role for server in servers]
    if roles == list(claims.ROLES):
        one, other = (subject.claim.value(role) for role in claims.ROLES)
        texts = " against ".join(subject.claim.text(role) for role in claims.ROLES)
        return f"{wording.ratio(one / other)} ({texts})"
    return subject.claim.text(roles[0]) if len(roles) == 1 and roles[0] else ""


def _verdict(contrast: Contrast, servers: Sequence[Server]) -> tuple[str, str]:
    """The big number and the words beside it."""
    if len(servers) == 1:
        return contrast.subject.unit.text(contrast.values[0].value), servers[0].phrase
    if contrast.limited:
        return wording.MISSING, "the loader was the bottleneck: no verdict"
    if not contrast.decided:
        measured = all(value.known for value in contrast.values)
        return wording.MISSING, "too little to compare" if measured else "not measured for both"
    if contrast.larger is None:
        return "≈ 1×", "no clear difference"
    value = contrast.ratio.value if contrast.larger == 0 else 1 / contrast.ratio.value
    return wording.ratio(value), f"{contrast.subject.more} {servers[contrast.larger].phrase}"


def _sentences(measured: Measured, servers: Sequence[Server], step: int) -> Iterable[str]:
    def each(unit: Unit, values: Iterable[Quantity]) -> str:
        """a with threads and b on the event loop."""
        return joined(
            [
                f"{unit.text(value.value)}{value.symbols} {server.phrase}"
                for value, server in zip(values, servers, strict=True)
            ]
        )

    def at(workload: Workload, column: str) -> list[Quantity]:
        return [measured.at(Point(server.label, workload.name, step), column) for server in servers]

    workloads = measured.workloads_of(servers)
    relaxed, saturated = (measured.workload(loop, workloads) for loop in ("open", "closed"))
    usual = relaxed or workloads[0]
    resident, virtual = (
        [measured.slope(server.label, usual.name, column) for server in servers]
        for column in ("resident_bytes", "vms_bytes")
    )
    if resident[0].known:
        text = (
            f"Each connection adds {each(wording.BYTES, resident)} to resident memory, "
            f"and {joined([wording.size(value.value) for value in virtual])} to virtual memory"
        )
        if servers[0].role == "synchronous":
            text += "; the chapter's 8,192 KB a thread is such reserved address space"
        yield f"{text}."
    if relaxed:
        p99 = joined(
            [wording.milliseconds(value.value) for value in at(relaxed, "response_p99_ms")]
        )
        text = (
            f"{_capital(relaxed.phrase)}{' a client' * relaxed.plain} the median response takes "
            f"{each(wording.MS, at(relaxed, 'response_p50_ms'))} (p99 {p99})"
        )
        claim = claims.RESPONSE_BY_CLIENTS.get(step)
        if claim and [server.role for server in servers] == list(claims.ROLES):
            text += f", where the chapter says {claim.synchronous} and {claim.asynchronous}"
        yield f"{text}."
    if saturated:
        p99 = joined(
            [wording.milliseconds(value.value) for value in at(saturated, "response_p99_ms")]
        )
        when = "Sending as fast as echoes come" if saturated.plain else _capital(saturated.phrase)
        text = (
            f"{when}, {each(_RATE, at(saturated, 'messages_per_s'))} come back, with a p99 of {p99}"
        )
        points = [Point(server.label, saturated.name, step) for server in servers]
        shares = [measured.of_ceiling(point) for point in points]
        if shares[0].known:
            share = joined([wording.share(each.value) for each in shares])
            text += f"; that is {share} of what this loader can drive here"
        yield f"{text}."
    yield from _starving(measured, servers, step)
    yield from _beyond(measured, step)
    held = [
        f"{server.phrase} "
        + joined(
            [
                f"{limit.bound}{limit.value:,.0f}{limit.symbols} {workload.name}"
                for workload in workloads
                for limit in [measured.max_connections(server.label, workload.name)]
            ]
        )
        for server in servers
    ]
    yield f"Clients served within a p99 of {measured.slo_p99_ms:g} ms: {'; '.join(held)}."


def _starving(measured: Measured, servers: Sequence[Server], step: int) -> Iterable[str]:
    for server in servers:
        for workload in measured.workloads:
            point = Point(server.label, workload.name, step)
            starved = measured.at(point, "starved").value
            if starved > 0:
                verb = "leave" if server.plural else "leaves"
                yield (
                    f"{_capital(server.noun)} {verb} {starved:,.0f} of {step:,} {workload.name} "
                    "connections without any echo for a whole window."
                )


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]


def _beyond(measured: Measured, step: int) -> Iterable[str]:
    """What failed, in part or in whole, at steps beyond the one that the answer is about."""
    for point in measured.points():
        for mark in (Mark.PARTIAL, Mark.FAILED):
            if point.connections > step and mark in measured.marks(point):
                yield wording.sentence(f"{mark.meaning}: {measured.details([point], mark)}")
