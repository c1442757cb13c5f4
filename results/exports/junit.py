"""JUnit XML, by which CI servers show what passed and what failed.

There is no standard; this is the part of the format that Jenkins' and Maven's schemas have in
common (https://github.com/jenkinsci/xunit-plugin, junit-10.xsd).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from xml.etree import ElementTree


@dataclass(frozen=True)
class Case:
    """A test case: of a group, with why it failed, or why nothing was decided; else it passed."""

    group: str
    name: str
    failed: str = ""
    skipped: str = ""
    output: str = ""


def junit(suite: str, cases: Sequence[Case], seconds: float) -> str:
    """The cases as a suite that took so long."""
    counts = {
        "tests": len(cases),
        "failures": sum(bool(case.failed) for case in cases),
        "errors": 0,
        "skipped": sum(bool(case.skipped) for case in cases),
    }
    attributes = {"name": suite, "time": f"{seconds:.3f}"}
    attributes |= {name: str(count) for name, count in counts.items()}
    suites = ElementTree.Element("testsuites")
    element = ElementTree.SubElement(suites, "testsuite", attributes)
    for case in cases:
        named = {"classname": _printable(case.group), "name": _printable(case.name), "time": "0"}
        child = ElementTree.SubElement(element, "testcase", named)
        for tag, message in (("failure", case.failed), ("skipped", case.skipped)):
            if message:
                ElementTree.SubElement(child, tag, {"message": _printable(message)})
        if case.output:
            ElementTree.SubElement(child, "system-out").text = _printable(case.output)
    ElementTree.indent(suites)
    return ElementTree.tostring(suites, "unicode", xml_declaration=True) + "\n"


def _printable(text: str) -> str:
    """XML has no place for control characters, not even as entities."""
    return "".join(each if each.isprintable() or each in "\n\t" else "\ufffd" for each in text)
