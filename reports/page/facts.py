"""The machine, the plan and the versions, and what a reader must know first."""

import json
from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Final

from c10k.reports import recorded, wording
from c10k.reports.language import N_, _
from c10k.reports.model.measured import Measured
from c10k.reports.model.quantity import Flag
from c10k.results.manifest import CeilingPoint

_REMEDIES: Final = {
    Flag.LOADER_LIMITED: N_(
        "The loader was the bottleneck in {some} of {all} steps: their figures are not the "
        "server's limits."
    ),
    Flag.DISTURBED: N_(
        "Other processes used more than 20 % of a CPU in {some} of {all} steps: stop other "
        "programs, then measure again."
    ),
    Flag.STEAL_TIME: N_(
        "The hypervisor gave more than 5 % of a CPU to others in {some} of {all} steps: "
        "measure again when they are quiet."
    ),
}


def notices(measured: Measured) -> Iterator[str]:
    """What a reader must know before trusting a figure, a sentence or two each."""
    about, points = measured.about, measured.points()
    if about.interrupted or not about.finished_at:
        yield _("This run did not come to its end.")
    if measured.planned_missing:
        missing = wording.count(measured.planned_missing)
        yield _("Planned steps that were not measured: {count}.", count=missing)
    for line in about.left_out:
        yield wording.sentence(_("left out: {what}", what=line))
    others = [server for server in measured.servers if server.protocol != "echo"]
    if others and len(others) < len(measured.servers):
        labels = wording.joined([f"{server.label} {server.protocol}" for server in others])
        yield _("Not all servers speak the same: {some}; the others echo.", some=labels)
    for flag, text in _REMEDIES.items():
        some = sum(flag in measured.flags(point) for point in points)
        if some:
            yield _(text, some=wording.count(some), all=wording.count(len(points)))
    for warning in about.warnings:
        texts = [recorded.warning(text) for text in (warning.message, warning.remedy) if text]
        yield " ".join(map(wording.sentence, texts))


def facts(measured: Measured) -> dict[str, dict[str, str]]:
    """What is known of the machine, the plan and the versions: by title, values by name."""
    about, profile = measured.about, measured.about.plan.profile
    warm_up = _(
        "at least {least} s, at most {limit} s",
        least=_text(profile.warmup_s),
        limit=_text(profile.warmup_limit_s),
    )
    lists: dict[str, Mapping[str, object]] = {
        _("Machine"): {
            **_host(about.host),
            _("CPUs of the loader, the server"): about.cpu_split or _("not split"),
        },
        _("The servers' host"): _host(about.server_host or {}),
        _("Experiment"): {
            _("command"): " ".join(about.argv),
            _("begun"): about.created_at,
            _("ended"): about.finished_at or _("not finished"),
            _("steps"): about.plan.steps,
            _("repeats"): profile.repeats,
            _("windows per step"): profile.windows,
            _("seconds per window"): profile.window_s,
            _("warm-up"): warm_up,
        },
        _("Workloads"): {
            each.name: f"{each.description}, {wording.size(each.size_bytes)}"
            for each in measured.workloads
        },
        _("Loader ceiling"): dict(map(_ceiling, about.ceiling or [])),
        _("Workers"): dict(_workers(measured)),
        _("Servers"): {
            each.label: [_(each.model), each.language, each.protocol, each.command]
            for each in measured.servers
        },
        _("Versions"): {"c10k": about.c10k_version, "commit": about.commit, **about.versions},
        _("Limits"): about.limits,
    }
    return {
        title: {_(name): _text(value) for name, value in values.items()}
        for title, values in lists.items()
        if values
    }


def _host(facts: Mapping[str, object]) -> dict[str, object]:
    """The facts of a host, with the size of its memory as people write it."""
    named = {name.replace("_", " "): value for name, value in facts.items()}
    memory = named.pop("memory bytes", None)
    if named:
        named[_("memory")] = wording.size(memory) if isinstance(memory, float) else None
    return named


def _ceiling(point: CeilingPoint) -> tuple[str, str]:
    connections = _("{count} connections", count=wording.count(point.connections))
    return f"{connections}, {wording.size(point.size_bytes)}", _(
        "{rate} messages/s, {cpu} µs of CPU per message, {share} of its CPU",
        rate=wording.count(point.messages_per_s),
        cpu=wording.number(point.loader_cpu_us_per_message),
        share=wording.share(point.loader_cpu_cores),
    )


def _workers(measured: Measured) -> Iterator[tuple[str, list[str]]]:
    """What is known of each worker that drove load, by its name."""
    messages: Counter[str] = Counter()
    for text in filter(None, measured.run.steps["worker_messages"]):
        messages.update(json.loads(text))
    for each in measured.about.workers:
        share = messages[each.name] / max(messages.total(), 1)
        offset, within = map(wording.number, (each.clock_offset_ms, each.clock_uncertainty_ms))
        ceilings = (f"{rate} ({where})" for where, rate in map(_ceiling, each.ceiling))
        yield (
            each.name,
            [
                _("{share} of the messages", share=wording.share(share)),
                _("clock offset {offset} ± {within} ms", offset=offset, within=within),
                *(_("alone {ceiling}", ceiling=ceiling) for ceiling in ceilings),
                str(each.host.get("cpu_model") or ""),
                f"c10k {each.version} {each.engine}",
                *([_("lost: {why}", why=each.lost)] if each.lost else []),
            ],
        )


def _text(value: object) -> str:
    if value is None or value == "":
        return _("unknown")
    if isinstance(value, bool):
        return _("yes") if value else _("no")
    if isinstance(value, int | float):
        return wording.count(value) if value == int(value) else wording.number(value)
    if isinstance(value, list):
        return ", ".join(_text(each) for each in value if each != "")
    if isinstance(value, dict):
        return "; ".join(f"{_(name)}: {_text(each)}" for name, each in value.items())
    return str(value)
