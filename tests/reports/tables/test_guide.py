"""When to choose which."""

from c10k.reports.tables import guide
from tests.reports.tables.reading import row

SATURATED = "saturated: closed loop"
BETTER = "clearly better: threaded"
LOOP_BETTER = "clearly better: asyncio_streams"


def stated(alike, change, **options):
    (table,) = guide.tables(*alike(change, **options))
    return row(table, SATURATED)


def fast(rates):
    """Throughput of threads by clients, everything else alike."""

    def change(step):
        if step.server == "threaded":
            step.messages_per_s *= rates.get(step.connections, 1)

    return change


def test_spans_are_joined_and_they_cross_between_steps(alike):
    change = fast({10: 8, 100: 4, 500: 1, 1_000: 0.5})
    found = stated(alike, change, steps=(10, 100, 500, 1_000))
    assert found[BETTER] == "throughput 4.0×–8.0× from 10 to 100"
    assert found[LOOP_BETTER] == "throughput 2.0× at 1,000"
    assert found["equivalent"] == (
        "memory per connection; CPU per message, median response time and p99 response time at "
        "every step; throughput at 500"
    )
    assert found["they cross"] == "throughput between 100 and 1,000 clients"
    assert found.keys().isdisjoint({"undecided", "not compared"})


def test_steps_that_failed_part_a_span(alike):
    def died(step):
        fast({10: 8, 100: 8, 1_000: 8})(step)
        once = step.connections == 100 and step.repeat
        if once or (step.server, step.connections) == ("threaded", 500):
            step.status = "failed"

    found = stated(alike, died, steps=(10, 100, 500, 1_000))
    assert found[BETTER] == "throughput 8.0× at 10; throughput 8.0× at 1,000"
    assert "CPU per message and throughput at 500 (threaded failed)" in found["not compared"]


def test_what_is_undecided_says_how_many_repeats_would_decide(alike):
    def wild(step):
        if step.server == "threaded":
            step.messages_per_s *= (0.9, 1.3, 1.6)[step.repeat]

    undecided = stated(alike, wild)["undecided"]
    assert undecided.startswith("throughput at every step (")
    assert undecided.endswith(" would probably decide)")


def test_what_is_not_compared_says_why_and_is_nobodys_advantage(alike):
    def trouble(step):
        fast({10: 8, 100: 8})(step)
        step.others = 1.5 if step.connections == 10 else 0.0
        if (step.server, step.connections) == ("threaded", 1_000):
            step.starved, step.starved_wait_ms = 400, 3_000.0

    found = stated(alike, trouble)
    assert found[BETTER] == "throughput 8.0× at 100"
    assert found["not compared"] == (
        "CPU per message, throughput, median response time and p99 response time at 10 "
        "(disturbed); median response time and p99 response time at 1,000 (threaded leaves clients "
        "unserved)"
    )


def test_there_is_none_without_outcomes_or_a_pair(alike):
    assert list(guide.tables(*alike(fast({10: 8}), repeats=1))) == []
    assert list(guide.tables(*alike(servers={"threaded": "thread per connection"}))) == []
