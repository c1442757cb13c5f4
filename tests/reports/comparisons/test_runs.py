"""Two runs against each other: each verdict, and what no verdict can be given of."""

import pytest

from c10k.reports.comparisons.pairs import CPU, MEMORY, P50, SLOPE, THROUGHPUT
from c10k.reports.comparisons.runs import RunComparison, Verdict
from c10k.reports.model.measured import ReportError


@pytest.fixture
def compared(make):
    """A run, and another in which `change` changes the server threaded."""

    def made(change=lambda step: None, base=None, **options):
        def changed(step):
            if step.server == "threaded":
                change(step)

        usual = {"repeats": 4, "steps": (10, 100)}
        runs = make(**usual | (base or {})), make(change=changed, **usual | options)
        runs[1].about.created_at = "2025-06-16T15:00:00+00:00"
        return RunComparison(*runs)

    return made


def of(found, measure, workload="saturated", step=100, server="threaded"):
    wanted = (server, workload, step, measure)
    return next(
        each
        for each in found.changes
        if (each.server, each.workload, each.step, each.measure) == wanted
    )


def by(**factors):
    def change(step):
        for name, factor in factors.items():
            factor = factor[step.repeat] if isinstance(factor, tuple) else factor
            setattr(step, name, getattr(step, name) * factor)

    return change


def test_head_is_judged_by_base_and_by_whether_more_is_better(compared):
    found = compared(by(cpu_us=1.5, messages_per_s=1.5, median_ms=0.5))
    cpu, throughput, p50 = (of(found, measure) for measure in (CPU, THROUGHPUT, P50))
    assert cpu.verdict is Verdict.REGRESSION
    assert cpu.comparison.ratio == pytest.approx(1.5)
    assert str(cpu) == "regression"
    assert throughput.verdict is p50.verdict is Verdict.IMPROVEMENT
    unchanged = of(found, CPU, server="asyncio_streams")
    assert (unchanged.verdict, unchanged.comparison.ratio) == (Verdict.EQUIVALENT, 1)


def test_memory_is_compared_over_the_ramp(compared):
    def double(step):
        step.rss_bytes += 23 * 1024 * step.connections

    memory = of(compared(double), MEMORY, step=SLOPE)
    assert memory.verdict is Verdict.REGRESSION
    assert memory.comparison.ratio == pytest.approx(2, rel=0.01)
    other = of(compared(double, steps=(10, 1_000)), MEMORY, step=SLOPE)
    assert str(other) == "not compared: measured at other steps"


def test_what_spreads_too_much_is_undecided_and_says_what_would_decide(compared):
    cpu = of(compared(by(cpu_us=(1, 1.9, 1.2, 2.5))), CPU)
    assert cpu.verdict is Verdict.UNDECIDED
    assert "would probably decide" in str(cpu)


def test_one_repeat_of_either_is_indicative(compared):
    cpu = of(compared(by(cpu_us=3), repeats=1), CPU)
    assert cpu.verdict is Verdict.INDICATIVE
    assert cpu.comparison.ratio == pytest.approx(3, rel=0.1)


def test_repeats_of_separate_runs_need_not_be_the_same(compared):
    """Of head the first two repeats are missing, of base the last two."""
    base = {"skip": lambda step: step.repeat > 1}
    cpu = of(compared(by(cpu_us=2), base, skip=lambda step: step.repeat < 2), CPU)
    assert cpu.comparison.repeats == 2
    assert cpu.comparison.ratio == pytest.approx(2, rel=0.1)


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"others": 0.9}, "disturbed (head)"),
        ({"loader_limited": True}, "loader-limited (head)"),
        ({"starved": 50}, "50 of 100 clients unserved"),
        ({"status": "failed"}, "failed (head)"),
        ({"protocol": "http"}, "head replies with HTTP and base with echo"),
    ],
)
def test_what_says_nothing_of_the_server_is_not_compared(compared, change, why):
    found = of(compared(lambda step: vars(step).update(change)), P50)
    assert found.verdict is Verdict.NOT_COMPARED
    assert str(found).startswith(f"not compared: {why}")


def test_a_reason_that_both_runs_have_is_stated_once(compared):
    found = of(compared(by(others=30), {"change": by(others=30)}), CPU)
    assert str(found) == "not compared: disturbed (head and base)"


def test_steps_of_one_run_alone_are_counted(compared):
    found = compared(steps=(10, 1_000))
    assert {each.step for each in found.changes} == {SLOPE, 10}
    assert found.alone == 2 * 2 * 2  # servers, workloads, steps


def test_the_verdicts_are_one_family(compared):
    """Alone, an interval that excludes 1 would do; among many it is not rare enough."""

    def spread(step):
        if step.connections == 100:
            step.cpu_us *= (1.2, 1.5, 1.15, 1.6)[step.repeat]

    cpu = of(compared(spread), CPU)
    assert cpu.comparison.low > 1
    assert cpu.comparison.ratio > 1.2
    assert cpu.verdict is Verdict.UNDECIDED


def test_runs_without_a_step_in_common_and_a_run_with_itself_are_refused(compared, make):
    with pytest.raises(ReportError, match="in common"):
        compared(steps=(1_000,))
    with pytest.raises(ReportError, match="the same run"):
        RunComparison(make(), make())
