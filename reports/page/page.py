"""The page: its parts in their order, each with its tables and pictures."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from c10k.reports import style, wording
from c10k.reports.comparisons.pairs import APART_MS, Comparisons
from c10k.reports.comparisons.publication import called, noun
from c10k.reports.comparisons.published import Verdict
from c10k.reports.figures import Picture, for_page
from c10k.reports.language import N_, _, spoken
from c10k.reports.model.flags import causes
from c10k.reports.model.measured import Measured
from c10k.reports.page import details, facts
from c10k.reports.summary.headline import headline
from c10k.reports.summary.topics import find_topics
from c10k.reports.tables.table import Cell, Table
from c10k.results.comparison import LEAST_RATIO
from c10k.results.published import CONFIRMED_WITHIN

_PLACES: Final = {  # the parts in their order; without a title it is that of a table of theirs
    "claims": N_("Published claims"),
    **dict.fromkeys(["t1", "t2", "t3", "t4", "t5", "t6", "guide"], ""),
    "costs": N_("What a message costs"),
    **dict.fromkeys(["capacity", "techniques", "servers", "comparisons", "steps"], ""),
    "details": N_("Percentiles and samples over time"),
}
_FOLDED: Final = ("comparisons", "steps", "details")
_STACKED: Final = ("claims", "t1", "t2", "t3", "t4", "t5", "t6", "guide", "techniques")
_TONED: Final = (Verdict.CONFIRMED, Verdict.RIGHT_DIRECTION, Verdict.CONTRADICTED)


@dataclass(frozen=True)
class Block:
    """What a part has of a workload, or what is of none: tables, folded ones, and pictures."""

    workload: str
    heading: str
    tables: list[Table] = field(default_factory=list)
    folded: list[Table] = field(default_factory=list)
    pictures: list[Picture] = field(default_factory=list)


@dataclass(frozen=True)
class Part:
    """A part of the page."""

    id: str
    title: str
    blocks: Sequence[Block]


def render(
    measured: Measured,
    comparisons: Comparisons,
    tables: Sequence[Table],
    pictures: Sequence[Picture],
) -> str:
    """The whole page as HTML; every text of the run is escaped."""
    ramps, claim = details.ramps(measured), measured.publication
    template = environment().get_template("page.html.j2")
    return template.render(
        headline=headline(measured, comparisons),
        cards=find_topics(measured, comparisons)[:4],
        answer=[picture for picture in pictures if picture.place == "answer"],
        parts=parts(measured, tables, pictures),
        hues={label: each.hue for label, each in style.series_styles(measured.servers).items()},
        css=style.css(),
        notices=list(facts.notices(measured)),
        least=wording.ratio(LEAST_RATIO),
        apart=wording.objective(APART_MS),
        within=wording.ratio(CONFIRMED_WITHIN),
        stacked=_STACKED,
        folded=_FOLDED,
        name=wording.capital(called(claim)),
        noun=noun(claim),
        method=f". {_(claim.method)}" if claim.method else "",
        facts=facts.facts(measured),
        ramps=ramps,
        glossary=details.glossary(),
        flagged=details.flagged(ramps),
    )


def parts(measured: Measured, tables: Sequence[Table], pictures: Sequence[Picture]) -> list[Part]:
    """Those that there is something for, in each what is of no workload first."""
    headings = {each.name: each.heading for each in (*measured.workloads, *measured.map)}
    titles = {"t5": _("Where the time of a message goes")}  # where it has but a picture
    titles |= {table.place: table.heading or table.title for table in reversed(tables)}
    found: dict[str, dict[str, Block]] = {place: {} for place in _PLACES}
    placed: list[Table | Picture] = [*tables, *pictures]
    for each in sorted(placed, key=lambda each: each.workload != ""):
        if each.place in found:
            heading = headings.get(each.workload, each.workload)
            block = found[each.place].setdefault(each.workload, Block(each.workload, heading))
            if isinstance(each, Picture):
                block.pictures.append(each)
            else:
                (block.folded if each.folded else block.tables).append(each)
    return [
        Part(place, _(title) if title else titles.get(place, ""), list(found[place].values()))
        for place, title in _PLACES.items()
        if found[place]
    ]


def environment() -> Environment:
    """Templates in which every text is escaped, and a name that is not known is an error."""
    made = Environment(
        loader=PackageLoader("c10k.reports"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.filters |= {"causes": causes, "count": wording.count, "drawing": drawing, "tone": tone}
    made.filters["sentence"] = wording.sentence
    made.globals |= {"_": _, "language": spoken(), "zip": zip}
    return made


def drawing(picture: Picture) -> Markup:
    """A picture's SVG as a part of the page."""
    return Markup(for_page(picture.svg, picture.alt))


def tone(cell: Cell) -> str:
    """The class of a cell's outcome, by which it is coloured; empty for those that are not.

    Where a column is of outcomes, its cells are them.
    """
    text = cell.outcome or cell.text
    return next((each.name.lower() for each in _TONED if text.startswith(_(each.value))), "")
