"""The arguments of `c10k servers`, and what it calls."""

import argparse
from collections.abc import Collection, Iterator
from typing import TYPE_CHECKING

from c10k.outcome import Status
from c10k.output.columns import beside
from c10k.output.files import OutputFile, json_text

if TYPE_CHECKING:
    from c10k.servers.catalogue import CatalogueEntry


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument(
        "--json", metavar="FILE", help="write the list as JSON to FILE, or to - for standard output"
    )


def execute(args: argparse.Namespace) -> int:
    """Print the catalogue; servers that can run on this machine come first."""
    from c10k.servers.catalogue import CATALOGUE

    if args.json is not None:
        with OutputFile("--json", args.json, or_stdout=True) as output:
            output.write(json_text([_described(server) for server in CATALOGUE.values()]))
    else:
        for line in _lines(CATALOGUE.values()):
            print(line)
    return Status.DONE


def _described(server: "CatalogueEntry") -> dict[str, object]:
    missing = server.program.missing({})
    return {
        "name": server.name,
        "model": server.model,
        "language": server.language,
        "summary": server.summary,
        "protocol": server.protocol,
        "available": not missing,
        "missing": missing,
        "options": {name: option.described for name, option in server.options.items()},
    }


def _lines(catalogue: "Collection[CatalogueEntry]") -> Iterator[str]:
    """Yield the list for people: each server beside its name, then the options."""
    missing = {server.name: server.program.missing({}) for server in catalogue}
    column = max(len(server.name) for server in catalogue) + 2
    for server in sorted(catalogue, key=lambda server: bool(missing[server.name])):
        lacks = missing[server.name]
        protocol = "" if server.protocol == "echo" else f", {server.protocol}"
        texts = [f"{server.model} ({server.language}{protocol})", server.summary]
        if lacks:
            texts.append(f"cannot run here: {lacks}")
        texts.append(" ".join(f"{option}=" for option in server.options))
        yield from beside(f"{'✗' if lacks else '✓'} {server.name:<{column}}", texts)
    yield "\nOptions, as in threaded,stack=256k,handler=sleep:5ms"
    meanings = _meanings(catalogue)
    column = max(len(option) for option, _ in meanings) + 3
    for option, meaning in meanings:
        yield from beside(f"  {f'{option}=':<{column}}", [meaning])


def _meanings(catalogue: "Collection[CatalogueEntry]") -> list[tuple[str, str]]:
    """Return each option with its meaning; if servers differ, with each meaning and its servers."""
    from c10k.servers.catalogue.process_options import PROCESS_OPTIONS

    owners: dict[str, dict[str, list[str]]] = {}
    for server in catalogue:
        for option in server.options.values():
            meanings = owners.setdefault(option.name, {})
            meanings.setdefault(option.described, []).append(server.name)
    found = [
        (option, meaning if len(meanings) == 1 else f"{', '.join(names)}: {meaning}")
        for option, meanings in owners.items()
        for meaning, names in meanings.items()
    ]
    return [*found, *((name, option.described) for name, option in PROCESS_OPTIONS.items())]
