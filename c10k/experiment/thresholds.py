"""The thresholds of a plan: at which steps they are to be met, and where they were."""

from collections.abc import Iterable, Sequence
from typing import Final

from c10k.experiment.plan import Plan
from c10k.experiment.threshold_text import objective, threshold
from c10k.reports.wording import shortened
from c10k.results.fitness import Row
from c10k.results.thresholds import Checked, Step, Threshold, check

LONGEST_LIST: Final = 300  # characters of what there is


def thresholds_of(plan: Plan) -> list[Threshold]:
    """Those of --slo, each once, and that of --slo-p99, except with --find-max: then it is what the
    search keeps to.
    """
    own = [threshold(text) for text in dict.fromkeys(plan.slo)]
    if plan.slo_p99_ms is None or plan.find_max:
        return own
    return [*own, objective(plan.slo_p99_ms)]


def check_thresholds(plan: Plan, left_out: Sequence[str]) -> None:
    """Raise ValueError for a threshold that is for no step; what was `left_out` may be why."""
    because = f" (left out: {'; '.join(left_out)})" if left_out else ""
    for each in thresholds_of(plan):
        steps = _steps(plan)
        for key, value in each.only.items():
            there = dict.fromkeys(str(getattr(step, key)) for step in steps)
            steps = [step for step in steps if getattr(step, key) == value]
            if not steps:
                raise ValueError(
                    f"the threshold {each.text} is for no planned step: none has {key}={value}. "
                    f"Planned: {shortened(', '.join(there), LONGEST_LIST)}{because}"
                )


def checked(plan: Plan, rows: Iterable[Row]) -> list[Checked]:
    """Every threshold at each of its steps that were measured, by the rows of the plan's steps."""
    repeats: dict[Step, list[Row]] = {}
    for row in rows:
        repeats.setdefault(_step(row), []).append(row)
    return [
        check(each, step, repeats[step])
        for each in thresholds_of(plan)
        for step in _steps(plan)
        if step in repeats and each.is_for(step)
    ]


def _step(row: Row) -> Step:
    return Step(*(row[name] for name in Step._fields))


def _steps(plan: Plan) -> list[Step]:
    """The steps that are judged: those of a map, which shows where a server breaks, only where
    there are no others.
    """
    steps = [
        Step(server.server, workload.name, connections)
        for workload in plan.workloads
        for server in plan.servers
        for connections in plan.steps_of(server, workload)
    ]
    return [step for step in steps if step.workload not in plan.mapped] or steps
