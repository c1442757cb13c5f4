"""The letters that matplotlib's own font lacks, from a packaged font: for pictures and the page.

What a picture or a page shows must not depend on the fonts of the machine. So pictures are drawn
with the packaged font, and the page and SVG files bring the part of it that the language needs.
"""

import base64
import io
from dataclasses import replace
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Final

from c10k.reports.language import LanguageError, messages, spoken

LATIN: Final = "DejaVu Sans"  # comes with matplotlib, so a picture is the same everywhere
# Language -> family, and where it lies: a package that is not imported, as it needs distutils.
_PACKAGED: Final = {"ko": ("NanumGothic", "koreanize_matplotlib", "fonts")}
_WEIGHTS: Final = {"": 400, "Bold": 700}
_HANGUL: Final = "U+1100-11FF,U+3000-303F,U+3130-318F,U+AC00-D7A3"
_TOOLS: Final = ("TSI0", "TSI1", "TSI2", "TSI3", "TSI5")  # tables of the font's editor


def families() -> list[str]:
    """The fonts of pictures: letters that the first lacks are drawn with the next.

    LanguageError where the font of the language is not installed.
    """
    if spoken() not in _PACKAGED:
        return [LATIN]
    from matplotlib import font_manager

    family, folder = _packaged(spoken())
    manager = font_manager.fontManager
    known = {Path(each.fname) for each in manager.ttflist}
    for name, weight in _WEIGHTS.items():
        path = folder / f"{family}{name}.ttf"
        if path not in known:
            manager.addfont(path)  # the bold one calls itself 600
            manager.ttflist[-1] = replace(manager.ttflist[-1], weight=weight)
    return [LATIN, family]


def css() -> str:
    """A CSS @font-face with the letters of the language's catalogue; empty where none is needed."""
    return _face(spoken()) if spoken() in _PACKAGED else ""


def page_css() -> str:
    """The same for the page, as the first of its fonts: what comes later in a list is not drawn
    again by every browser once it is there.
    """
    family, *_rest = _PACKAGED.get(spoken(), ("",))
    return f':root{{--letters:"{family}",system-ui}}{css()}' if family else ""


def _packaged(code: str) -> tuple[str, Path]:
    family, package, folder = _PACKAGED[code]
    found = find_spec(package)
    if found is None or found.origin is None:
        raise LanguageError(
            f"pictures in {code!r} need {package}: pip install 'c10k-bench[languages]'"
        )
    return family, Path(found.origin).parent / folder


@cache
def _face(code: str) -> str:
    from fontTools import subset

    family, folder = _packaged(code)
    options = subset.Options(flavor="woff", hinting=False, notdef_outline=True)
    options.drop_tables += _TOOLS
    written = io.BytesIO()
    with subset.load_font(str(folder / f"{family}.ttf"), options) as font:
        letters = subset.Subsetter(options)
        letters.populate(text="".join(messages()))
        letters.subset(font)
        subset.save_font(font, written, options)
    data = base64.b64encode(written.getvalue()).decode()
    return (
        f'@font-face{{font-family:"{family}";unicode-range:{_HANGUL};'
        f"src:url(data:font/woff;base64,{data})}}"
    )
