"""What the documents say of this repository is there."""

import ast
import re
from itertools import takewhile
from pathlib import Path

import pytest

from c10k.servers.catalogue import CATALOGUE

ROOT = Path(__file__).parents[1]


def test_every_test_that_is_named_for_a_fault_is_there():
    named = re.findall(r"`([\w/]+\.py)::(\w+)`", (ROOT / "docs" / "reliability.md").read_text())
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


def test_the_web_servers_share_a_page():
    page = (ROOT / "docs" / "models" / "web.md").read_text()
    for name, each in CATALOGUE.items():
        assert each.protocol != "http" or f"**{name}: " in page
