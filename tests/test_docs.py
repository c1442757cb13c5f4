"""What the documents say of this repository is there, and is what their pictures show."""

import ast
import json
import re
from itertools import takewhile
from pathlib import Path

import pytest

from c10k.servers.catalogue import CATALOGUE

ROOT = Path(__file__).parents[1]
DOCS = ROOT / "docs"
READMES = ("README.md", "README.ko.md")
LINK = re.compile(r"\]\(([^)#:\s]*)(#[^)\s]*)?\)")
NUMBER = re.compile(r"\d+(?:,\d{3})*(?:\.\d+)?")
KOREAN = {"clear": "뚜렷한 차이", "equivalent": "동등", "undecided": "판정 보류"}


@pytest.fixture(scope="module")
def taken():
    """What the pictures show, as docs/make_pictures.py wrote it down."""
    return json.loads((DOCS / "pictures" / "taken.json").read_text())


def test_every_test_that_is_named_for_a_fault_is_there():
    text = (DOCS / "reliability.md").read_text()
    tables = text.split("| fault | promise | test |\n| --- | --- | --- |\n")[1:]
    faults = sum(len(table.partition("\n\n")[0].splitlines()) for table in tables)
    assert f"| faults below, each produced by a test | {faults} |" in text
    named = re.findall(r"`([\w/]+\.py)::(\w+)`", text)
    assert len(named) > 30
    for file, name in named:
        tree = ast.parse((ROOT / "tests" / file).read_text())
        functions = {each.name for each in ast.walk(tree) if isinstance(each, ast.FunctionDef)}
        assert name in functions, f"{file} has no {name}"


def opening(file):
    """The paragraphs that a server's file opens with."""
    text = file.read_text()
    if file.suffix == ".py":
        return ast.get_docstring(ast.parse(text)).split("\n\n")
    comment = takewhile(lambda line: line.startswith("//"), text.splitlines())
    return "\n".join(line[2:].strip() for line in comment).split("\n\n")


@pytest.mark.parametrize("name", [n for n, each in CATALOGUE.items() if each.protocol != "http"])
def test_a_server_opens_with_its_model_and_has_a_page(name):
    (file,) = (ROOT / "servers").glob(f"{name}.*")
    summary, model, *_ = opening(file)
    assert re.fullmatch(r"[\w ]+: an? .+\.", summary)
    for part in ("connection", "costs?", "Choose this model"):
        assert re.search(part, " ".join(model.split())), f"{file.name} does not say {part}"
    page = (ROOT / "docs" / "models" / f"{name}.md").read_text()
    assert f"```{{model}} {file.name}\n" in page
    assert f"```{{literalinclude}} ../../servers/{file.name}\n" in page


def test_the_servers_of_http_share_pages():
    pages = [(DOCS / "models" / page).read_text() for page in ("web.md", "applications.md")]
    for name, each in CATALOGUE.items():
        assert each.protocol != "http" or f"**{name}: " in pages[each.language == "Python"]


@pytest.mark.parametrize("file", [*READMES, "CONTRIBUTING.md"])
def test_every_link_and_picture_is_there(file):
    links = LINK.findall((ROOT / file).read_text())
    assert len(links) > 1
    for path, anchor in links:
        target = ROOT / (path or file)
        assert target.exists(), path
        if anchor:
            assert anchor in anchors(target), f"{path}{anchor}"


def anchors(file):
    """The anchors of a page's headings, as GitHub makes them."""
    headings = re.findall(r"^#+ (.*)$", file.read_text(), re.MULTILINE)
    kept = (re.sub(r"[^\w\- ]", "", each.lower()) for each in headings)
    return {f"#{each.replace(' ', '-')}" for each in kept}


@pytest.mark.parametrize("file", READMES)
def test_a_readme_is_short_and_leads_to_the_other_language(file):
    text = (ROOT / file).read_text()
    assert len(text.splitlines()) < 150
    (other,) = {*READMES} - {file}
    assert f"]({other})" in text


def test_both_readmes_have_the_same_commands_and_links():
    one, other = ((ROOT / file).read_text() for file in READMES)
    assert re.findall(r"```\n(.*?)```", one, re.DOTALL) == re.findall(
        r"```\n(.*?)```", other, re.DOTALL
    )
    paths = [[path for path, _anchor in LINK.findall(each) if "/" in path] for each in (one, other)]
    assert paths[0] == paths[1]


@pytest.mark.parametrize("file", READMES)
def test_the_answer_of_a_readme_is_that_of_its_pictures(file, taken):
    text = (ROOT / file).read_text()
    assert taken["date"] in text
    assert taken["machine"]["kernel"].rpartition(".")[0] in text
    rows = re.findall(r"^\| .*\| [\d,.]+ ?(?:KB|µs|ms)?.*\|$", text, re.MULTILINE)
    cards = taken["cards"]
    assert len(rows) == len(cards) >= 4
    for row, card in zip(rows, cards, strict=True):
        shown = " ".join([card["result"], card["words"], *card["servers"].values()])
        numbers = {*NUMBER.findall(row.split("|", 2)[2])}
        assert numbers <= {*NUMBER.findall(shown)}, row
        outcome = card["outcome"].partition(",")[0]
        assert outcome in row or KOREAN[outcome] in row


def test_the_page_that_explains_the_report_says_which_run_it_shows(taken):
    text = (DOCS / "report.md").read_text()
    assert taken["date"] in text
    assert all(file.name in text for file in (DOCS / "pictures" / "report").iterdir())


def test_the_servers_that_the_pages_show_are_the_examples():
    shown = "".join(page.read_text() for page in DOCS.glob("*.md"))
    for file in (ROOT / "examples" / "own").iterdir():
        assert file.read_text() in shown, file
