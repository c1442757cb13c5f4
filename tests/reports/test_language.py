"""Reports in other languages: complete catalogues, the same figures, local numbers, the glyphs."""

import ast
import json
import re
import sys
import tomllib
import warnings
from html.parser import HTMLParser
from pathlib import Path

import pandas as pd
import pytest
from babel.messages.catalog import Catalog
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po, write_po

from c10k.experiment.rate_sweep import MAP_WORKLOADS
from c10k.host import environment
from c10k.host.cpus import CpuSplit
from c10k.host.limits import limits_for
from c10k.loadgen.workload import WORKLOADS
from c10k.reports import language, wording
from c10k.reports.build import build_report
from c10k.reports.language import LanguageError, _, languages, local_number, speaking
from c10k.servers.catalogue import CATALOGUE

pytestmark = pytest.mark.usefixtures("unpainted")

ROOT = Path(__file__).parents[2]
REPORTS = ROOT / "reports"
OTHERS = [code for code in languages() if code != language.ENGLISH]
VALUE = re.compile(r"\{(\w*)\}")


def _wanted():
    """The messages of the code, as `tox -e catalogues` finds them."""
    mappings = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["babel"]["mappings"]
    methods = [(each["pattern"], each["method"]) for each in mappings]
    found = extract_from_dir(REPORTS, methods, keywords={"_": None, "later": None})
    return {message for _file, _line, message, *_rest in found}


@pytest.fixture(scope="module")
def wanted():
    return _wanted()


def test_every_message_of_the_code_is_found(wanted):
    """Babel reads tokens, and might overlook a call within a call."""
    written = {
        call.args[0].value
        for file in REPORTS.rglob("*.py")
        for call in ast.walk(ast.parse(file.read_text()))
        if isinstance(call, ast.Call)
        and isinstance(call.func, ast.Name)
        and call.func.id in {"_", "later"}
        and isinstance(call.args[0], ast.Constant)
    }
    assert written - wanted == set()
    assert len(wanted) > len(written) > 300


@pytest.mark.parametrize("code", OTHERS)
def test_a_catalogue_has_every_message_with_its_values_and_no_other(wanted, code):
    with (REPORTS / "languages" / f"{code}.po").open("rb") as file:
        catalogue = read_po(file, locale=code)
    told = {message.id: message.string for message in catalogue if message.id}
    assert wanted - told.keys() == set(), "run tox -e catalogues, then translate"
    assert told.keys() - wanted == set(), "run tox -e catalogues"
    assert [message.id for message in catalogue if message.fuzzy and message.id] == []
    for message, string in told.items():
        assert string, message
        assert set(VALUE.findall(string)) == set(VALUE.findall(message)), message


def test_what_runs_record_is_among_the_messages(wanted):
    techniques = tomllib.loads((ROOT / "experiments" / "techniques.toml").read_text())
    recorded = {
        *(workload.summary for workload in (*WORKLOADS.values(), *MAP_WORKLOADS)),
        *(server.model for server in CATALOGUE.values()),
        *(technique["name"] for technique in techniques["techniques"]),
        *(limit.name for limit in limits_for(10, 1)),
        *(key.replace("_", " ") for key in environment.describe() if key != "memory_bytes"),
        *(doubt["remedy"] for doubt in environment.doubts(CpuSplit((0,), (0,)))),
    }
    assert recorded - wanted == set()


class Words(HTMLParser):
    """What a reader sees or hears of a page, except what is in English in every language."""

    def __init__(self, html):
        super().__init__()
        self.words = []
        self.silent = []
        self.feed(html)

    def handle_starttag(self, tag, attributes):
        named = dict(attributes)
        if self.silent or tag in {"style", "pre"} or named.get("lang") == "en":
            if tag not in {"meta", "path", "polyline", "use", "br"}:
                self.silent.append(tag)
            return
        self.words += [named[name] for name in ("aria-label", "title", "alt") if name in named]

    def handle_endtag(self, tag):
        if self.silent and self.silent[-1] == tag:
            self.silent.pop()

    def handle_data(self, data):
        if not self.silent:
            self.words.append(data)


def _outside_of_brackets(text):
    depth, left = 0, []
    for letter in text:
        depth += (letter == "⟦") - (letter == "⟧")
        left.append(letter if depth == 0 and letter != "⟧" else " ")
    return "".join(left)


@pytest.fixture
def bracketed(wanted, tmp_path, monkeypatch):
    """A language in which each message stands in brackets, and numbers as in Esperanto: 1 234,5."""
    catalogue = Catalog(locale="eo")
    for message in wanted:
        catalogue.add(message, f"⟦{message}⟧")
    with (tmp_path / "eo.po").open("wb") as file:
        write_po(file, catalogue)
    monkeypatch.setattr(language, "_CATALOGUES", tmp_path)
    return "eo"


def test_nothing_but_the_run_s_own_words_is_told_past_the_catalogues(full_run, bracketed, tmp_path):
    page = build_report(full_run, tmp_path / "out", bracketed).read_text()
    manifest = json.loads((full_run / "run.json").read_text())
    own = set(re.findall(r"[a-z]{3,}", json.dumps(manifest).lower()))
    names = {"csv", "echo", "linux", "parquet"}
    seen = " ".join(_outside_of_brackets(text) for text in Words(page).words)
    assert set(re.findall(r"[a-z]{3,}", seen.lower())) - own - names == set()
    with speaking(bracketed):
        local = local_number("10,000")
    assert local in seen
    assert "10,000" not in seen


@pytest.fixture(scope="module")
def both(full_run, tmp_path_factory):
    """The reports of one run in English and in Korean, their pictures without a missing glyph."""
    outs = {code: tmp_path_factory.mktemp(code) for code in (language.ENGLISH, "ko")}
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for code, out in outs.items():
            build_report(full_run, out, code)
    return outs


def test_the_figures_do_not_depend_on_the_language(both):
    files = [file.relative_to(both["en"]) for file in both["en"].rglob("*.parquet")]
    assert len(files) > 20
    for file in files:
        one, other = (pd.read_parquet(out / file).select_dtypes("number") for out in both.values())
        pd.testing.assert_frame_equal(one, other, obj=str(file))


def test_the_korean_page_has_the_chapter_s_own_headings(both, full_run):
    page = (both["ko"] / "index.html").read_text()
    assert '<html lang="ko">' in page
    for heading in (
        "서버 타입별 성능 지표",
        "연결 수별 메모리 사용량",
        "응답 시간 분석",
        "연결당 메모리",
        "절약율",
    ):
        assert heading in page
    day = json.loads((full_run / "run.json").read_text())["created_at"]
    assert "{}년 {}월 {}일".format(*day[:10].split("-")) in page
    assert (
        (both["ko"] / "summary.md").read_text().startswith("## 동시 접속 10,000개에서 이벤트 루프")
    )


def test_the_korean_page_and_pictures_bring_their_letters(both):
    face = '@font-face{font-family:"NanumGothic";'
    assert face in (both["ko"] / "index.html").read_text()
    assert "@font-face" not in (both["en"] / "index.html").read_text()
    pictures = list((both["ko"] / "figures").glob("*.svg"))
    assert pictures
    for picture in pictures:
        assert face in picture.read_text()
    assert (both["ko"] / "index.html").stat().st_size < 5e6


def test_a_language_that_is_not_there_is_refused():
    with pytest.raises(LanguageError, match="no language 'tlh': there are en, ko"):
        speaking("tlh").__enter__()


@pytest.mark.parametrize("missing", ["babel.messages.pofile", "koreanize_matplotlib"])
def test_what_a_language_needs_is_named(missing, full_run, tmp_path, monkeypatch):
    language._catalogue.cache_clear()
    monkeypatch.setitem(sys.modules, missing, None)
    with pytest.raises(LanguageError, match=re.escape("pip install 'c10k-bench[languages]'")):
        build_report(full_run, tmp_path, "ko")


def test_english_is_spoken_again_afterwards():
    with speaking("ko"):
        assert _("memory") == "메모리"
        with pytest.raises(LanguageError), speaking("tlh"):
            pass
        assert _("memory") == "메모리"
    assert _("memory") == "memory"


@pytest.mark.parametrize(
    ("code", "time", "day"),
    [
        ("en", "2026-11-24T08:00:00+00:00", "2026-11-24"),
        ("ko", "2026-11-24T08:00:00+00:00", "2026년 11월 24일"),
        ("en", "yesterday", "yesterday"),
    ],
)
def test_a_day_is_written_as_the_language_does(code, time, day):
    with speaking(code):
        assert wording.day(time) == day
