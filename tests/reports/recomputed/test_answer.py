"""The answer on the page, in summary.md and in a terminal, and what is said of the method."""

import re

from tests.reports.recomputed import formats, told
from tests.reports.recomputed.notes import MEANT, spread


def test_the_headline_is_the_recomputed_one(run, page):
    headline, also = told.headline(run)
    header = page.one("header", id="answer")
    assert (header.one("h1").text(), header.one("p", class_="also").text()) == (headline, also)


def test_every_number_of_the_answer_is_the_recomputed_one(run, page, out, crossed):
    assert run.tokens(page.one("header").text()) == run.tokens(*told.header(run, crossed))
    summary = (out / "summary.md").read_text().replace("\\", "")
    assert run.tokens(summary) == run.tokens(*told.summary(run, crossed))
    # In a terminal there may be room for a label's ends alone.
    terminal = re.sub(
        r"(\S+)…(\S+)",
        lambda ends: next(
            label for label in run.servers if label.startswith(ends[1]) and label.endswith(ends[2])
        ),
        (out / "terminal").read_text(),
    )
    assert run.tokens(terminal) == run.tokens(*told.terminal(run, crossed))


def test_bars_are_as_long_as_their_values_are_large(run, page):
    cards = page.all("section", class_="card")
    for card, drawn in zip(told.cards(run), cards, strict=True):
        values = [value.value for value in card.contrast.values]
        widths = [f"width:{100 * value / max(values):.1f}%" for value in values]
        assert [bar.attributes["style"] for bar in drawn.all("i")] == widths


def test_every_number_of_the_method_is_one_of_the_rules(run, page):
    method = page.one("section", id="method")
    warnings = [text for each in run.manifest["warnings"] for text in each.values()]
    notices = [notice.text() for notice in method.all("p", class_="notice")]
    assert set(run.tokens(*notices)) <= set(run.tokens(*warnings))
    marks = [f"{mark} {MEANT.get(mark, '')}" for mark in formats.MARKS]
    slo = f"{run.slo_p99_ms:g} ms"
    assert run.tokens(method.one("div", class_="method").text()) == run.tokens(
        *(
            "saturated",
            "paced",
            spread(run),
            "95 %",
            slo,
            "1.5",
            "20 %, 5 %",
            "10 ms",
            "1 KB, 1,024",
        ),
        *marks,
    )


def test_every_fact_of_the_run_is_in_its_description(run, page):
    def texts(value):
        if isinstance(value, dict):
            value = [*value, *value.values()]
        if isinstance(value, list):
            for each in value:
                yield from texts(each)
        elif isinstance(value, str):
            yield value
        elif isinstance(value, int | float):
            yield from (f"{value:g}", f"{value:g} s", str(value), formats.count(value))
            yield from (formats.size(value), formats.share(value), formats.micros(value))

    facts = page.one("div", class_="facts")
    assert set(run.tokens(facts.text())) <= set(run.tokens(*texts(run.manifest)))
