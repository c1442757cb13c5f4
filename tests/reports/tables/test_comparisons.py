"""All comparisons of the pair, and of techniques."""

import pytest

from c10k.reports.tables import comparisons
from tests.reports.synthetic import buffer_pool
from tests.reports.tables.reading import row

POOL = buffer_pool("pooled", "plain")


def stated(alike, change, clients="100", measure="throughput", **options):
    def changed(step):
        if step.server == "threaded":
            change(step)

    (table,) = comparisons.tables(*alike(changed, **options))
    return row(table, "saturated", clients, measure)


def by(**factors):
    """A change of figures, by a factor or by one for each repeat."""

    def change(step):
        for name, factor in factors.items():
            factor = factor[step.repeat] if isinstance(factor, tuple) else factor
            setattr(step, name, getattr(step, name) * factor)

    return change


def test_a_clear_difference_names_the_better(alike):
    found = stated(alike, by(messages_per_s=(2, 2.02, 2.04)))
    assert found["threaded"].startswith("2,051 messages/s [2,0")
    assert found["asyncio_streams"] == "1,015 messages/s"
    assert found["ratio"].startswith("2.0× [")
    assert found["outcome"] == "clear, threaded better"


def test_other_outcomes_are_distinguished(alike):
    undecided = stated(alike, by(messages_per_s=(0.9, 1.3, 1.6)))["outcome"]
    assert undecided.startswith("undecided, ")
    assert undecided.endswith(" would probably decide")
    once = stated(alike, by(messages_per_s=2), repeats=1)
    assert (once["ratio"], once["outcome"]) == ("2.0×", "indicative")
    ramp = stated(alike, by(), "all", "memory per connection")
    assert ramp["outcome"] == "equivalent"


def test_no_ratio_is_shown_that_cannot_be_quoted(alike):
    starved = {"starved": 40, "starved_wait_ms": 3e3}
    found = stated(alike, lambda step: vars(step).update(starved), measure="p99 response time")
    assert (found["threaded"], found["ratio"]) == ("—", "—")
    assert found["outcome"] == (
        "not compared: 40 of 100 clients unserved, median wait 0.864 ms (threaded)"
    )


@pytest.fixture
def tried(alike):
    """The table of a technique, of which `change` changes the server that has it."""

    def made(change, technique=POOL):
        def changed(step):
            if step.server == "pooled":
                change(step)

        servers = dict.fromkeys(("pooled", "plain"), "event loop")
        plan = {"techniques": [technique]}
        (table,) = comparisons.tables(*alike(changed, servers=servers, steps=(1_000,), plan=plan))
        return table

    return made


def verdict(table):
    return row(table, "saturated", "1,000")["the book's claim"]


@pytest.mark.parametrize(
    ("change", "outcome"),
    [
        (by(rss_bytes=0.5), "confirmed"),
        (by(cpu_us=2), "contradicted"),
        (by(messages_per_s=3), "no difference that matters"),  # the book claims nothing of it
    ],
)
def test_a_claim_is_judged_by_the_measures_that_it_is_about(tried, change, outcome):
    assert verdict(tried(change)) == outcome
    assert verdict(tried(change, {**POOL, "claim": ""})) == "—"


def test_both_sides_of_a_technique_their_ratio_and_its_outcome_are_shown(tried):
    table = tried(by(cpu_us=0.5))
    found = row(table, "saturated", "1,000")
    assert found["CPU per message: with"] == "10.2 µs"
    assert found["CPU per message: without"] == "20.5 µs"
    assert found["CPU per message: ratio"].endswith(", clear")
    assert found["memory: ratio"].endswith(", equivalent")
    title = "buffer pool: pooled against plain; the book: a pool of buffers removes the cost"
    assert table.sections[0].title.startswith(title)
    assert any("The servers had one CPU here" in note for note in table.notes)
