"""The experiments that come with c10k: files that are found by name."""

import difflib
from collections.abc import Iterator
from pathlib import Path
from typing import Final

FOLDER: Final = Path(__file__).parents[1] / "experiments"


def names() -> list[str]:
    """What --config takes beside a path."""
    found = (path.relative_to(FOLDER) for path in FOLDER.rglob("*.toml"))
    return sorted(path.with_suffix("").as_posix() for path in found)


def summaries() -> Iterator[tuple[str, str]]:
    """Each experiment's name, and the first sentence of the comment that it begins with."""
    for name in names():
        with (FOLDER / f"{name}.toml").open(encoding="utf-8") as file:
            comment = []
            for line in file:
                if not (text := line.strip().removeprefix("#").strip()):
                    break
                comment.append(text)
        yield name, " ".join(comment).partition(". ")[0].rstrip(".")


def experiment(name: str) -> Path:
    """The file that a name or a path means. Raises ValueError for a name that there is not."""
    if name in (known := names()) and not Path(name).is_file():
        return FOLDER / f"{name}.toml"
    if name.endswith(".toml") or Path(name).is_file():
        return Path(name)
    close = difflib.get_close_matches(name, known, n=1)
    guess = f": did you mean {close[0]!r}?" if close else "."
    raise ValueError(
        f"no experiment is called {name[:60]!r}{guess} There are {', '.join(known)}, and any "
        "FILE.toml"
    )
