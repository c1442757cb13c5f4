"""list the servers that can be measured"""

import argparse
import json
import shutil
import sys
import textwrap
from collections.abc import Collection, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from servers.catalogue import Server

WIDEST = 100  # columns: longer lines are tiring to read


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument(
        "--json", metavar="FILE", help="write the list as JSON to FILE, or to - for standard output"
    )


def execute(args: argparse.Namespace) -> int:
    """Print the catalogue, what can run here first."""
    from servers.catalogue import CATALOGUE

    missing = {name: server.program.missing({}) for name, server in CATALOGUE.items()}
    if args.json:
        listed = [
            {
                "name": server.name,
                "model": server.model,
                "language": server.language,
                "summary": server.summary,
                "protocol": server.protocol,
                "available": not missing[server.name],
                "missing": missing[server.name],
                "options": dict(server.options),
            }
            for server in CATALOGUE.values()
        ]
        write_json(listed, args.json)
    else:
        width = min(shutil.get_terminal_size().columns, WIDEST)
        for line in _lines(CATALOGUE.values(), missing, width):
            print(line)
    return 0


def write_json(value: object, path: str) -> None:
    """Write JSON to a file, or alone to standard output for `-`."""
    text = json.dumps(value, indent=2, ensure_ascii=False) + "\n"
    if path == "-":
        sys.stdout.write(text)
    else:
        Path(path).write_text(text, encoding="utf-8")


def _lines(
    catalogue: "Collection[Server]", missing: Mapping[str, str], width: int
) -> Iterator[str]:
    """The list for people: each server beside its name, then what the options mean."""
    column = max(len(server.name) for server in catalogue) + 2
    for server in sorted(catalogue, key=lambda server: bool(missing[server.name])):
        lacks = missing[server.name]
        protocol = "" if server.protocol == "echo" else f", {server.protocol}"
        texts = [f"{server.model} ({server.language}{protocol})", server.summary]
        if lacks:
            texts.append(f"to have it here: {lacks}")
        texts.append(" ".join(f"{option}=" for option in server.options))
        yield from _beside(f"{'✗' if lacks else '✓'} {server.name:<{column}}", texts, width)
    yield "\nOptions, as in threaded,stack=256k,handler=sleep:5ms"
    meanings = _meanings(catalogue)
    column = max(len(option) for option, _ in meanings) + 3
    for option, meaning in meanings:
        yield from _beside(f"  {f'{option}=':<{column}}", [meaning], width)


def _meanings(catalogue: "Collection[Server]") -> list[tuple[str, str]]:
    """Each option and what it means, once; with the servers where others mean something else."""
    from servers.catalogue.spec import PROCESS_OPTIONS

    owners: dict[str, dict[str, list[str]]] = {}
    for server in catalogue:
        for option, meaning in server.options.items():
            owners.setdefault(option, {}).setdefault(meaning, []).append(server.name)
    found = [
        (option, meaning if len(meanings) == 1 else f"{', '.join(names)}: {meaning}")
        for option, meanings in owners.items()
        for meaning, names in meanings.items()
    ]
    return [*found, *PROCESS_OPTIONS.items()]


def _beside(left: str, texts: list[str], width: int) -> Iterator[str]:
    """Texts in a column, wrapped, with something on the left of the first line."""
    for text in texts:
        yield from textwrap.wrap(
            text,
            max(width, len(left) + 20),
            initial_indent=left,
            subsequent_indent=" " * len(left),
            break_long_words=False,
            break_on_hyphens=False,
        )
        left = " " * len(left)
