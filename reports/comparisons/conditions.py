"""Whether two runs were measured under the same conditions."""

from collections.abc import Mapping

from c10k.reports import wording
from c10k.reports.language import _
from c10k.reports.model.measured import Measured
from c10k.results.manifest import FINGERPRINT, Fact


def unlike(base: Measured, head: Measured) -> list[str]:
    """What two runs must have in common and do not, each with both values: the machine with its
    interpreter, the windows, and the definitions of the workloads that both have.
    """
    one, other = _conditions(base), _conditions(head)
    return [
        _("{what} ({base}, {head})", what=what, base=one[what], head=other[what])
        for what in one
        if what in other and one[what] != other[what]
    ]


def _conditions(run: Measured) -> dict[str, str]:
    """They by name, as text."""
    about, profile = run.about, run.about.plan.profile
    return {
        **_machine(about.host),
        _("servers on"): _("another host") if about.server_host else _("the loader's host"),
        **{
            _("the servers' {fact}", fact=name): value
            for name, value in _machine(about.server_host or {}).items()
        },
        _("windows per step"): wording.count(profile.windows),
        _("seconds per window"): wording.stated(profile.window_s),
        **{
            _("workload {name}", name=each.name): " ".join(each.arguments)
            for each in about.workloads
        },
    }


def _machine(host: Mapping[str, Fact]) -> dict[str, str]:
    """What machines must have in common, by name; nothing where there is none."""
    return {
        _(name.removesuffix("_bytes").replace("_", " ")): _text(host.get(name))
        for name in FINGERPRINT
        if host
    }


def _text(fact: object) -> str:
    if fact is None:
        return _("unknown")
    return f"{fact:.0f}" if isinstance(fact, float) else str(fact)
