"""T6."""

from c10k.reports.chapter.single import single_claims


def found(measured):
    return {record["claim"]: record for record in single_claims(measured).records}


def verdict(measured, words):
    return next(record["verdict"] for claim, record in found(measured).items() if words in claim)


def alike_but(change):
    """Both servers alike in response time and CPU."""

    def changed(step):
        step.median_ms, step.sigma, step.cpu_us, step.starved = 1.0, 0.2, 20.0, 0
        change(step)

    return changed


def test_a_claim_without_its_workload_is_not_measured(measured, make):
    assert verdict(measured, "requests that compute") == "not measured here"
    assert verdict(measured, "zero copy") == "not measured here"
    alone = make(servers={"asyncio_streams": "event loop"}, steps=(10, 100))
    assert verdict(alone, "context switch") == "not measured here"
    assert verdict(alone, "threads fit under") == "not measured here"


def test_a_context_switch_costs_no_more_than_all_system_time(measured, step):
    record = next(each for claim, each in found(measured).items() if "context switch" in claim)
    system_s = step("threaded", "saturated", 100, "cpu_system_s")
    switches = step("threaded", "saturated", 100, "context_switches")
    off = 0.1 / (1e3 * system_s / switches)
    assert record["verdict"] == f"off by at least {off:.0f}×"


def test_which_server_to_choose_follows_from_the_guides_comparisons(make):
    def loops_win(step):
        step.messages_per_s = {"threaded": 1_000.0, "asyncio_streams": 5_000.0}[step.server]

    def threads_win(step):
        step.messages_per_s = {"threaded": 5_000.0, "asyncio_streams": 1_000.0}[step.server]

    def even(step):
        step.messages_per_s = 5_000.0

    few, many = "threads fit under", "an event loop fits over"
    for change, expected in (
        (loops_win, ("contradicted", "holds")),
        (threads_win, ("holds", "contradicted")),
        (even, ("holds", "holds")),
    ):
        measured = make(change=alike_but(change), workloads=("saturated",), repeats=3)
        assert (verdict(measured, few), verdict(measured, many)) == expected


def test_a_claim_that_holds_for_some_clients_says_for_which(make):
    def change(better_at):
        def changed(step):
            threads = step.server == "threaded"
            step.messages_per_s = 900.0 if threads is (step.connections in better_at) else 100.0

        return changed

    def told(*better_at):
        measured = make(workloads=("work_cpu",), change=alike_but(change(better_at)))
        return verdict(measured, "requests that compute")

    assert told(10, 100, 1_000) == "holds"
    assert told() == "contradicted"
    assert told(10, 100) == "holds up to 100"
    assert told(100, 1_000) == "holds from 100 on"
    assert told(100) == "in part"


def test_linear_growth_is_a_power_near_one(make):
    def grow(power):
        def change(step):
            step.median_ms, step.sigma = 0.01 * step.connections**power, 0.01

        return change

    words = "grows linearly"
    assert verdict(make(change=grow(1.0)), words) == "holds"
    assert verdict(make(change=grow(2.5)), words) == "off by 2.5×"


def test_a_loop_fits_where_threads_serve_as_many_but_let_some_wait(make):
    def change(step):
        step.messages_per_s = 5_000.0
        if step.server == "threaded":
            step.sigma = 3.0

    measured = make(change=alike_but(change), repeats=3)
    assert verdict(measured, "an event loop fits over") == "holds"
    assert verdict(measured, "threads fit under") == "contradicted"
