"""What a report says in words, as texts with the same numbers, names and marks in the same order:
of the chapter's single claims, in the guide, and in the answer.
"""

import math
from itertools import groupby, pairwise
from typing import NamedTuple

import numpy as np

from tests.reports.recomputed import chapter, formats
from tests.reports.recomputed.chapter import ASYNC, NONE, ROLES, SYNC
from tests.reports.recomputed.expected import figures_of, largest, trials
from tests.reports.recomputed.formats import MISSING, count, joined, milliseconds, per_s, share
from tests.reports.recomputed.notes import MEANT, details, footnotes, spread, the_500
from tests.reports.recomputed.truth import (
    APART_MS,
    CLEAR,
    UNFIT,
    Contrast,
    Value,
    Verdict,
    judged,
    least_squares,
)

CROSSING = [f"crossing_{end}connections" for end in ("", "low_", "high_")]
STRAIGHT = 0.9  # r² from which growth is predictable
MEASURES = {
    "messages_per_s": "messages/s",
    "response_p99_ms": "p99 response",
    "cpu_us_per_message": "CPU a message",
}


# T6.


class Said(NamedTuple):
    """A single claim, what was measured of it, and the verdict."""

    claim: str
    measured: str = MISSING
    verdict: str = str(Verdict())


def claims(run):
    most = max(chapter.MEMORY)
    needed = chapter.MEMORY[most]
    closed = run.load("closed")
    few = [step for step in run.ramp if step <= chapter.FEW_CLIENTS]
    many = [step for step in run.ramp if step >= chapter.MANY_CLIENTS]
    yield Said(f"{chapter.SWITCH_MS:g} ms", *_switch(run))
    yield Said(f"{chapter.THREADS} on 4, {chapter.WAITING_MS:g} ms", *_waiting(run))
    yield Said(f"{count(most)}, {needed.synchronous}", *_needed(run, SYNC, most))
    yield Said(f"{count(most)}, {needed.asynchronous}", *_needed(run, ASYNC, most))
    yield Said(count(most), *_growth(run))
    for claim in chapter.TECHNIQUES:
        told = [_tried(trial) for trial in last(run) if trial.technique["claim"] == claim]
        yield from (Said("", *each) for each in told or [()])
    yield Said(count(chapter.FEW_CLIENTS), *_fits(run, closed, few, SYNC))
    yield Said(count(chapter.MANY_CLIENTS), *_fits(run, closed, many, ASYNC))
    yield Said("", *_fits(run, "work_cpu", run.ramp, SYNC))
    yield Said("", *_fits(run, "work_sleep", run.ramp, ASYNC))


def place(point):
    return f"{', '.join(point[:2])}, {count(point[2])}"


def _switch(run):
    """System time by context switches: more than these cost."""
    point = (run.pair[0], run.load("closed"), run.nearest(chapter.THREADS))
    switches = run.deciding(point, "context_switches_per_message")
    cost = run.deciding(point, "system_ms").over(switches)
    most = Value(cost.value, marks=cost.marks, bound="< ", unjudged=cost.unjudged)
    yield f"{place(point)}: {milliseconds(cost.value)}"
    yield str(judged(chapter.SWITCH_MS, most))


def _waiting(run):
    point = (run.pair[0], run.load("closed"), run.nearest(chapter.THREADS))
    waited = run.deciding(point, "run_queue_ms")
    cpus = len(run.manifest["cpu_split"]["server"])
    yield f"{place(point)}: {milliseconds(waited.value)}, {cpus}"
    yield str(judged(chapter.WAITING_MS, waited))


def _needed(run, role, most):
    """Memory at the chapter's largest step, and of threads the faults that read from disk."""
    point = (run.pair[ROLES.index(role)], run.load("open"), most)
    if most in run.ramp and run.usable(point):
        needed = run.deciding(point, "occupied_bytes" if role == SYNC else "resident_bytes")
        told = f"{place(point)}: {formats.size(needed.value)}"
        if role == SYNC:
            faults = run.deciding(point, "major_faults")
            window_s = run.value(point, "window_s")
            told += f", {formats.number(faults.value / window_s.value)}"
        claim = chapter.MEMORY[most]
        ratio = run.ratio(run.pair, *point[1:], "resident_bytes")
        yield told
        yield str(judged(claim.value(role), needed, claim.ratio, ratio))


def _growth(run):
    """The power of the clients with which the event loop's median grows."""
    server, workload = run.pair[1], run.load("closed")
    steps = {step: (server, workload, step) for step in run.ramp}
    medians = {step: run.deciding(point, "response_p50_ms") for step, point in steps.items()}
    known = {s: each.value for s, each in medians.items() if each.value > 0 and not each.unjudged}
    if len(known) < 3:
        return
    x, y = np.log(list(known)), np.log(list(known.values()))
    power = float(least_squares(x, y))
    straight = (power * x.std() / y.std()) ** 2
    verdict = judged(1, Value(power))
    if verdict.word == "holds" and straight < STRAIGHT:
        verdict = Verdict("contradicted")
    ends = f"{count(min(known))} to {count(max(known))}"
    yield f"{server}, {workload}, {ends}: {power:.2f}th, {straight:.2f}"
    yield str(verdict)


def last(run):
    """The trials at the largest step of each technique and workload."""
    found = {(trial.technique["name"], trial.workload): trial for trial in trials(run)}
    return list(found.values())


def _tried(trial):
    ratios = [each.ratio.value for each in trial.contrasts.values() if each.ratio.known]
    told = place((trial.technique["with_it"], trial.workload, trial.connections))
    yield f"{told}: {joined([formats.ratio(ratio) for ratio in ratios])}"
    yield trial.verdict


def _fits(run, workload, steps, role):
    """At which steps the other kind of server is clearly better by nothing."""
    fits = {}
    for step in steps if workload in run.loads else ():
        better = better_by_any(run, workload, step)
        if better is not None:
            fits[step] = 1 - ROLES.index(role) not in better
    if fits:
        ends = dict.fromkeys((min(fits), max(fits)))
        yield "; ".join(_figures(run, workload, step) for step in ends)
        yield _where(fits)


def _figures(run, workload, step):
    told = f"{workload}, {count(step)}"
    for server in run.pair:
        point = (server, workload, step)
        rate, p99 = (run.value(point, each) for each in ("messages_per_s", "response_p99_ms"))
        told += f", {server} {per_s(rate.value)}, {milliseconds(p99.value)}"
    return told


def _where(fits):
    steps, held = list(fits), [step for step, fit in fits.items() if fit]
    if len(held) in (0, len(steps)):
        return "holds" if held else "contradicted"
    if held == steps[: len(held)]:
        return f"holds up to {count(held[-1])}"
    return f"holds from {count(held[0])} on" if held == steps[-len(held) :] else "in part"


# The guide.


def contrasts(run, workload):
    """(measure, step -> contrast) of the chapter's pair; in an open loop what is offered comes
    back.
    """
    places = {step: [(server, workload, step) for server in run.pair] for step in run.ramp}
    steps = [step for step, points in places.items() if all(map(run.rows, points))]
    closed = (run.loads | run.map)[workload]["loop"] == "closed"
    for column, measure in MEASURES.items():
        if closed or column != "messages_per_s":
            yield measure, {step: run.contrast(run.pair, workload, step, column) for step in steps}


def guided(run):
    """(workload, measure, step -> contrast) of every comparison of the guide."""
    for workload in (*run.common(run.pair), *run.map):
        for each in contrasts(run, workload):
            yield workload, *each


def better_by_any(run, workload, step):
    """Who of the pair is clearly better by one measure at least; None where none is decided."""
    found = [each[step] for _measure, each in contrasts(run, workload) if step in each]
    decided = {each.better for each in found if each.decided}
    return decided - {None} if decided else None


class Advice(NamedTuple):
    """A row of the guide, and where the two cross."""

    workload: str
    by: str
    measure: str
    better: str
    crossings: list


def advice(run):
    for workload, measure, steps in guided(run):
        found = {step: each for step, each in steps.items() if each.decided}
        if found:
            compared = {s: each for s, each in steps.items() if s in found or each.ratio.unjudged}
            better = "; ".join(
                _span(run.pair, list(alike), compared)
                for _better, alike in groupby(
                    compared, key=lambda step: (compared[step].better, step in found)
                )
            )
            both = {0, 1} <= {each.better for each in found.values()}
            crossed = crossings(found) if both else []
            yield Advice(workload, by(run, workload), measure, better, crossed)


def by(run, workload):
    load = (run.loads | run.map)[workload]
    if load["loop"] == "closed":
        return workload
    return f"{'' if workload in run.map else f'{workload}, '}{a_rate(load)} a client"


def a_rate(load):
    rate = load["rate_per_connection"]
    return f"{rate:g} message{'s' * (rate != 1)}/s"


def _span(pair, steps, found):
    where = f"at {count(steps[0])}"
    if steps[1:]:
        where = f"from {count(steps[0])} to {count(steps[-1])}"
    if found[steps[0]].ratio.unjudged:
        why = dict.fromkeys(found[step].ratio.unjudged for step in steps)
        return f"not judged {where}: {'; '.join(why)}"
    better = found[steps[0]].better
    if better is None:
        return f"no clear difference {where}"
    times = [max(found[step].ratio.value, 1 / found[step].ratio.value) for step in steps]
    return f"{pair[better]}, {formats.between(min(times), max(times), formats.ratio)}, {where}"


def crossings(found):
    """(at, low, high) where straight lines between the ratios, and between their ends, are 1, on
    logarithmic axes; NaN where an end leads beyond the steps.
    """
    x = np.log(list(found))
    ratios = [each.ratio for each in found.values()]
    at, low, high = (
        _roots(x, np.log([end(ratio) for ratio in ratios]))
        for end in (
            lambda ratio: ratio.value,
            lambda ratio: ratio.low if ratio.low > 0 else ratio.value,
            lambda ratio: ratio.high if ratio.high > 0 else ratio.value,
        )
    )
    ends = [*low, *high]
    return [
        (
            math.exp(root),
            math.exp(max((end for end in ends if end <= root), default=math.nan)),
            math.exp(min((end for end in ends if end >= root), default=math.nan)),
        )
        for root in at
    ]


def _roots(x, y):
    return [
        a - fa * (b - a) / (fb - fa)
        for (a, fa), (b, fb) in pairwise(zip(x, y, strict=True))
        if (fa >= 0) != (fb >= 0)
    ]


def rooms(run):
    """How many connections have room in so much memory, as the guide says it."""
    for gigabytes in (1, 4, 16):
        told = []
        for server in run.servers:
            slope = run.slope(server, run.usual, "occupied_bytes").value
            if slope > 0:
                step, occupied = next(
                    (step, value.value)
                    for step in run.ramp
                    for value in [run.value((server, run.usual, step), "occupied_bytes")]
                    if value.known
                )
                room = max(0.0, step + (gigabytes * chapter.GB - occupied) / slope)
                told.append(f"{formats.about(room)} of {server}")
        if told:
            yield formats.size(gigabytes * chapter.GB), f"room for {joined(told)}"


def crossing_texts(rows):
    """Those of the guide's data."""
    for row in rows:
        at, *ends = [count(float(row[column])) if row[column] else "…" for column in CROSSING]
        if row[CROSSING[0]]:
            yield f"{at} clients [{'–'.join(ends)}]"


def guide(run, crossed):
    """The guide in sentences; `crossed` are the texts of where the two cross, by row."""
    found = [each for *_, steps in guided(run) for each in steps.values()]
    sure = [each for each in found if each.decided]
    if not sure:
        return
    places = [
        f"{joined(texts)} in {each.measure}, {each.by}"
        for each, texts in zip(advice(run), crossed, strict=True)
        if texts
    ]
    yield f"They cross at {joined(places)}." if places else "At no step."
    for step in (run.ramp[0], run.ramp[-1]):
        fitting = {0: [], 1: [], None: []}
        for workload in run.common(run.pair):
            better = better_by_any(run, workload, step)
            if better is not None:
                fitting[min(better) if len(better) == 1 else None].append(workload)
        nouns = enumerate(run.noun.values())
        told = [f"{noun} fits {joined(fitting[who])}" for who, noun in nouns if fitting[who]]
        told += [f"either fits {joined(fitting[None])}"] if fitting[None] else []
        if told:
            yield f"With {count(step)} clients {'; '.join(told)}."
    clear = sum(each.better is not None for each in sure)
    yield f"of {len(found)}: {clear}, {len(sure) - clear}, {len(found) - len(sure)}"


# The answer.


class Card(NamedTuple):
    """Something that the pair is compared by: what prose and the card call it, how its values are
    written, and what the chapter says of it.
    """

    noun: str
    title: str
    contrast: Contrast
    text: object
    claim: object = NONE

    def verdict(self, run):
        """The big number, and who has so much more."""
        value, larger = self.contrast.ratio.value, self.contrast.larger
        if self.contrast.ratio.unjudged:
            return [MISSING, self.contrast.ratio.unjudged]
        if larger is None:
            return ["≈ 1×" if self.contrast.decided else MISSING]
        return [formats.ratio(value if larger == 0 else 1 / value), run.noun[run.pair[larger]]]

    @property
    def claimed(self):
        if math.isnan(self.claim.ratio):
            return ""
        return f"{formats.ratio(self.claim.ratio)} ({' against '.join(self.claim)})"


def loads(run):
    """The workloads that the answer is about: one with an open loop, one with a closed one."""
    return [run.load(loop, run.common(run.pair)) for loop in ("open", "closed")]


def points(run, step):
    return [(server, workload, step) for server in run.pair for workload in loads(run)]


def common_step(run):
    """The largest step that the pair got through under each of them."""
    return max(step for step in run.ramp if all(map(run.usable, points(run, step))))


def subjects(run):
    step, (relaxed, saturated) = common_step(run), loads(run)
    at, when = f"at {a_rate(run.loads[relaxed])}", f"when {saturated}"

    def contrast(workload, column):
        return run.contrast(run.pair, workload, step, column)

    slopes = tuple(run.slope(server, relaxed, "resident_bytes") for server in run.pair)
    memory = Contrast(slopes, run.ratio_of_slopes(relaxed, "resident_bytes"), "resident_bytes")
    claim = chapter.MEMORY_A_CONNECTION
    yield Card("memory", "Memory a connection", memory, formats.size, claim)
    cpu = contrast(relaxed, "cpu_us_per_message")
    yield Card("CPU", f"CPU a message, {relaxed}", cpu, formats.micros)
    response, claim = contrast(relaxed, "response_p50_ms"), chapter.RESPONSE_BY_CLIENTS[step]
    title = f"Median response, {a_rate(run.loads[relaxed])}"
    yield Card(f"response time {at}", title, response, milliseconds, claim)
    rate = contrast(saturated, "messages_per_s")
    yield Card(f"throughput {when}", f"Throughput, {saturated}", rate, formats.rate)
    tail = contrast(saturated, "response_p99_ms")
    yield Card(f"tail latency {when}", f"p99 response, {saturated}", tail, milliseconds)


def cards(run):
    """Of the last two subjects the one that differs more."""
    *first, rate, tail = subjects(run)
    return [*first, max(rate, tail, key=_difference)]


def _difference(card):
    contrast = card.contrast
    return abs(math.log(contrast.ratio.value)) if contrast.decided else 0.0


def headline(run):
    """Who wins on what; and where nobody does, or it cannot be said."""
    wins, even, undecided = ([], []), [], {}
    for card in subjects(run):
        contrast = card.contrast
        if contrast.better is not None:
            starving = "§" in contrast.values[contrast.better].marks
            price = starving and contrast.column == "messages_per_s"
            wins[contrast.better].append(card.noun + " (while starving clients)" * price)
        elif contrast.decided:
            even.append(card.noun)
        elif contrast.ratio.unjudged:
            undecided.setdefault(contrast.ratio.unjudged, []).append(card.noun)
    nouns = list(run.noun.values())
    first = 0 if len(wins[0]) >= len(wins[1]) else 1
    everywhere = not wins[1 - first] and not even and not undecided
    won = joined(wins[first])
    text = f"{nouns[first]} wins {'everywhere:' if everywhere else 'on'} {won}"
    if not any(wins):
        alike = f"there is no clear difference between {nouns[0]} and {nouns[1]}"
        text = alike if even else f"this run cannot tell {nouns[0]} from {nouns[1]}"
    if wins[1 - first]:
        text += f"; {nouns[1 - first]} on {joined(wins[1 - first])}"
    also = [f"Compared are {joined(run.pair)}, of {len(run.servers)} servers."]
    also += [f"No clear difference in {joined(even)}."] if even else []
    for why, nouns_of in undecided.items():
        told = f"{joined(nouns_of)} not judged: {why}."
        also.append(told[0].upper() + told[1:])
    return f"At {count(common_step(run))} clients {text}.", " ".join(also)


def notices(run):
    """What a reader must know before trusting a figure."""
    yield from run.plan["left_out"]
    points = run.points()
    for symbol in "‡◊△":
        some = sum(symbol in run.marks(point) for point in points)
        if some:
            yield f"{MEANT.get(symbol, '')} {some} of {len(points)} {symbol}"


def sentences(run, crossed):
    step, (relaxed, saturated) = common_step(run), loads(run)

    def each(text, values):
        pairs = zip(values, run.noun.values(), strict=True)
        return joined([f"{text(value.value)}{value.marks} with {who}" for value, who in pairs])

    def at(workload, column):
        return [run.value((server, workload, step), column) for server in run.pair]

    def plainly(text, values):
        return joined([text(value.value) for value in values])

    resident, virtual = (
        [run.slope(server, relaxed, column) for server in run.pair]
        for column in ("resident_bytes", "vms_bytes")
    )
    yield (
        f"{each(formats.size, resident)}, {plainly(formats.size, virtual)}, "
        f"{chapter.MEMORY_A_CONNECTION.synchronous}"
    )
    p50, p99 = (at(relaxed, f"response_{name}_ms") for name in ("p50", "p99"))
    yield (
        f"At {a_rate(run.loads[relaxed])} {each(milliseconds, p50)}, p99 "
        f"{plainly(milliseconds, p99)}, {joined(chapter.RESPONSE_BY_CLIENTS[step])}"
    )
    rates, p99 = (at(saturated, column) for column in ("messages_per_s", "response_p99_ms"))
    shares = [run.of_ceiling((server, saturated, step)) for server in run.pair]
    yield (
        f"{each(formats.rate, rates)}, p99 {plainly(milliseconds, p99)}, {plainly(share, shares)}"
    )
    for server in run.pair:
        starved = {load: run.value((server, load, step), "starved").value for load in run.loads}
        told = [f"{count(left)} {load}" for load, left in starved.items() if left > 0]
        if told:
            noun = run.noun[server]
            who = noun if noun == server else noun.capitalize()
            yield f"{who} leaves some of {count(step)}: {joined(told)}"
    for point in run.points():
        compared = point[0] in run.pair and point[1] in (relaxed, saturated)
        beyond = point[2] > step or (point[2] == step and not compared)
        for symbol in "†¶" * beyond:
            if symbol in run.marks(point):
                yield details(run, [point], symbol)
    held = []
    for server in run.pair:
        mosts = {load: run.most(server, load) for load in run.common(run.pair)}
        told = [
            f"{most.bound}{count(most.value)}{most.marks} {load}" for load, most in mosts.items()
        ]
        held.append(f"with {run.noun[server]} {joined(told)}")
    yield f"Clients served within a p99 of {run.slo_p99_ms:g} ms: {'; '.join(held)}."
    yield from guide(run, crossed)


def header(run, crossed):
    """All of the page's header."""
    host = run.manifest["host"]
    yield from run.servers
    yield from (host["cpu_model"], str(host["cpus"]), host["kernel"])
    yield f"{count(run.ramp[0])} to {count(run.ramp[-1])}, {run.manifest['created_at'][:10]}"
    yield from headline(run)
    yield from notices(run)
    for card in cards(run):
        yield f"{card.title}: {' '.join(card.verdict(run))}"
        for server, value in zip(run.pair, card.contrast.values, strict=True):
            yield f"{server} {card.text(value.value)}{value.marks}"
        yield card.claimed
    yield from sentences(run, crossed)
    yield from footnotes(run, points(run, common_step(run)))
    yield f"{CLEAR:g}, 1, {APART_MS:g} ms, {spread(run)}"


def summary(run, crossed):
    """All of summary.md."""
    yield from (*headline(run), *run.pair)
    for card in cards(run):
        yield card.title
        for value in card.contrast.values:
            interval = formats.between(value.low, value.high, card.text) if value.spread else ""
            yield f"{card.text(value.value)}{value.marks} ({interval})"
        yield f"{' '.join(card.verdict(run))} {card.claimed}"
    yield from sentences(run, crossed)
    yield from footnotes(run, points(run, common_step(run)))
    yield spread(run)


def terminal(run, crossed):
    """All that a terminal shows at the end of a run."""
    yield from headline(run)
    yield from guide(run, crossed)
    for point in largest(run):
        cells = [formats.cell(value, text)[0] for _column, value, text in figures_of(run, point)]
        cells[0] += run.marks(point)
        yield f"{point[1]} {point[0]} {' '.join(cells)}"
    yield from footnotes(run, largest(run))
    yield f"{run.slo_p99_ms:g} ms" if run.found else ""
    for each in run.found:
        most = run.most(each["server"], each["workload"])
        held = f"{most.bound}{count(most.value)}{most.marks}"
        yield f"{each['workload']} {each['server']} {held} {each['why']}"
    yield from the_500(run)
    for trial in last(run):
        ratios = [each.ratio.value for each in trial.contrasts.values()]
        marks = [each.ratio.marks for each in trial.contrasts.values()]
        limits = ["".join(symbol for symbol in each if symbol in UNFIT) for each in marks]
        told = [formats.ratio(ratio) + limit for ratio, limit in zip(ratios, limits, strict=True)]
        yield f"{trial.workload} {count(trial.connections)} {' '.join(told)}"
