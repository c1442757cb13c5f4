"""Tables in Markdown, as GitHub shows them."""

from collections.abc import Iterable, Sequence


def table(headings: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """The table in lines; the first and the last column are words, all between them numbers."""
    rule = ["---", *["---:"] * (len(headings) - 2), "---"]
    return "\n".join(f"| {' | '.join(map(_cell, row))} |" for row in (headings, rule, *rows))


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")
