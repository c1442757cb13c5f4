"""Completes options, their values, servers and files when Tab is pressed in a shell."""

import argparse
from collections.abc import Callable, Iterator

import argcomplete
from argcomplete.completers import ChoicesCompleter, FilesCompleter


def answer(parser: argparse.ArgumentParser) -> None:
    """Answer the shell that asks, and exit; return if none does."""
    files = FilesCompleter()
    completers: dict[object, Callable[..., object]] = {
        **dict.fromkeys(("BASE", "DIR", "FILE", "HEAD", "RUN", "RUN_DIR"), files),
        "SPEC": _servers,
        "EXPERIMENT": _experiments,
    }
    for action in _actions(parser):
        if completer := completers.get(action.metavar):
            action.completer = completer  # type: ignore[attr-defined]  # argcomplete reads it
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
