"""Reports in other languages: complete catalogues, the same figures, local numbers, the glyphs."""

import ast
import re
import sys
import tomllib
from pathlib import Path

import pandas as pd
import pytest
from babel.messages.catalog import Catalog
from babel.messages.extract import extract_from_dir, extract_from_file
from babel.messages.pofile import read_po, write_po

from c10k.experiment.rate_sweep import MAP_WORKLOADS
from c10k.host import environment
from c10k.host.cpus import CpuSplit
from c10k.host.limits import limits_for
from c10k.loadgen.workload import WORKLOADS
from c10k.remote.host import NO_CEILING
from c10k.reports import language, recorded
from c10k.reports.build import build_report
from c10k.reports.language import LanguageError, _, languages, local_number, use_locale
from c10k.reports.page.details import glossary
from c10k.results.comparison import Outcome
from c10k.results.schema import STEPS
from c10k.results.shipped_claims import SHIPPED
from c10k.servers.catalogue import CATALOGUE
from tests.reports.parsed import Page
from tests.reports.synthetic import write_run

ROOT = Path(__file__).parents[2]
REPORTS = ROOT / "reports"
OTHERS = [code for code in languages() if code != language.ENGLISH]
VALUE = re.compile(r"\{(\w*)\}")


def _wanted():
    """The messages of the code, as `tox -e catalogues` finds them."""
    mappings = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["babel"]["mappings"]
    methods = [(each["pattern"], each["method"]) for each in mappings]
    found = extract_from_dir(REPORTS, methods, keywords={"_": None, "N_": None})
    columns = extract_from_file(
        "python",
        ROOT / "results" / "schema.py",
        dict.fromkeys(["N_", "number_column", "count_column", "text_column"]),
    )
    claims = extract_from_file("c10k.reports.extraction:texts_of_claims", SHIPPED, {})
    every = (*(rest for _file, *rest in found), *columns, *claims)
    return {message for _line, message, *_rest in every}


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
        and call.func.id in {"_", "N_"}
        and isinstance(call.args[0], ast.Constant)
    }
    assert written - wanted == set()
    assert len(wanted) > len(written) > 300


@pytest.mark.parametrize("code", OTHERS)
def test_a_catalogue_has_every_message_with_its_values_and_no_other(wanted, code):
    with (REPORTS / "languages" / f"{code}.po").open("rb") as file:
        catalogue = read_po(file, locale=code)
    stated = {message.id: message.string for message in catalogue if message.id}
    assert wanted - stated.keys() == set(), "run tox -e catalogues, then translate"
    assert stated.keys() - wanted == set(), "run tox -e catalogues"
    assert [message.id for message in catalogue if message.fuzzy and message.id] == []
    for message, string in stated.items():
        assert string, message
        assert set(VALUE.findall(string)) == set(VALUE.findall(message)), message


def test_words_that_runs_record_can_be_translated(wanted):
    techniques = tomllib.loads((ROOT / "experiments" / "techniques.toml").read_text())
    words = {
        *(workload.summary for workload in (*WORKLOADS.values(), *MAP_WORKLOADS)),
        *(server.model for server in CATALOGUE.values()),
        *(technique["name"] for technique in techniques["techniques"]),
        *(limit.name for limit in limits_for(10, 1)),
        *(outcome.value for outcome in Outcome),
        *(meaning for _column, meaning in glossary()),
        *(key.replace("_", " ") for key in environment.describe() if key != "memory_bytes"),
    }
    assert words - wanted == set()


def test_warnings_are_translated_with_their_values(monkeypatch):
    monkeypatch.setattr(environment.machine, "_text", lambda path: "powersave")
    monkeypatch.setattr(environment.machine, "busy_cpus", lambda: 2.0)
    found = environment.warnings(CpuSplit((0,), (0,)))
    found += [NO_CEILING, {**found[-1], "message": f"the servers' host: {found[-1]['message']}"}]
    texts = [text for each in found for text in (each["message"], each["remedy"])]
    with use_locale("ko"):
        stated = [recorded.warning(text) for text in texts]
    assert not set(stated) & set(texts)
    assert any("powersave" in text for text in stated)


def _words(node):
    """What a reader sees or hears of a page, except what is in English in every language."""
    for child in node.children:
        if isinstance(child, str):
            yield child
        elif child.tag not in {"style", "script", "pre"} and child.attributes.get("lang") != "en":
            names = ("aria-label", "title", "alt")
            yield from (child.attributes[name] for name in names if name in child.attributes)
            yield from _words(child)


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


@pytest.mark.system
def test_only_the_runs_own_words_are_not_translated(bracketed, tmp_path):
    run = write_run(tmp_path / "run", steps=(10, 10_000), windows=1)
    page = Page(build_report(run, tmp_path / "out", bracketed).read_text())
    own = set(re.findall(r"[a-z]{3,}", (run / "run.json").read_text().lower() + " ".join(STEPS)))
    names = {"closed", "csv", "echo", "linux", "open", "parquet"}
    seen = " ".join(_outside_of_brackets(text) for text in _words(page))
    assert set(re.findall(r"[a-z]{3,}", seen.lower())) - own - names == set()
    with use_locale(bracketed):
        local = local_number("10,000")
    assert local in seen
    assert "10,000" not in seen


def test_the_figures_do_not_depend_on_the_language(report, korean):
    files = [file.relative_to(report) for file in report.rglob("*.parquet")]
    assert len(files) > 20
    for file in files:
        one, other = (
            pd.read_parquet(out / file).select_dtypes("number") for out in (report, korean)
        )
        pd.testing.assert_frame_equal(one, other, obj=str(file))


def test_the_korean_page_and_pictures_bring_their_letters(report, korean):
    face = '@font-face{font-family:"NanumGothic";'
    page = (korean / "index.html").read_text()
    assert face in page
    assert '<html lang="ko">' in page
    assert "@font-face" not in (report / "index.html").read_text()
    pictures = list((korean / "figures").glob("*.svg"))
    assert pictures
    for picture in pictures:
        assert face in picture.read_text()
    assert (korean / "index.html").stat().st_size < 5e6


def test_a_language_that_is_not_there_is_refused():
    with pytest.raises(LanguageError, match="no language 'tlh': there are en, ko"):
        use_locale("tlh").__enter__()


@pytest.mark.parametrize("missing", ["babel.messages.pofile", "koreanize_matplotlib"])
def test_a_missing_package_of_a_language_is_named(missing, tmp_path, monkeypatch):
    language._catalogue.cache_clear()
    monkeypatch.setitem(sys.modules, missing, None)
    run = write_run(tmp_path / "run", steps=(10,), windows=1)
    with pytest.raises(LanguageError, match=re.escape("pip install 'c10k-bench[languages]'")):
        build_report(run, tmp_path / "out", "ko")


def test_english_is_spoken_again_afterwards():
    with use_locale("ko"):
        assert _("memory") == "메모리"
        with pytest.raises(LanguageError), use_locale("tlh"):
            pass
        assert _("memory") == "메모리"
    assert _("memory") == "memory"
