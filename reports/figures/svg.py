"""What a saved SVG gets beyond its drawing: groups of series, words for points, the page's variant.

All that belongs to a server lies in `<g class="series" data-server="LABEL">`, and a point, bar or
cell has a `<title>`, which a browser shows where the mouse rests.
"""

import re
from collections.abc import Sequence
from itertools import groupby
from typing import Final
from xml.etree import ElementTree as ET

from c10k.reports import fonts, style

Mark = tuple[str, Sequence[str]]  # the server, and the words of the points

HEAD: Final = "head"  # the gid of titles
MARK: Final = "mark-"  # how those of marked artists begin
_SVG: Final = "http://www.w3.org/2000/svg"
_G, _USE, _PATH, _DEFS, _TITLE, _STYLE = (
    f"{{{_SVG}}}{tag}" for tag in ("g", "use", "path", "defs", "title", "style")
)
_FAMILIES: Final = rf"'{fonts.LATIN}'(?:, '[^']*')*"
_NOT_XML: Final = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\ufffe\uffff]")

ET.register_namespace("", _SVG)
ET.register_namespace("xlink", "http://www.w3.org/1999/xlink")


def annotated(svg: str, head: float, marks: Sequence[Mark]) -> str:
    """matplotlib's SVG with these groups and titles: an artist's gid ends in its mark's number.

    Its own title stands in the uppermost `head` points.
    """
    root = ET.fromstring(_sound(svg))
    root.set("data-head", f"{head:g}")
    for element in root.iter(_STYLE):
        element.text = fonts.css() + (element.text or "")
    for parent in list(root.iter(_G)):
        numbers = [each.get("id", "").partition(MARK)[2] for each in parent]
        if not any(numbers):
            continue
        found = [marks[int(number)] if number else None for number in numbers]
        children = list(zip(parent, found, strict=True))
        parent[:] = []
        for server, run in groupby(children, lambda child: child[1] and child[1][0]):
            group = {"class": "series", "data-server": server or ""}
            into = parent if server is None else ET.SubElement(parent, _G, group)
            for child, mark in run:
                into.append(child)
                if mark:
                    del child.attrib["id"]
                    _add_titles(child, mark[1])
    return _sound(ET.tostring(root, encoding="unicode", xml_declaration=True))


def _sound(xml: str) -> str:
    """The text without what XML cannot hold."""
    return _NOT_XML.sub("\N{REPLACEMENT CHARACTER}", xml)


def _add_titles(element: ET.Element, words: Sequence[str]) -> None:
    """Give the points of an artist their words, one after the other."""
    defined = {path for defs in element.iter(_DEFS) for path in defs.iter(_PATH)}
    points = [each for each in element.iter() if each.tag in (_USE, _PATH) and each not in defined]
    for point, text in zip(points, words, strict=False):
        ET.SubElement(point, _TITLE).text = text


def for_page(svg: str, alt: str = "") -> str:
    """An SVG file as a part of the page, which prints the title itself: colours as variables, the
    page's font, no ids but those that it refers to. Screen readers read the `alt`.
    """
    root = ET.fromstring(svg.partition("?>")[2])
    for parent in list(root.iter()):
        for child in list(parent):
            if child.get("id") == HEAD or child.tag == _STYLE:
                parent.remove(child)
        if parent.tag == _G:
            parent.attrib.pop("id", None)
    head = float(root.get("data-head", 0))
    _x, _y, width, height = map(float, root.get("viewBox", "").split())
    root.attrib.clear()
    root.set("viewBox", f"0 {head:g} {width:g} {height - head:g}")
    root.attrib |= {"role": "img", "aria-label": alt} if alt else {}
    drawn = ET.tostring(root, encoding="unicode")
    drawn = re.sub(rf"font-family: {_FAMILIES}", "font-family: inherit", drawn)
    drawn = re.sub(rf"(font: [^;\"]*?){_FAMILIES}", r"\1var(--sans)", drawn)
    for name, (light, _) in style.COLOURS.items():
        drawn = drawn.replace(light, f"var(--{name})")
    return re.sub(r"\n\s*", "\n", drawn)
