"""A comparison of two runs as it is written."""

import json
from xml.etree import ElementTree

import pytest

from c10k.reports import compare
from c10k.reports.comparisons.runs import RunComparison
from c10k.reports.language import use_locale
from tests.reports.synthetic import write_run

SMALL = {"workloads": ("saturated",), "steps": (10, 100), "windows": 1, "repeats": 3}


@pytest.fixture
def found(make):
    """A head in which a message of threaded costs more, and one repeat of the other is left."""

    def changed(step):
        if step.server == "threaded":
            step.cpu_us *= 2

    def lost(step):
        return step.server != "threaded" and step.repeat > 0

    base, head = make(**SMALL), make(**SMALL, change=changed, skip=lost)
    head.about.created_at = "2025-06-16T15:00:00+00:00"
    head.about.host["kernel"] = "6.19.0"
    return RunComparison(base, head)


def test_a_terminal_shows_what_is_clear_and_counts_the_rest(found):
    base, head, _, heading, *rows, _, tally = compare.terminal(found, every=False)
    assert base.startswith("base  /")
    assert head.startswith("head  /")
    assert heading.split("  ")[0] == "server"
    assert [row.split()[:3] for row in rows] == [
        ["threaded", "saturated", "10"],
        ["threaded", "saturated", "100"],
    ]
    assert all(row.endswith("2.0×  regression") for row in rows)
    assert tally == "regression: 2, equivalent: 7, indicative: 9 (--all shows each)"
    assert len(compare.terminal(found, every=True)) == 3 + 1 + len(found.changes) + 2


def test_junit_has_a_case_for_each_verdict_of_which_regressions_fail(found):
    (suite,) = ElementTree.fromstring(compare.as_junit(found))
    counts = {name: suite.get(name) for name in ("tests", "failures", "skipped")}
    assert counts == {"tests": "18", "failures": "2", "skipped": "9"}
    assert len({(case.get("classname"), case.get("name")) for case in suite}) == 18
    (failed, other) = (case for case in suite if case.find("failure") is not None)
    assert failed.get("classname") == other.get("classname") == "threaded.saturated"
    assert failed.get("name") == "CPU per message, 10 connections"
    assert failed.find("failure").get("message").endswith("2.0×, regression")


def test_a_step_that_failed_in_head_alone_fails(make):
    def killed(step):
        if step.server == "threaded" and step.connections == 100:
            step.status = "failed"

    base, head = make(**SMALL), make(**SMALL, change=killed)
    head.about.created_at = "2025-06-16T15:00:00+00:00"
    found = RunComparison(base, head)
    (suite,) = ElementTree.fromstring(compare.as_junit(found))
    (failed,) = (case for case in suite if case.find("failure") is not None)
    assert failed.find("failure").get("message") == "threaded, saturated at 100"
    assert "failed in head, not in base: 1." in compare.markdown(found, every=False)
    assert [each["connections"] for each in compare.as_json(found)["broken"]] == [100]
    assert not RunComparison(head, base).broken


def test_markdown_begins_with_the_counts_and_has_what_is_clear(found):
    text = compare.markdown(found, every=False)
    assert text.startswith("### regression: 2, equivalent: 7, indicative: 9\n")
    assert text.count("| threaded | saturated |") == 2
    assert "kernel (6.18.0, 6.19.0)" in text


def test_json_has_every_verdict_with_numbers_or_null(found):
    written = json.loads(json.dumps(compare.as_json(found), allow_nan=False))
    assert written["verdicts"]["regression"] == 2
    assert written["unlike"] == ["kernel (6.18.0, 6.19.0)"]
    assert written["head"]["created_at"] == "2025-06-16T15:00:00+00:00"
    memory, *_ = written["changes"]
    assert (memory["measure"], memory["connections"]) == ("resident_bytes_per_connection", None)
    cpu = next(each for each in written["changes"] if each["measure"] == "cpu_us_per_message")
    assert cpu["ratio"]["value"] == pytest.approx(2)
    assert cpu["ratio"]["low"] == pytest.approx(cpu["ratio"]["high"], rel=0.01)
    assert cpu["head"]["value"] == pytest.approx(2 * cpu["base"]["value"])
    assert (cpu["repeats"], cpu["verdict"], cpu["why"]) == (3, "regression", "")
    once = written["changes"][-1]
    assert (once["verdict"], once["ratio"]["low"]) == ("indicative", None)


def test_the_page_has_every_verdict_and_what_the_runs_differ_in(found):
    page = compare.page(found)
    assert page.count("regression</td>") == 2
    assert page.count("indicative</td>") == 9
    assert "Machine: kernel" in page
    with use_locale("ko"):
        assert compare.page(found).count("악화</td>") == 2


def test_the_page_of_hostile_runs_is_escaped(tmp_path):
    servers = {"<script>alert(1)</script>": "event loop"}
    runs = [tmp_path / name for name in ("<script>", "\x1b[31m\udcff")]
    for run in runs:
        write_run(run, servers, steps=(10,), windows=1)
    found = compare.compared(*runs)
    page = compare.page(found)
    assert "<script" not in page
    assert "&lt;script&gt; · " in page
    assert "\x1b" not in "".join(compare.terminal(found, every=True))
