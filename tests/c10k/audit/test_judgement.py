"""What a figure that is off is called."""

from math import isnan

import pytest

from c10k.audit.behaviours import behaviours
from c10k.audit.judgement import judge
from c10k.audit.reader import Reported


@pytest.mark.parametrize(
    ("behaviour", "figure", "should", "reported", "how", "wrong"),
    [
        ("fixed-delay", "p50", 50.0, 50.9, {}, ""),
        ("fixed-delay", "p50", 50.0, 52.0, {}, "too high"),
        ("fixed-delay", "p50", 50.4, 52.0, {"step": 2.0}, "rounding"),
        ("fixed-delay", "rate", 2000.0, 1000.0, {}, "too low"),
        ("fixed-delay", "rate", 2000.0, 1000.0, {"busy": 0.99}, "its own limit"),
        ("fixed-delay", "rate", 2000.0, 3000.0, {"busy": 0.99}, "too high"),
        ("stall", "p99", 900.0, 11.0, {"kept_sending": 0.1}, "coordinated omission"),
        ("stall", "p99", 900.0, 11.0, {}, "survivorship"),
        ("frozen", "max", 4000.0, 2000.0, {"kept_sending": 0.1}, "survivorship"),
        ("wrong", "errors", 100.0, 0.0, {}, "unverified bytes"),
        ("wrong", "errors", 100.0, 98.0, {}, ""),
        ("wrong", "errors", 100.0, 90.0, {}, "some are missing"),
        ("reset", "errors", 100.0, 0.0, {}, "errors that it does not count"),
        ("slow-accept", "first_reply", 4950.0, 12.0, {}, "in no figure"),
        ("slow-accept", "first_reply", 4950.0, 4950.0, {"messages": 300.0}, ""),
    ],
)
def test_what_is_off_is_named(behaviour, figure, should, reported, how, wrong):
    known = behaviours()[behaviour]
    assert figure in known.judged
    step, busy = how.get("step", 0.01), how.get("busy", 0.5)
    found = {
        each.figure: each
        for each in judge(
            known,
            {
                **dict.fromkeys(known.judged, should),
                "kept_sending": how.get("kept_sending", 1.0),
                "messages": how.get("messages", 1e4),
            },
            {figure: Reported(reported, step)},
            busy,
        )
    }
    assert wrong in found[figure].wrong
    assert bool(found[figure].wrong) == bool(wrong)
    others = [each for name, each in found.items() if name != figure]
    assert all(each.wrong == "not reported" and isnan(each.reported) for each in others)


@pytest.mark.parametrize(
    ("behaviour", "figure", "should"),
    [("wrong", "errors", 3.0), ("max-rate", "rate", 2_000.0), ("max-rate", "rate", float("nan"))],
)
def test_of_few_messages_nothing_is_called_right_or_wrong(behaviour, figure, should):
    known = {figure: should, "messages": 300.0, "kept_sending": 1.0}
    (found,) = judge(behaviours()[behaviour], known, {figure: Reported(0.0, 1.0)}, 0.5)
    assert found.wrong == ""
    assert found.unknown == "not judged: 300 messages, and it takes 1,000"
