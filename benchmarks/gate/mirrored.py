"""Whether `c10k ab` says of B and A the opposite of what it says of A and B.

    python -m benchmarks.gate.mirrored DIR ['A B' …] [-- option of `c10k ab` …]

Prints a Markdown table for each two servers.
"""

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

from benchmarks.gate.call import call, split

DEFAULT: Final = ("asyncio_protocol asyncio_protocol,loop=uvloop", "threaded asyncio_protocol")
MIRRORED: Final = {"regression": "improvement", "improvement": "regression"}


def table(one: str, other: str, directory: Path, options: list[str]) -> Iterator[str]:
    """The verdicts both ways, side by side."""
    names = (f"{one}-{other}".replace(",", "-"), f"{other}-{one}".replace(",", "-"))
    there = call(("--base", one, "--head", other), directory / names[0], options)
    back = call(("--base", other, "--head", one), directory / names[1], options)
    yield f"| metric | {other} by {one} | {one} by {other} | mirrored |"
    yield "| --- | --- | --- | --- |"
    for forth, against in zip(there["metrics"], back["metrics"], strict=True):
        expected = MIRRORED.get(forth["verdict"], forth["verdict"])
        mirrored = "yes" if against["verdict"] == expected else "no"
        yield f"| {forth['meaning']} | {_said(forth)} | {_said(against)} | {mirrored} |"


def _said(found: dict[str, Any]) -> str:
    ratio = found["ratio"]
    return found["verdict"] if ratio is None else f"{ratio:.2f}, {found['verdict']}"


def main() -> None:
    """Make the calls, and print their tables."""
    own, options = split(sys.argv[1:])
    directory, *pairs = own or [""]
    if not directory:
        sys.exit(__doc__)
    for pair in pairs or DEFAULT:
        one, other = pair.split()
        print("\n".join(table(one, other, Path(directory), options)), end="\n\n", flush=True)


if __name__ == "__main__":
    main()
