"""What servers might send, changed by chance, and cut by chance into reads: the native engine and
its portable twin make of it what a slow reader does.

`tox -e fuzz` tries millions, and finds by the code that they reach which to change further; some
of those are kept in replies.jsonl. `tox -e sanitize` runs these tests with the sanitizers.
"""

from collections import Counter

import pytest

from tests.loadgen.reply_inputs import EXCHANGES, Engine, Mutator, difference, kept

CHANGED = 6_000


@pytest.fixture(scope="module")
def engine():
    return Engine()


def test_inputs_that_a_fuzzer_found(engine):
    found = kept()
    assert {each.exchange for each in found} >= {"http", "echo", "raw"}
    for each in found:
        assert not difference(engine, each, engine.outcome(each)), each


def test_inputs_changed_by_chance(engine):
    mutator = Mutator(20, engine)
    corpora = {name: [] for name in EXCHANGES}
    for each in [*mutator.seeds(), *kept()]:
        corpora[each.exchange].append(each)
    states = Counter()
    for _ in range(CHANGED):
        each = mutator.mutated(corpora)
        outcome = engine.outcome(each)
        states[outcome.state] += 1
        assert not difference(engine, each, outcome), each
    assert min(states[state] for state in ("probing", "busy", "parted", "closed")) > 50, states


def test_replies_that_are_right_are_counted(engine):
    for each in Mutator(0, engine).seeds():
        outcome = engine.outcome(each)
        assert not difference(engine, each, outcome)
        if each.exchange != "http" and each.ended:
            assert outcome.messages in (0, 2)  # a reply in fragments is the first, and no sample
            assert outcome[::2] == ("closed", {"closed_by_server": 1})
