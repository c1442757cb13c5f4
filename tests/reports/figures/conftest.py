from xml.etree import ElementTree as ET

import matplotlib as mpl
import pytest

from c10k.reports import style
from c10k.reports.figures import lines
from c10k.reports.figures.lines import kinds

SVG = "{http://www.w3.org/2000/svg}"


class Drawing:
    """A picture as a test reads it."""

    def __init__(self, picture):
        self.picture = picture
        self.root = ET.fromstring(picture.svg)

    @property
    def texts(self):
        """What is written in it, word by word in the order of drawing."""
        return ["".join(each.itertext()).strip() for each in self.root.iter(f"{SVG}text")]

    @property
    def titles(self):
        """What its points say."""
        return [each.text for each in self.root.iter(f"{SVG}title")]

    @property
    def series(self):
        """The groups of each server."""
        groups = [each for each in self.root.iter(f"{SVG}g") if each.get("class") == "series"]
        found = {}
        for each in groups:
            found.setdefault(each.get("data-server"), []).append(each)
        return found


@pytest.fixture
def draw(monkeypatch):
    """Draw the pictures of one kind, by name; of lines over clients those called so."""

    def drawn(measured, kind, name=""):
        named = [each for each in kinds(measured.publication) if each.name.startswith(name)]
        monkeypatch.setattr(lines, "kinds", lambda _claim: named)
        with mpl.rc_context(style.RC):
            return {picture.name: Drawing(picture) for picture in kind(measured)}

    return drawn


@pytest.fixture(scope="session")
def drawings(pictures):
    """Every picture of the recorded run, by name."""
    return {picture.name: Drawing(picture) for picture in pictures}
