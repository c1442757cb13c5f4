from xml.etree import ElementTree

from hypothesis import given
from hypothesis import strategies as st

from c10k.results.exports.junit import Case, junit
from c10k.results.exports.markdown import table


def test_junit_counts_what_failed_and_what_was_skipped():
    cases = [Case("g", "a"), Case("g", "b", failed="worse"), Case("g", "c", skipped="not known")]
    (suite,) = ElementTree.fromstring(junit("s", cases, 1.5))
    assert suite.attrib == {
        "name": "s", "time": "1.500", "tests": "3", "failures": "1", "errors": "0", "skipped": "1",
    }  # fmt: skip
    assert [[child.tag for child in case] for case in suite] == [[], ["failure"], ["skipped"]]
    assert suite[1][0].get("message") == "worse"


@given(st.text(), st.text())
def test_junit_can_hold_any_text(name, said):
    (suite,) = ElementTree.fromstring(junit("s", [Case(name, name, failed="x", output=said)], 0))
    assert suite.get("tests") == "1"


@given(st.lists(st.lists(st.text(), min_size=3, max_size=3)))
def test_a_markdown_table_has_a_line_for_each_row(rows):
    lines = table(["a", "b", "c"], rows).split("\n")
    assert lines[:2] == ["| a | b | c |", "| --- | ---: | --- |"]
    assert len(lines) == 2 + len(rows)
    assert all(line.replace("\\|", "").count("|") == 4 for line in lines)
