"""What stands below tables and by the answer, as texts with their numbers, names and marks."""

import json
import math
from collections import defaultdict

from tests.reports.recomputed import chapter
from tests.reports.recomputed.formats import MARKS, count, joined, milliseconds, share
from tests.reports.recomputed.truth import beside_little, borne, of_a_cpu

MEANT = {"λ": "2 %", "◊": "5 %", "△": "20 %"}  # by what each mark means


def footnotes(run, points):
    """Of each mark that some of the points bear."""
    points = list(dict.fromkeys(points))
    for symbol in MARKS:
        bearers = [point for point in points if symbol in run.marks(point)]
        if bearers:
            yield f"{symbol} {MEANT.get(symbol, '')}: {details(run, bearers, symbol)}"


def details(run, points, symbol):
    """Which steps bear a mark and how they came to it, by server and workload."""
    places = defaultdict(list)
    for point in points:
        rows = run.rows(point)
        bearing = [row for row in rows if symbol in borne(row)]
        parts = [count(point[2]), *_particulars(bearing, symbol)]
        if len(rows) > 1:
            parts.append(f"in {len(bearing)} of {len(rows)} repeats")
        places[point[:2]].append(" ".join(parts))
    return "; ".join(f"{', '.join(place)}, {joined(steps)}" for place, steps in places.items())


def _particulars(bearing, symbol):
    worst = min(bearing, key=lambda row: (row["connected"], -row["starved"]))
    if symbol == "†":
        causes = json.loads(worst["error_causes"] or "{}")
        if worst["connected"] < worst["connections"]:
            yield connected(worst)
        elif not causes:
            yield worst["reason"]
        for cause in sorted(causes, key=lambda cause: -causes[cause]):
            yield f"{count(causes[cause])} × {cause}"
    elif symbol == "§":
        yield count(worst["starved"])
        if not math.isnan(worst["starved_wait_max_ms"]):
            yield milliseconds(worst["starved_wait_max_ms"])
        if beside_little(worst):
            yield f"{worst['littles_law_ratio']:.2f}"
    elif symbol == "λ":
        yield f"{worst['littles_law_ratio']:.2f}"
    elif symbol == "※":
        yield f"{worst['unsteady']} after {worst['warmup_s']:.1f} s"
    elif symbol == "≈":
        yield share(min(row["memory_sampled_fraction"] for row in bearing))
    elif symbol in "◊△":
        column = {"◊": "steal_s", "△": "other_processes_cpu_s"}[symbol]
        yield share(max(of_a_cpu(row, column) for row in bearing))
    elif symbol == "¶":
        yield worst["reason"]


def connected(row):
    return f"{count(row['connected'])} of {count(row['connections'])} connected"


def spread(run):
    """What the intervals of the run are."""
    repeats, windows = (max(map(len, rows.values())) for rows in (run.steps, run.windows))
    return f"{repeats} repeats, 95 %" if repeats > 1 else f"{windows} windows"


def of_the_ceiling(run):
    """How near each server came to what the loader can drive, at each step."""
    for workload in run.loads:
        for server in run.servers:
            points = [(server, workload, step) for step in run.ramp]
            shares = [(point, run.of_ceiling(point)) for point in points]
            told = [
                f"{share(each.value)}{each.marks} at {count(point[2])}"
                for point, each in shares
                if each.known
            ]
            if told:
                yield f"{server}, {workload}, {joined(told)}"


def the_500(run):
    """Why the chapter says 500, of each server that was searched in a limited address space."""
    stack = chapter.MEMORY_A_CONNECTION
    for server in run.plan["servers"]:
        label, room = server["label"], server["limits"].get("as")
        found = [each for each in run.found if each["server"] == label]
        if found and room:
            held = {each["workload"]: run.most(label, each["workload"]) for each in found}
            workload = max(held, key=lambda name: held[name].value)
            most = held[workload].bound + count(held[workload].value)
            yield (
                f"{chapter.MAX_CONNECTIONS.synchronous}: in {room / chapter.GB:g} GB {label} "
                f"served {most}, {workload}; {count(room / stack.value(chapter.SYNC))} stacks of "
                f"{stack.synchronous}"
            )
