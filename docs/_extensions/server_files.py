"""The directive `model`: the text that opens a server's file, read from the file itself.

    ```{model} threaded.py
    ```

It takes the name of a file in servers/. What the block holds is for those who read the page where
no directive runs, as on GitHub.
"""

import ast
from itertools import takewhile
from pathlib import Path
from typing import Any

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective

SERVERS = Path(__file__).parents[2] / "servers"
COMMANDS = ("python -m ", "c10k serve ")


def opening(file: Path) -> str:
    """A server's docstring, or the comment that opens it in C++ and JavaScript."""
    text = file.read_text(encoding="utf-8")
    if file.suffix == ".py":
        return ast.get_docstring(ast.parse(text)) or ""
    lines = takewhile(lambda line: line.startswith("//"), text.splitlines())
    return "\n".join(line.removeprefix("//").removeprefix(" ") for line in lines)


def as_markdown(text: str) -> str:
    """The same with its model in bold and its commands as code."""
    first, *others = text.split("\n\n")
    model, _, summary = first.partition(": ")
    paragraphs = (f"```\n{each}\n```" if each.startswith(COMMANDS) else each for each in others)
    return "\n\n".join([f"**{model}**: {summary}", *paragraphs])


class Model(SphinxDirective):
    """See the module."""

    required_arguments = 1
    has_content = True

    def run(self) -> list[nodes.Node]:
        """Return the paragraphs."""
        file = SERVERS / self.arguments[0]
        self.env.note_dependency(file)
        return self.parse_text_to_nodes(as_markdown(opening(file)))


def setup(app: Sphinx) -> dict[str, Any]:
    """Register it with Sphinx."""
    app.add_directive("model", Model)
    return {"parallel_read_safe": True}
