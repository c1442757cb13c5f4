import pytest

from c10k.reports import techniques
from c10k.reports.answer import answer
from c10k.reports.summary import WIDTH, terminal_summary
from tests.reports.synthetic import buffer_pool

POOL = buffer_pool("pooled", "plain")


@pytest.fixture
def run_of(make):
    """A run of a technique, of which `with_it` changes the server that has it."""

    def made(technique=POOL, steps=(1_000,), also=lambda behaviour: None, **with_it):
        def change(behaviour):
            noise = 1 + 0.01 * behaviour.repeat
            behaviour.messages_per_s = 5_000 * noise
            behaviour.cpu_us = 20.0 * noise
            behaviour.rss_bytes = 30e6 * noise
            if behaviour.server == technique["with"]:
                for name, factor in with_it.items():
                    setattr(behaviour, name, getattr(behaviour, name) * factor)
                also(behaviour)

        return make(
            servers={"pooled": "event loop", "plain": "event loop"},
            workloads=("saturated",),
            steps=steps,
            repeats=3,
            change=change,
            plan={"techniques": [technique]},
        )

    return made


def verdicts(measured):
    return {trial.verdict for trial in techniques.trials(measured)}


@pytest.mark.parametrize(
    ("with_it", "verdict"),
    [
        ({}, "no clear difference"),
        ({"cpu_us": 0.5}, "held"),
        ({"rss_bytes": 0.5}, "held"),
        ({"cpu_us": 2}, "no, the contrary"),
        ({"cpu_us": 0.5, "rss_bytes": 3}, "in part"),
        ({"messages_per_s": 3}, "no clear difference"),  # the chapter claims nothing of it
        ({"cpu_us": 0.9}, "no clear difference"),
    ],
)
def test_the_claim_is_judged_by_the_measures_that_it_is_about(run_of, with_it, verdict):
    assert verdicts(run_of(**with_it)) == {verdict}


def test_an_interval_that_holds_one_decides_nothing(run_of):
    def wild(behaviour):
        behaviour.cpu_us = (5.0, 12.0, 60.0)[behaviour.repeat]

    assert verdicts(run_of(also=wild)) == {"no clear difference"}


@pytest.mark.parametrize(
    ("unfit", "symbol", "why"),
    [
        ({"loader_limited": True}, "‡", "the loader was the bottleneck"),
        ({"others": 1.54}, "△", "disturbed, other processes used 154 % of a CPU"),
    ],
)
def test_unfit_steps_decide_nothing(run_of, unfit, symbol, why):
    measured = run_of(also=lambda behaviour: vars(behaviour).update(unfit), cpu_us=0.5)
    assert verdicts(measured) == {f"not judged: {why}"}
    (line,) = techniques.lines(measured)
    assert line[-1] == "not judged"
    assert line[4] == f"0.50×{symbol}"


def test_a_technique_of_which_the_chapter_says_nothing_is_not_judged(run_of):
    assert verdicts(run_of({**POOL, "claim": ""}, cpu_us=0.5)) == {"—"}


def test_the_table_has_a_row_for_each_step_and_says_whose_technique_it_is(run_of):
    table = techniques.table(run_of(steps=(10, 100, 1_000), cpu_us=0.5))
    (section,) = table.sections
    assert section.title == (
        "buffer pool: pooled against plain; the chapter: a pool of buffers removes the cost of "
        "allocation and fragmentation"
    )
    assert [(cells[1].text, cells[-1].text) for cells in section.rows] == [
        (count, "held") for count in ("10", "100", "1,000")
    ]
    assert any("The servers had one CPU here" in note for note in table.notes)


def test_a_side_that_was_not_measured_has_no_row(make):
    measured = make(
        servers={"pooled": "event loop", "plain": "event loop"},
        workloads=("saturated",),
        plan={"techniques": [POOL]},
        skip=lambda step: step.server == "plain" and step.connections > 10,
    )
    assert [trial.points[0].connections for trial in techniques.trials(measured)] == [10]


def test_the_headline_is_of_the_techniques_where_there_is_nothing_else(run_of, make):
    assert techniques.told(run_of(cpu_us=0.5)).headline == (
        "The chapter's claim held for buffer pool."
    )
    pair = make()
    assert techniques.told(pair) == answer(pair)


def test_the_terminal_shows_the_largest_step(run_of):
    text = terminal_summary(run_of(cpu_us=0.5).run)
    assert all(len(line) <= WIDTH for line in text.splitlines())
    (line,) = [line for line in text.splitlines() if line.startswith("buffer pool")]
    assert line.split() == ["buffer", "pool", "saturated", "1,000", "1.0×", "0.50×", "1.0×", "held"]
