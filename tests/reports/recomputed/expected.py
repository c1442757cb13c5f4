"""The tables of a report as they should be."""

import math
from collections.abc import Callable
from dataclasses import replace
from typing import NamedTuple

from tests.reports.recomputed import chapter, formats
from tests.reports.recomputed.chapter import NONE, ROLES, Claim
from tests.reports.recomputed.formats import (
    MISSING,
    cell,
    count,
    milliseconds,
    number,
    per_s,
    size,
    words,
)
from tests.reports.recomputed.notes import footnotes, of_the_ceiling, spread, the_500
from tests.reports.recomputed.truth import CLEAR, Value, judged, stated

STATISTICS = {"mean": "mean", "p50": "p50", "p99": "p99", "p99_9": "p99.9"}
KINDS = {  # what it is called, where it stands, and whether the chapter may mean it
    "resident": ("resident", "resident_bytes", True),
    "kernel": ("kernel", "kernel_delta_bytes", False),
    "occupied": ("resident + kernel", "occupied_bytes", True),
    "virtual": ("virtual", "vms_bytes", True),
}
PARTS = {
    "socket_ms": "in sockets and under way",
    "run_queue_ms": "waiting for a CPU",
    "lock_ms": "waiting for a lock",
    "system_ms": "system CPU",
    "user_ms": "user CPU",
}
LIES = {
    "stacks": ("stack", "stack_bytes"),
    "heap": ("heap", "heap_bytes"),
    "programs": ("file", "file_bytes"),
    "page tables": ("page_tables", "page_tables_bytes"),
    "kernel stacks": ("kernel_stack", "kernel_stack_delta_bytes"),
    "sockets and the like": ("slab", "slab_delta_bytes"),
    "socket buffers": ("tcp", "tcp_memory_delta_bytes"),
    "resident + kernel": ("occupied", "occupied_bytes"),
    "virtual": ("virtual", "vms_bytes"),
}
STEP_COLUMNS = {
    "connections: connected": ("connected", count),
    "connections: set-up, s": ("setup_s", number),
    "connections: settling, s": ("warmup_s", number),
    "connections: starved": ("starved", count),
    "connections: errors": ("errors", count),
    "messages/s: offered": ("offered_per_s", per_s),
    "messages/s: echoed": ("messages_per_s", per_s),
    "messages/s: ceiling": ("ceiling_messages_per_s", count),
    "response time, ms: mean": ("response_mean_ms", number),
    "response time, ms: p50": ("response_p50_ms", number),
    "response time, ms: p90": ("response_p90_ms", number),
    "response time, ms: p99": ("response_p99_ms", number),
    "response time, ms: p99.9": ("response_p99_9_ms", number),
    "response time, ms: max": ("response_max_ms", number),
    "response time, ms: Little's law": ("littles_law_ratio", number),
    "memory: resident": ("resident_bytes", size),
    "memory: shared divided": ("pss_bytes", size),
    "memory: virtual": ("vms_bytes", size),
    "memory: page tables": ("page_tables_bytes", size),
    "memory: kernel": ("kernel_delta_bytes", size),
    "memory: threads": ("threads", count),
    "server CPU: µs a message": ("cpu_us_per_message", number),
    "server CPU: CPUs busy": ("cpu_cores", number),
    "server CPU: efficiency": ("cpu_efficiency", number),
    "server CPU: switches a message": ("context_switches_per_message", number),
    "loader: µs a message": ("loader_cpu_us_per_message", number),
    "loader: CPUs busy": ("loader_cpu_cores", number),
    "loader: send lag p99, ms": ("send_lag_p99_ms", number),
    "hiccups, ms: loader p99": ("hiccup_p99_ms", number),
    "hiccups, ms: loader max": ("hiccup_max_ms", number),
    "hiccups, ms: server p99": ("server_hiccup_p99_ms", number),
    "hiccups, ms: server max": ("server_hiccup_max_ms", number),
    "host: steal, s": ("steal_s", number),
    "host: others' CPU, s": ("other_processes_cpu_s", number),
}
SERVER_COLUMNS = {
    "clients": ("connected", count),
    "messages/s": ("messages_per_s", per_s),
    "p50 ms": ("response_p50_ms", number),
    "p99 ms": ("response_p99_ms", number),
    "memory/conn": ("resident_bytes_per_connection", size),
    "CPU µs/msg": ("cpu_us_per_message", number),
}
TIME_COLUMNS = {
    "of a message: a message ms": "message_ms",
    **{f"of a message: {title} ms": column for column, title in PARTS.items()},
    "set-up of a connection: connect ms": "connect_mean_ms",
    "set-up of a connection: to the first reply ms": "first_reply_ms",
}
TECHNIQUE_COLUMNS = {
    "messages/s": ("messages_per_s", per_s),
    "CPU a message, µs": ("cpu_us_per_message", number),
    "memory": ("resident_bytes", size),
}


class Expected(NamedTuple):
    """A table: headings; rows of (text, marks, interval), a section's title in the first; records;
    and what is written above and below it.
    """

    headings: list
    rows: list
    records: list
    around: list


class Figure(NamedTuple):
    """A figure of the chapter, how it is measured of a server, and of one by another."""

    heads: tuple
    measure: str
    unit: str
    text: Callable
    claim: Claim
    of: Callable
    ratio: Callable
    connections: int | None = None
    deciding: Callable | None = None


def tables(run):
    """Every table of the report but those of words, by the name of its file."""
    slo, some = f"{run.slo_p99_ms:g} ms", count(run.nearest(chapter.TIME_CLIENTS))
    remarks = chapter.REMARKS
    t1 = [*the_500(run), remarks["t1"]]
    t3 = [*of_the_ceiling(run), remarks["t3"]]
    always = {
        "t1-server-types": compared(run, ["measure", "detail"], server_types, slo, t1),
        "t2-memory": compared(
            *(run, ["connections", "memory"], memory, "1 KB is 1,024", [remarks["t2"]]),
            workloads=[run.usual],
            saving=True,
        ),
        "t2-where-it-lies": where_it_lies(run),
        "t3-response-time": compared(run, ["clients", "measure"], response, "", t3, "ms"),
        "t4-response-graph": compared(run, ["clients"], graph, "", [remarks["t4"]], "ms"),
        "t5-where-time-goes": compared(run, ["part"], time, f"{some}, 10 ms", [remarks["t5"]]),
        "t5-breakdown": breakdown(run),
        "servers": servers(run),
        "steps": steps(run),
    }
    searched = {"max-connections": max_connections(run)} if run.found else {}
    tried = {"techniques": techniques(run)} if run.plan["techniques"] else {}
    return always | searched | tried


def filled(shown, unit=""):
    """The cells and the fields of (column, value, how it is written)."""
    fields = {}
    for column, value, _text in shown:
        stem = column.removesuffix(unit)
        ends = {f"{stem}_low{unit}": value.low, f"{stem}_high{unit}": value.high}
        fields |= {column: value.value, **ends}
    return [cell(value, text) for _column, value, text in shown], fields


# Against the chapter.


def compared(run, heads, figures, caption, remarks, unit="", workloads=None, saving=False):
    """A table of the chapter's form; `figures` are those of a workload."""
    shown = f" {unit}" if unit else ""
    group = "saved by async" if saving else "sync ÷ async"
    headings = [
        *(*heads, "server", f"chapter{shown}", f"measured{shown}", "÷ chapter"),
        *(f"{group}: chapter", f"{group}: measured", "verdict"),
    ]
    rows, records, points = [], [], []
    for workload in workloads or run.loads:
        for figure in figures(run, workload):
            for server in run.servers:
                if run.visited(server, workload):
                    row, record = line(run, figure, server, shown, saving)
                    rows.append([words(run.heading(workload)), *row])
                    records.append({"workload": workload, **record})
                    some = [figure.connections] if figure.connections else run.ramp
                    points += [(server, workload, step) for step in some]
    around = [caption, *footnotes(run, points), spread(run), *remarks]
    return Expected(headings, rows, records, around)


def line(run, figure, server, shown, saving):
    """A figure of one server beside the chapter's."""
    kind, claim, unit = run.kind[server], figure.claim, figure.unit
    value = figure.of(server)
    # The synchronous server by the asynchronous one, of which this is one.
    pair = [server if kind == role else other for role, other in zip(ROLES, run.pair, strict=True)]
    ratio = figure.ratio(pair)
    claimed, claimed_ratio = claim.value(kind), claim.ratio
    by_chapter = value.over(stated(claimed))
    found = (figure.deciding or figure.of)(server)
    verdict = judged(claimed, found, claimed_ratio, ratio) if claimed > 0 else None
    claimed_text = MISSING
    if claimed_ratio > 0:
        claimed_text = formats.ratio(claimed_ratio)
        if saving:
            claimed_text = formats.share(1 - 1 / claimed_ratio)
    row = [
        *map(words, (*figure.heads, server)),
        words(claim.text(kind).removesuffix(shown) or MISSING),
        cell(value, figure.text),
        words(cell(by_chapter, formats.ratio)[0]),
        words(claimed_text),
        cell(_saved(ratio), formats.share) if saving else cell(ratio, formats.ratio),
        words(str(verdict) if verdict else MISSING),
    ]
    return row, {
        "measure": figure.measure,
        "connections": figure.connections,
        "server": server,
        "kind": kind,
        f"chapter_{unit}": claimed,
        **filled([(f"measured_{unit}", value, figure.text)], f"_{unit}")[1],
        "bound": value.bound.strip(),
        "measured_by_chapter": by_chapter.value,
        "sync_by_async_chapter": claimed_ratio,
        **filled([("sync_by_async", ratio, formats.ratio)])[1],
        "verdict": verdict.word if verdict else "",
        "off_by": verdict.off if verdict else math.nan,
        "marks": value.marks,
    }


def _saved(ratio):
    """What the asynchronous server needs less, as a part of the synchronous one's."""
    if not ratio.value > 0:
        return Value(marks=ratio.marks)
    ends = (ratio.low, ratio.high) if ratio.low > 0 else (math.nan, math.nan)
    low, high = (1 - 1 / end for end in ends)
    return Value(1 - 1 / ratio.value, low, high, ratio.marks)


def at_step(run, workload, connections, column, heads, claim, unit, text):
    return Figure(
        heads,
        column.removesuffix(f"_{unit}"),
        unit,
        text,
        claim,
        lambda server: run.value((server, workload, connections), column),
        lambda pair: run.ratio(pair, workload, connections, column),
        connections,
        lambda server: run.deciding((server, workload, connections), column),
    )


def of_all_steps(heads, measure, unit, text, claim, of, decides=None):
    """A figure whose ratio is that of the two servers' own, of what decides."""
    decides = decides or of

    def ratio(pair):
        return decides(pair[0]).over(decides(pair[1]))

    return Figure(heads, measure, unit, text, claim, of, ratio, deciding=decides)


def server_types(run, workload):
    busy, some = run.nearest(chapter.EFFICIENCY_CLIENTS), run.nearest(1_000)
    yield of_all_steps(
        ("max connections", f"p99 ≤ {run.slo_p99_ms:g} ms"),
        *("max", "connections", count, chapter.MAX_CONNECTIONS),
        lambda server: run.most(server, workload),
    )
    for kind, (title, column, claimed) in KINDS.items():
        yield of_all_steps(
            *(("memory a connection", title), f"memory_{kind}", "bytes", size),
            chapter.MEMORY_A_CONNECTION if claimed else NONE,
            lambda server, column=column: run.slope(server, workload, column),
            lambda server, column=column: run.slope(server, workload, column, deciding_only=True),
        )
    heads = ("CPU efficiency", f"at {count(busy)} clients")
    efficiency = (heads, chapter.EFFICIENCY, "share_of_1", number)
    yield at_step(run, workload, busy, "cpu_efficiency", *efficiency)
    for name in ("mean", "p50", "p99"):
        heads = (f"response time at {count(some)}", name)
        told = (heads, chapter.RESPONSE, "ms", milliseconds)
        yield at_step(run, workload, some, f"response_{name}_ms", *told)


def memory(run, workload):
    for connections, claim in chapter.MEMORY.items():
        for title, column, claimed in KINDS.values():
            told = ((count(connections), title), claim if claimed else NONE, "bytes", size)
            yield at_step(run, workload, connections, column, *told)


def response(run, workload):
    for connections, claim in chapter.RESPONSE_BY_CLIENTS.items():
        head = f"{count(connections)} ({chapter.LOADS[connections]})"
        for name, title in STATISTICS.items():
            told = ((head, title), claim, "ms", number)
            yield at_step(run, workload, connections, f"response_{name}_ms", *told)


def graph(run, workload):
    for connections in sorted({*chapter.GRAPH_CLIENTS, *run.ramp}):
        claim = chapter.RESPONSE_BY_CLIENTS.get(connections, NONE)
        told = ((count(connections),), claim, "ms", number)
        yield at_step(run, workload, connections, "response_p50_ms", *told)


def time(run, workload):
    titles = {"message_ms": "a message, in all", "first_reply_ms": "set-up: to the first reply"}
    for column, claim in chapter.TIME.items():
        told = (((titles | PARTS)[column],), claim, "ms", milliseconds)
        yield at_step(run, workload, run.nearest(chapter.TIME_CLIENTS), column, *told)


# The run's own.


def where_it_lies(run):
    workload = run.usual
    rows, records = [], []
    for server in run.servers:
        if run.visited(server, workload):
            slopes = {key: run.slope(server, workload, column) for key, column in LIES.values()}
            shown = [(f"{key}_bytes", slope, size) for key, slope in slopes.items()]
            cells, fields = filled(shown, "_bytes")
            rows.append([words(run.heading(workload)), words(server), *cells])
            records.append({"workload": workload, "server": server, **fields})
    around = [spread(run), chapter.REMARKS["lies"]]
    return Expected(["server", *LIES], rows, records, around)


def by_steps(run, points, headings, heads, figures, unit="", more=lambda point: {}):
    """A table of the run's own: a row a step of a server, `more` are further fields."""
    rows, records = [], []
    for point in points:
        cells, fields = filled(figures(point), unit)
        rows.append([words(run.heading(point[1])), *heads(point), *cells])
        key = dict(zip(("server", "workload", "connections"), point, strict=True))
        records.append(key | fields | more(point))
    return Expected(headings, rows, records, [*footnotes(run, points), spread(run)])


def breakdown(run):
    def figures(point):
        return [(column, run.value(point, column), number) for column in TIME_COLUMNS.values()]

    def heads(point):
        return words(count(point[2])), words(point[0])

    headings = ["clients", "server", *TIME_COLUMNS]
    return by_steps(run, run.points(), headings, heads, figures, "_ms")


def steps(run):
    def figures(point):
        shown = [(column, run.value(point, column), text) for column, text in STEP_COLUMNS.values()]
        # The marks stand by the server's name.
        return [(column, replace(value, marks=""), text) for column, value, text in shown]

    def heads(point):
        return words(count(point[2])), (point[0], run.marks(point), "")

    def more(point):
        repeats = run.rows(point)
        return {
            "repeats": len(repeats),
            "status": "; ".join(dict.fromkeys(row["status"] for row in repeats)),
            "loader_limited": any(row["loader_limited"] for row in repeats),
            "marks": run.marks(point),
        }

    headings = ["clients", "server", *STEP_COLUMNS]
    return by_steps(run, run.points(), headings, heads, figures, more=more)


def largest(run):
    """The largest step of each server under each workload."""
    last = {point[:2]: point for point in run.points()}
    places = [(server, workload) for workload in run.loads for server in run.servers]
    return [last[place] for place in places if place in last]


def figures_of(run, point):
    """(column, value, how it is written) of SERVER_COLUMNS."""
    slope = run.slope(*point[:2], "resident_bytes")
    return [
        (column, slope if column not in run.recorded else run.value(point, column), text)
        for column, text in SERVER_COLUMNS.values()
    ]


def servers(run):
    planned = run.plan["servers"]
    models = {each["label"]: f"{each['model']} ({each['language']})" for each in planned}

    def heads(point):
        return words(point[0]), words(models[point[0]])

    def figures(point):
        return figures_of(run, point)

    def more(point):
        return {"marks": run.marks(point)}

    headings = ["server", "model", *SERVER_COLUMNS]
    return by_steps(run, largest(run), headings, heads, figures, more=more)


def max_connections(run):
    rows, records = [], []
    for each in run.found:
        server, workload = each["server"], each["workload"]
        most = run.most(server, workload)
        heads = map(words, (run.heading(workload), server))
        rows.append([*heads, cell(most, count), words(each["why"])])
        records.append(
            {
                "workload": workload,
                "server": server,
                "max_connections": most.value,
                "bound": most.bound.strip(),
                "bound_by": each["why"],
                "slo_p99_ms": run.slo_p99_ms,
                "marks": most.marks,
            }
        )
    headings = ["server", "max connections", "bound by"]
    return Expected(headings, rows, records, [f"{run.slo_p99_ms:g} ms"])


# Techniques.


class TechniqueComparison(NamedTuple):
    """A technique with and without at a step, and what became of the chapter's claim."""

    technique: dict
    workload: str
    connections: int
    contrasts: dict
    verdict: str


def trials(run):
    for technique in run.plan["techniques"]:
        pair = technique["with_it"], technique["without_it"]
        for workload in technique["workloads"]:
            for step in run.ramp:
                if all(run.rows((server, workload, step)) for server in pair):
                    contrasts = {
                        column: run.contrast(pair, workload, step, column)
                        for column, _text in TECHNIQUE_COLUMNS.values()
                    }
                    verdict = became(technique["claim"], contrasts)
                    yield TechniqueComparison(technique, workload, step, contrasts, verdict)


def became(claim, contrasts):
    """The claim held where a measure that it is about is clearly better and none clearly worse."""
    about = [contrasts[column] for column in chapter.TECHNIQUES[claim][1]]
    if not any(each.decided for each in about):
        why = next((each.ratio.unjudged for each in about if each.ratio.unjudged), "")
        return f"not judged: {why}" if why else "not measured"
    better = {each.better for each in about}
    if better == {None}:
        return "no clear difference"
    if {0, 1} <= better:
        return "in part"
    return "held" if 0 in better else "no, the contrary"


def techniques(run):
    rows, records, points = [], [], []
    for technique, workload, connections, contrasts, verdict in trials(run):
        pair = technique["with_it"], technique["without_it"]
        claim = chapter.TECHNIQUES[technique["claim"]][0]
        title = f"{technique['name']}: {' against '.join(pair)}; the chapter: {claim}"
        record = {
            "technique": technique["name"],
            "with": pair[0],
            "without": pair[1],
            "workload": workload,
            "connections": connections,
        }
        row = [*map(words, (title, workload, count(connections)))]
        for column, text in TECHNIQUE_COLUMNS.values():
            (one, other), ratio = contrasts[column].values, contrasts[column].ratio
            record |= {f"{column}_with": one.value, f"{column}_without": other.value}
            record |= filled([(f"{column}_ratio", ratio, formats.ratio)])[1]
            row += [cell(one, text), cell(other, text), cell(ratio, formats.ratio)]
        rows.append([*row, words(verdict)])
        records.append(record | {"claim": technique["claim"], "verdict": verdict})
        points += [(server, workload, connections) for server in pair]
    titles = [
        f"{group}: {title}"
        for group in TECHNIQUE_COLUMNS
        for title in ("with", "without", "with ÷ without")
    ]
    around = [f"{CLEAR:g} and 1", *footnotes(run, points), spread(run)]
    return Expected(["workload", "clients", *titles, "the claim"], rows, records, around)
