"""T5: where the time of a message goes."""

from collections.abc import Iterable
from typing import Final

from c10k.reports import wording
from c10k.reports.chapter import claims
from c10k.reports.chapter.form import Figure, against_the_chapter, at_step
from c10k.reports.data import Raw
from c10k.reports.language import N_, _
from c10k.reports.measured import Measured, MeasuredWorkload, Point
from c10k.reports.table import Cell, Column, Table, by_workload, cell

# The parts of a message's time, from the outside in, as they are drawn and told.
PARTS: Final = {
    "socket_ms": N_("in sockets and under way"),
    "run_queue_ms": N_("waiting for a CPU"),
    "lock_ms": N_("waiting for a lock"),
    "system_ms": N_("system CPU"),
    "user_ms": N_("user CPU"),
}
_SET_UP: Final = {
    "connect_mean_ms": N_("connect"),
    "first_reply_ms": N_("to the first reply"),
}


def where_time_goes(measured: Measured) -> Table:
    """The chapter's parts of a request at 1,000 clients beside those measured."""
    connections = measured.nearest_step(claims.TIME_CLIENTS)
    titles = {
        "message_ms": N_("a message, in all"),
        "first_reply_ms": N_("set-up: to the first reply"),
    }

    def figures(workload: MeasuredWorkload) -> Iterable[Figure]:
        for column, claim in claims.TIME.items():
            head = {**PARTS, **titles}[column]
            yield at_step(measured, workload, connections, column, (_(head),), claim, wording.MS)

    return against_the_chapter(
        measured,
        "t5-where-time-goes",
        _("T5. Where the time goes"),
        _(
            "Of a message at {clients} clients. By Little's law: what the server's tasks spent in "
            "a state, divided by the messages. On a CPU is exact, but split into user and system "
            "by ticks of 10 ms; waiting for a CPU is nearly exact; waiting for a lock (the GIL, a "
            "mutex, a queue) is from looks at some of the threads. The rest is in sockets, under "
            "way, and until the loader has read the reply.",
            clients=wording.count(connections),
        ),
        (_("part"),),
        figures,
        notes=list(map(_, claims.NOTES["T5"])),
    )


def breakdown(measured: Measured) -> Table:
    """The same for every server at every step."""
    columns = {"message_ms": N_("a message"), **PARTS}
    points = measured.points()
    return Table(
        "t5-breakdown",
        _("T5. Where the time goes, at every step"),
        _(
            "Milliseconds of a message, and of setting up a connection: until it is connected, "
            "which the kernel does, and from there to its first reply, for which the server "
            "accepts it, starts a thread or a process where it has one for each, and answers a "
            "message."
        ),
        [
            Column(_("clients"), head=True),
            Column(_("server"), head=True),
            *(Column(_(title), _("of a message"), "ms") for title in columns.values()),
            *(Column(_(title), _("set-up of a connection"), "ms") for title in _SET_UP.values()),
        ],
        by_workload(
            measured,
            points,
            lambda point: [
                Cell(wording.count(point.connections), point.connections),
                Cell(point.server, point.server),
                *(cell(measured.at(point, key), wording.PLAIN) for key in (*columns, *_SET_UP)),
            ],
        ),
        measured.footnotes(points),
        [measured.spread_note()],
        [_record(measured, point, (*columns, *_SET_UP)) for point in points],
    )


def _record(measured: Measured, point: Point, columns: Iterable[str]) -> dict[str, Raw]:
    record: dict[str, Raw] = {
        "workload": point.workload,
        "connections": point.connections,
        "server": point.server,
    }
    for column in columns:
        quantity = measured.at(point, column)
        record[column] = quantity.value
        record[f"{column.removesuffix('_ms')}_low_ms"] = quantity.low
        record[f"{column.removesuffix('_ms')}_high_ms"] = quantity.high
    return record
