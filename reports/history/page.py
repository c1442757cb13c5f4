"""The page of a history: its changes, and a small picture of each series."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from c10k.reports import output, style
from c10k.reports.figures import Picture, styled
from c10k.reports.history.picture import picture, words
from c10k.reports.history.series import History, Series, Setting
from c10k.reports.history.table import notes, summary, table
from c10k.reports.page.page import environment


@dataclass(frozen=True)
class Drawn:
    """A series with its picture, and its changes in words."""

    series: Series
    picture: Picture

    @property
    def changes(self) -> list[tuple[str, str]]:
        """Each with the name of its colour."""
        return [
            ("green" if change.better else "vermilion", words(change))
            for change in self.series.changes
        ]


def build_history(history: History, out: Path) -> Path:
    """Write index.html, and figures/ with the pictures as PNG, into `out`; the path of index.html.

    UnwritableError where that cannot be.
    """
    with styled():
        drawn = [Drawn(each, picture(each, n)) for n, each in enumerate(history.series, start=1)]
    index = out / "index.html"
    files: list[tuple[Path, str | bytes]] = [(index, render(history, drawn))]
    files += [(out / "figures" / f"{each.picture.name}.png", each.picture.png) for each in drawn]
    output.write(out, files)
    return index


def render(history: History, drawn: Sequence[Drawn]) -> str:
    """The whole page as HTML; every text of the runs is escaped."""
    parts: dict[Setting, list[Drawn]] = {setting: [] for setting in history.settings}
    for each in sorted(drawn, key=lambda each: not each.changes):
        parts[each.series.setting].append(each)
    template = environment().get_template("history.html.j2")
    return template.render(
        summary=summary(history),
        notices=[*history.left_out, *notes(history)],
        table=table(history),
        parts=parts,
        css=style.css(),
    )
