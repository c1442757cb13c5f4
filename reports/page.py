"""The page: one HTML file that holds everything and asks for nothing from outside."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from c10k.reports import style, wording
from c10k.reports.answer import Answer
from c10k.reports.chapter.verdict import CLEAR, WITHIN
from c10k.reports.contrast import APART_MS
from c10k.reports.figures import Picture
from c10k.reports.language import _, local_number, spoken
from c10k.reports.measured import Mark, Measured, connected
from c10k.reports.places import Place, meanings, places
from c10k.reports.table import Table


@dataclass(frozen=True)
class Trouble:
    """A step that did not end well: which one, why, and where on the page the rest stands."""

    where: str
    symbol: str
    status: str
    reason: str
    anchor: str


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
    recorded = places(measured)
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
            css=style.css(),
            measured=measured,
            manifest=measured.manifest,
            facts=facts(measured),
            troubles=troubles(measured, recorded),
            notices=notices(measured),
            places=recorded,
            meanings=meanings(),
            clear=wording.stated(CLEAR),
            within=wording.stated(WITHIN),
            apart=wording.objective(APART_MS),
            slo=wording.objective(measured.slo_p99_ms),
            marks=list(Mark),
        )
    )


def environment() -> Environment:
    """Templates in which every text is escaped, and a name that is not known is an error."""
    return _environment(spoken())


@cache
def _environment(language: str) -> Environment:
    made = Environment(
        loader=PackageLoader("c10k.reports"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.filters |= {"count": wording.count, "day": wording.day, "sentence": wording.sentence}
    made.globals |= {"_": _, "language": language}
    return made


def notices(measured: Measured) -> list[str]:
    """What a reader must know before trusting a figure."""
    found = []
    if measured.manifest["interrupted"] or not measured.manifest["finished_at"]:
        found.append(_("This run did not come to its end."))
    if measured.planned_missing:
        missing = wording.count(measured.planned_missing)
        found.append(_("Planned steps that were not measured: {count}.", count=missing))
    found += [
        wording.sentence(_("left out: {what}", what=line))
        for line in measured.manifest.get("left_out", ())
    ]
    others = [server for server in measured.servers if server.protocol != "echo"]
    if others and len(others) < len(measured.servers):
        labels = wording.joined([f"{server.label} {server.protocol}" for server in others])
        found.append(_("Not all servers speak the same: {some}; the others echo.", some=labels))
    points = measured.points()
    warnings = {
        Mark.LIMITED: _(
            "The loader was the bottleneck in {some} of {all} steps ({symbol}): their figures are "
            "not the server's limits."
        ),
        Mark.STOLEN: _(
            "The hypervisor gave over 5 % of a CPU to others in {some} of {all} steps ({symbol}): "
            "measure again when they are quiet."
        ),
        Mark.DISTURBED: _(
            "Others than server and loader took over 20 % of a CPU in {some} of {all} steps "
            "({symbol}): end what else runs here, then measure again."
        ),
    }
    for mark, warning in warnings.items():
        some = sum(mark in measured.marks(point) for point in points)
        if some:
            found.append(warning.format(some=some, all=len(points), symbol=mark.symbol))
    return found


def troubles(measured: Measured, recorded: Sequence[Place]) -> list[Trouble]:
    """Every repeat of a step that is not ok."""
    return [
        Trouble(
            _("{step}, repeat {repeat}", step=point, repeat=row["repeat"] + 1)
            if len(rows) > 1
            else str(point),
            measured.at(point, "connected").symbols,
            _(status),
            row["reason"] or connected(row),
            place.anchor,
        )
        for place in recorded
        for point, rows in [(place.point, measured.rows(place.point))]
        for row in rows
        for status in [row["status"]]
        if status != "ok"
    ]


def facts(measured: Measured) -> list[tuple[str, list[tuple[str, str]]]]:
    """The machine, the plan and the versions: titled lists of (what, value)."""
    manifest = measured.manifest
    plan, host = manifest["plan"], dict(manifest["host"])
    profile = plan.get("profile", {})
    memory = host.pop("memory_bytes", None)
    machine = [(_("memory"), wording.size(memory))] if isinstance(memory, int | float) else []
    machine = [*_items(host), *machine]
    machine.append((_("CPUs of the loader, the server"), _split(manifest["cpu_split"])))
    experiment = [
        (_("command"), " ".join(manifest["argv"])),
        (_("begun"), manifest["created_at"]),
        (_("ended"), manifest["finished_at"] or _("not finished")),
        (_("steps"), ", ".join(map(wording.count, plan.get("steps", ())))),
        (_("repeats"), _text(profile.get("repeats"))),
        (
            _("windows a step"),
            _(
                "{count} of {seconds} s",
                count=_text(profile.get("windows")),
                seconds=_text(profile.get("window-s")),
            ),
        ),
        (_("settling before"), _settling(profile)),
        *(
            (
                _("workload {name}", name=workload.name),
                f"{workload.description}, {_size(workload.size_bytes)}",
            )
            for workload in measured.workloads
        ),
    ]
    servers = [
        (
            server.label,
            ", ".join(
                filter(None, [_(server.model), server.language, server.protocol, server.command])
            ),
        )
        for server in measured.servers
    ]
    versions = _items(
        {
            "c10k": manifest["c10k_version"],
            "commit": manifest["commit"],
            **manifest["versions"],
        }
    )
    limits = [(_(name), _text(value)) for name, value in manifest["limits"].items()]
    ceiling = [
        (
            _("{count} connections", count=wording.count(point["connections"]))
            + f", {_size(point['size_bytes'])}",
            _(
                "{rate} messages/s, {cpu} µs of CPU a message, {share} of its CPU",
                rate=wording.count(point["messages_per_s"]),
                cpu=wording.number(point["loader_cpu_us_per_message"]),
                share=wording.share(point["loader_cpu_cores"]),
            ),
        )
        for point in manifest["ceiling"] or []
    ]
    lists = {
        _("Machine"): machine,
        _("Experiment"): experiment,
        _("What the loader can drive"): ceiling,
        _("Servers"): servers,
        _("Versions"): versions,
        _("Limits"): limits,
    }
    return [(title, items) for title, items in lists.items() if items]


def _settling(profile: Mapping[str, Any]) -> str:
    least, limit = _text(profile.get("warmup-s")), profile.get("warmup-limit-s")
    if limit is None:
        return _("{value} s", value=least)
    return _("at least {least} s, at most {limit} s", least=least, limit=_text(limit))


def _size(size_bytes: int) -> str:
    return _("{count} bytes", count=wording.count(size_bytes))


def _items(values: Mapping[str, Any]) -> list[tuple[str, str]]:
    return [(_(name.replace("_", " ")), _text(value)) for name, value in values.items()]


def _split(split: object) -> str:
    if not isinstance(split, dict):
        return _("not split")
    return "; ".join(f"{_(who)}: {_text(cpus)}" for who, cpus in split.items())


def _text(value: object) -> str:
    if value is None or value == "" or (isinstance(value, float) and math.isnan(value)):
        return _("unknown")
    if isinstance(value, bool):
        return _("yes") if value else _("no")
    if isinstance(value, int) and abs(value) >= 10_000:
        return wording.count(value)
    if isinstance(value, float):
        return local_number(f"{value:g}")
    if isinstance(value, list | tuple):
        return ", ".join(map(_text, value))
    if isinstance(value, dict):
        return ", ".join(f"{name} {_text(each)}" for name, each in value.items())
    return str(value)
