"""The page: one HTML file that holds everything and asks for nothing from outside."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from reports import answer as answers
from reports import style, wording
from reports.answer import Answer
from reports.chapter.verdict import CLEAR, WITHIN
from reports.figures import Picture
from reports.measured import Mark, Measured, causes
from reports.places import places
from reports.table import Table


@dataclass(frozen=True)
class Trouble:
    """A step that did not end well: which one, why, errors by cause, the server's last words."""

    where: str
    symbol: str
    status: str
    reason: str
    causes: Mapping[str, int]
    log_tail: str


def render(
    measured: Measured,
    answer: Answer,
    chapter_tables: Sequence[Table],
    own_tables: Sequence[Table],
    steps: Table,
    pictures: Sequence[Picture],
) -> str:
    """The whole page as HTML; every text of the run is escaped.

    `own_tables` are those that only a run of many servers, of techniques or searches has.
    """
    looks = style.looks(measured.servers)
    return (
        environment()
        .get_template("page.html.j2")
        .render(
            answer=answer,
            chapter_tables=chapter_tables,
            own_tables=own_tables,
            steps=steps,
            drawings=[(picture, Markup(style.for_page(picture.svg))) for picture in pictures],
            hues={label: look.hue for label, look in looks.items()},
            role_hues=style.ROLE_HUES,
            colours=style.css_markup(),
            measured=measured,
            manifest=measured.manifest,
            facts=facts(measured),
            troubles=troubles(measured),
            notices=notices(measured),
            places=places(measured),
            clear=CLEAR,
            within=WITHIN,
            apart_ms=answers.APART_MS,
            slo_ms=measured.slo_p99_ms,
            marks=list(Mark),
        )
    )


def environment() -> Environment:
    """Templates in which every text is escaped, and a name that is not known is an error."""
    made = Environment(
        loader=PackageLoader("reports"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.filters |= {"count": wording.count, "sentence": wording.sentence}
    return made


def notices(measured: Measured) -> list[str]:
    """What a reader must know before trusting a figure."""
    found = []
    if measured.manifest.get("interrupted") or not measured.manifest.get("finished_at"):
        found.append("This run did not come to its end.")
    if measured.planned_missing:
        found.append(f"Planned steps that were not measured: {measured.planned_missing}.")
    found += [
        wording.sentence(f"left out: {line}")
        for line in (measured.manifest.get("plan") or {}).get("left_out") or []
    ]
    others = [server for server in measured.servers if server.protocol != "echo"]
    if others and len(others) < len(measured.servers):
        labels = wording.joined([f"{server.label} {server.protocol}" for server in others])
        found.append(f"Not all servers speak the same: {labels}; the others echo.")
    points = measured.points()
    limited = sum(measured.limited(point) for point in points)
    if limited:
        found.append(
            f"The loader was the bottleneck in {limited} of {len(points)} steps "
            f"({Mark.LIMITED.symbol}): their figures are not the server's limits."
        )
    stolen = sum(Mark.STOLEN in measured.marks(point) for point in points)
    if stolen:
        found.append(
            f"The hypervisor gave over 5 % of a CPU to others in {stolen} of {len(points)} steps "
            f"({Mark.STOLEN.symbol}): measure again when they are quiet."
        )
    return found


def troubles(measured: Measured) -> list[Trouble]:
    """Every step that is not ok, or that starved connections."""
    return [
        Trouble(
            str(point) + (f", repeat {row['repeat'] + 1}" if len(rows) > 1 else ""),
            measured.at(point, "connected").symbols,
            row["status"],
            row["reason"] or _connected(row),
            causes(row),
            row["log_tail"],
        )
        for point in measured.points()
        for rows in [measured.rows(point)]
        for row in rows
        if row["status"] != "ok"
    ]


def _connected(row: Mapping[str, Any]) -> str:
    return f"{row['connected']:,} of {row['connections']:,} connected"


def facts(measured: Measured) -> list[tuple[str, list[tuple[str, str]]]]:
    """The machine, the plan and the versions: titled lists of (what, value)."""
    manifest = measured.manifest
    plan, host = manifest.get("plan") or {}, dict(manifest.get("host") or {})
    memory = host.pop("memory_bytes", None)
    machine = [("memory", wording.size(memory))] if isinstance(memory, int | float) else []
    machine = [*_items(host), *machine]
    machine.append(("CPUs of the loader, the server", _split(manifest.get("cpu_split"))))
    experiment = [
        ("command", " ".join(map(str, manifest.get("argv") or []))),
        ("begun", str(manifest.get("created_at", ""))),
        ("ended", str(manifest.get("finished_at") or "not finished")),
        ("steps", ", ".join(f"{step:,}" for step in plan.get("steps") or [])),
        ("repeats", _text(plan.get("repeats"))),
        ("windows a step", f"{_text(plan.get('windows'))} of {_text(plan.get('window_s'))} s"),
        ("settling before", _settling(plan)),
        *(
            (f"workload {workload.name}", f"{workload.description}, {workload.size_bytes:,} bytes")
            for workload in measured.workloads
        ),
    ]
    servers = [
        (
            server.label,
            ", ".join(
                filter(None, [server.model, server.language, server.protocol, server.command])
            ),
        )
        for server in measured.servers
    ]
    versions = _items(
        {
            "c10k": manifest.get("c10k_version"),
            "commit": manifest.get("commit"),
            **(manifest.get("versions") or {}),
        }
    )
    limits = [(name, _text(value)) for name, value in (manifest.get("limits") or {}).items()]
    ceiling = [
        (
            f"{point['connections']:,} connections, {point['size_bytes']:,} bytes",
            f"{wording.count(point['messages_per_s'])} messages/s, "
            f"{wording.number(point['loader_cpu_us_per_message'])} µs of CPU a message, "
            f"{wording.share(point['loader_cpu_share'])} of its CPU",
        )
        for point in manifest.get("ceiling") or []
    ]
    lists = {
        "Machine": machine,
        "Experiment": experiment,
        "What the loader can drive": ceiling,
        "Servers": servers,
        "Versions": versions,
        "Limits": limits,
    }
    return [(title, items) for title, items in lists.items() if items]


def _settling(plan: Mapping[str, Any]) -> str:
    least, limit = (_text(plan.get(key)) for key in ("settle_s", "settle_limit_s"))
    return f"{least} s" if limit == "unknown" else f"at least {least} s, at most {limit} s"


def _items(values: Mapping[str, Any]) -> list[tuple[str, str]]:
    return [(name.replace("_", " "), _text(value)) for name, value in values.items()]


def _split(split: object) -> str:
    if not isinstance(split, dict):
        return "not split"
    return "; ".join(f"{who}: {_text(cpus)}" for who, cpus in split.items())


def _text(value: object) -> str:
    if value is None or value == "" or (isinstance(value, float) and math.isnan(value)):
        return "unknown"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int) and abs(value) >= 10_000:
        return f"{value:,}"
    if isinstance(value, float):
        return f"{value:g}"
    if isinstance(value, list | tuple):
        return ", ".join(map(_text, value))
    if isinstance(value, dict):
        return ", ".join(f"{name} {_text(each)}" for name, each in value.items())
    return str(value)
