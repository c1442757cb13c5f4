"""The steps as flat tables, as pandas writes them."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from c10k.results.store import Run


def as_csv(run: "Run") -> str:
    """A line for each step and repeat, with every column; empty where nothing was measured."""
    return str(run.steps.to_csv(index=False))


def as_json(run: "Run") -> str:
    """The same as a list of objects, null where nothing was measured."""
    return run.steps.to_json(orient="records", indent=2) + "\n"
