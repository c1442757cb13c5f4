"""list the servers that can be measured"""

import argparse
import json
import sys
from pathlib import Path


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument(
        "--json", metavar="FILE", help="write the list as JSON to FILE, or to - for standard output"
    )


def execute(args: argparse.Namespace) -> int:
    """Print the catalogue."""
    from servers.catalogue import CATALOGUE

    if args.json:
        listed = [
            {
                "name": server.name,
                "model": server.model,
                "language": server.language,
                "summary": server.summary,
                "options": dict(server.options),
            }
            for server in CATALOGUE.values()
        ]
        write_json(listed, args.json)
        return 0
    for server in CATALOGUE.values():
        print(f"{server.name}\n    {server.model}, {server.language}: {server.summary}")
        for option, meaning in server.options.items():
            print(f"    {option}=…  {meaning}")
    return 0


def write_json(value: object, path: str) -> None:
    """Write JSON to a file, or alone to standard output for `-`."""
    text = json.dumps(value, indent=2, ensure_ascii=False) + "\n"
    if path == "-":
        sys.stdout.write(text)
    else:
        Path(path).write_text(text, encoding="utf-8")
