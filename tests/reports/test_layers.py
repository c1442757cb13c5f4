"""Imports within reports/ go one way: from the page down to the model, never back."""

import ast
from pathlib import Path

import c10k.reports

LAYERS = (
    {"language"},
    {"wording", "data", "fonts", "recorded"},
    {"model"},
    {"comparisons"},
    {"tables", "style"},
    {"figures", "summary"},
    {"page"},
    {"output"},
    {"build", "compare", "history"},
)
ROOT = Path(c10k.reports.__path__[0])


def height(module):
    """How far up a module of c10k.reports stands."""
    room = module.split(".")[0]
    return next(height for height, layer in enumerate(LAYERS) if room in layer)


def imported(file):
    """The modules of c10k.reports that a file imports."""
    for node in ast.walk(ast.parse(file.read_text())):
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("c10k.reports"):
            inner = node.module.removeprefix("c10k.reports").lstrip(".")
            yield from [inner] if inner else [alias.name for alias in node.names]


def test_no_module_imports_one_above_it():
    arrows = {
        (".".join(file.relative_to(ROOT).with_suffix("").parts), module)
        for file in ROOT.rglob("*.py")
        for module in imported(file)
    }
    assert len(arrows) > 100
    assert [(one, other) for one, other in arrows if height(one) < height(other)] == []
