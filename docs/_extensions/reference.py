"""Directives that make reference pages from the code, so that no page can go stale.

- `c10k-commands`: every command with its options, from the parser of the command line
- `c10k-columns steps` (or `samples`): the columns of a table of a run, from its schema
- `c10k-fields module.Struct`: the fields of a struct whose types declare options
"""

import argparse
import re
from collections.abc import Iterable, Iterator
from importlib import import_module
from typing import Any

import msgspec
from docutils import nodes
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective

from c10k import options
from c10k.cli.main import COMMANDS, build_parser
from c10k.results.schema import TABLES

CODE = re.compile(r"(`[^`]+`|(?<!\w)'[^']+'(?!\w)|(?<![\w-])--[a-z][\w-]*)")
USUAL_GROUPS = ("positional arguments", "options")


class Commands(SphinxDirective):
    """A section for each command: its usage, and its arguments by groups."""

    def run(self) -> list[nodes.Node]:
        """Build the sections."""
        return [self._section(name, parser) for name, parser in subparsers(build_parser())]

    def _section(self, name: str, parser: argparse.ArgumentParser) -> nodes.section:
        title = nodes.title("", "", nodes.literal("", parser.prog))
        section = nodes.section("", title, ids=[name], names=[name])
        self.state.document.note_explicit_target(section)
        section += nodes.paragraph("", "", *inline(sentence(COMMANDS[name])))
        for group in parser._action_groups:
            actions = [each for each in group._group_actions if each.help != argparse.SUPPRESS]
            actions = [each for each in actions if "--help" not in each.option_strings]
            if actions and group.title not in USUAL_GROUPS:
                section += nodes.rubric("", capitalized(group.title or ""))
            if actions:
                entries = (
                    (invocation(parser, each), explanation(parser, each), anchor(name, each))
                    for each in actions
                )
                section += definitions(entries)
        if parser.epilog:
            section += nodes.paragraph("", "", *inline(parser.epilog))
        return section


class Columns(SphinxDirective):
    """The columns of a table of a run: name and type, and what they mean."""

    required_arguments = 1

    def run(self) -> list[nodes.Node]:
        """Build the list."""
        (name,) = self.arguments
        columns = TABLES[name].items()
        entries = (
            (f"{column}: {spec.dtype}", spec.meaning, f"{name}-{column}")
            for column, spec in columns
        )
        return [definitions(entries)]


class Fields(SphinxDirective):
    """The fields of a struct: name, type and default, and what they mean, from their options."""

    required_arguments = 1

    def run(self) -> list[nodes.Node]:
        """Build the list."""
        module, _, name = self.arguments[0].rpartition(".")
        struct: type[msgspec.Struct] = getattr(import_module(module), name)
        entries = (
            (field(option), option.help or "what it is called", f"{name.lower()}-{option.name}")
            for option in options.options_of(struct).values()
        )
        return [definitions(entries)]


def subparsers(parser: argparse.ArgumentParser) -> Iterator[tuple[str, argparse.ArgumentParser]]:
    """The commands of a parser, by name."""
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            yield from action.choices.items()


def invocation(parser: argparse.ArgumentParser, action: argparse.Action) -> str:
    """How an argument is written: `-c, --connections N`."""
    return parser._get_formatter()._format_action_invocation(action)


def explanation(parser: argparse.ArgumentParser, action: argparse.Action) -> str:
    """Its help, with what argparse replaces in it."""
    return parser._get_formatter()._expand_help(action)


def anchor(command: str, action: argparse.Action) -> str:
    """The end of an address that leads to an argument: `run-steps`."""
    return f"{command}-{max([*action.option_strings, action.dest], key=len).strip('-')}"


def field(option: options.Option) -> str:
    """A field in Python: name, type and default."""
    if isinstance(option.kind, msgspec.inspect.LiteralType):
        kind = " | ".join(f'"{value}"' for value in option.kind.values)
    else:
        types, _ = options.TYPES[type(option.kind)]
        kind = types[-1].__name__ + " | None" * option.optional
    default = "" if option.default is msgspec.NODEFAULT else f" = {option.default!r}"
    return f"{option.name}: {kind}{default}".replace("'", '"')


def sentence(text: str) -> str:
    """A summary as a sentence."""
    return f"{capitalized(text).removesuffix('.')}."


def capitalized(text: str) -> str:
    """A text with a capital letter first."""
    return text[:1].upper() + text[1:]


def inline(text: str) -> list[nodes.Node]:
    """Text in which what stands in quotes or backquotes, and options, are code."""
    parts = CODE.split(text)
    return [
        nodes.literal("", part.strip("`'")) if CODE.fullmatch(part) else nodes.Text(part)
        for part in parts
        if part
    ]


def definitions(entries: Iterable[tuple[str, str, str]]) -> nodes.definition_list:
    """A list of terms in code, each with its explanation and its anchor."""
    items = [
        nodes.definition_list_item(
            "",
            nodes.term("", "", nodes.literal("", term), ids=[anchor]),
            nodes.definition("", nodes.paragraph("", "", *inline(text))),
        )
        for term, text, anchor in entries
    ]
    return nodes.definition_list("", *items)


def setup(app: Sphinx) -> dict[str, Any]:
    """Register the directives."""
    app.add_directive("c10k-commands", Commands)
    app.add_directive("c10k-columns", Columns)
    app.add_directive("c10k-fields", Fields)
    return {"parallel_read_safe": True}
