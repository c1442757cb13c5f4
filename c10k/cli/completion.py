"""Completes options, their values, servers and files when Tab is pressed in a shell."""

import argparse
from collections.abc import Iterator

import argcomplete
from argcomplete.completers import ChoicesCompleter, FilesCompleter

# By the metavar of an option.
FILES = ("DIR", "FILE", "RUN_DIR")
SERVERS = ("SPEC",)
EXPERIMENTS = ("EXPERIMENT",)


def answer(parser: argparse.ArgumentParser) -> None:
    """Answer the shell that asks, and exit; return if none does."""
    for action in _actions(parser):
        if action.metavar in FILES:
            action.completer = FilesCompleter()  # type: ignore[attr-defined]
        elif action.metavar in SERVERS:
            action.completer = _servers  # type: ignore[attr-defined]
        elif action.metavar in EXPERIMENTS:
            action.completer = _experiments  # type: ignore[attr-defined]
    argcomplete.autocomplete(parser, default_completer=ChoicesCompleter({}))


def _servers(**_: object) -> list[str]:
    from c10k.servers.catalogue import CATALOGUE

    return list(CATALOGUE)


def _experiments(prefix: str, **_: object) -> list[str]:
    from c10k.experiment.shipped import names

    return [*names(), *FilesCompleter()(prefix)]


def _actions(parser: argparse.ArgumentParser) -> Iterator[argparse.Action]:
    for action in parser._actions:
        yield action
        if isinstance(action, argparse._SubParsersAction):
            for command in action.choices.values():
                yield from _actions(command)
