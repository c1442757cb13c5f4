"""The page and its files: self-contained, linked, in its order, and whole for every odd run."""

import re

import pytest

from c10k.reports.build import build_report
from c10k.reports.page.page import environment, parts, tone
from c10k.reports.tables.table import Cell, Column, Section, Table
from tests.reports.parsed import Page
from tests.reports.synthetic import SMALL, write_run


@pytest.fixture
def page_of(tmp_path, unpictured):
    """The page of a small run, without pictures."""
    return lambda **options: Page(
        build_report(write_run(tmp_path / "run", **SMALL | options), tmp_path / "out").read_text()
    )


def test_each_picture_and_table_has_all_its_files(report):
    for directory, suffixes in (("figures", "csv parquet png svg"), ("tables", "csv md parquet")):
        files = sorted(path.name for path in (report / directory).iterdir())
        stems = sorted({name.partition(".")[0] for name in files})
        assert len(stems) > 10
        assert files == [f"{stem}.{suffix}" for stem in stems for suffix in suffixes.split()]


def test_each_picture_and_table_stands_on_the_page(page, report):
    ids = {node.attributes.get("id") for node in page.all()}
    assert {f"table-{path.stem}" for path in report.glob("tables/*.md")} <= ids
    assert {f"picture-{path.stem}" for path in report.glob("figures/*.svg")} <= ids


def test_the_page_asks_for_nothing(page, report):
    names = {"src", "href", "xlink:href", "srcset", "data", "action"}
    for attributes in (node.attributes for node in page.all()):
        for name in attributes.keys() & names:
            assert attributes[name].startswith(("#", "data:image/png;base64,"))
    html = (report / "index.html").read_text()
    assert not re.search(r"@import|fetch\(|url\((?!#)", html)
    assert len(html) < 2_000_000


def test_every_link_button_and_label_has_its_target(page):
    ids = [node.attributes["id"] for node in page.all() if "id" in node.attributes]
    assert len(ids) == len(set(ids))
    names = {"href", "xlink:href", "aria-labelledby", "data-csv", "data-copy"}
    for attributes in (node.attributes for node in page.all()):
        targets = (attributes[name] for name in attributes.keys() & names)
        assert {each.removeprefix("#") for each in targets if each[:5] != "data:"} <= set(ids)


def test_the_answer_comes_first_then_the_tables_of_the_book(page):
    order = ["answer", "picture-over-time-saturated", "t1", "t2", "t3", "t4", "t5", "t6", "guide"]
    order += ["costs", "comparisons", "step-details", "wrong", "method"]
    ids = [node.attributes.get("id") for node in page.one("main").all()]
    assert [each for each in ids if each in order] == order


def test_the_contents_list_every_part(page):
    parts = [*page.all("header"), *page.one("main").all("h2"), *page.all("details", class_="part")]
    ids = {part.attributes["id"] for part in parts if "id" in part.attributes}
    for where in ("side", "top"):
        links = [a.attributes["href"][1:] for a in page.one("nav", class_=where).all("a")]
        assert sorted(links) == sorted(ids)


def test_pictures_and_tables_speak_to_a_screen_reader(page):
    for figure in page.all("figure", class_="picture"):
        drawing = figure.one("svg").attributes
        assert drawing["role"] == "img"
        assert len(drawing["aria-label"]) > 40
    assert all(heading.attributes.get("scope") for heading in page.all("th"))


def test_one_workload_is_shown_and_the_others_can_be_opened(page):
    section = next(each for each in page.all("section") if list(each.all("h2", id="t3")))
    shown, *others = (each for each in section.elements if "data-workload" in each.attributes)
    assert shown.tag == "div"
    assert {(each.tag, each.attributes["class"]) for each in others} == {("details", "variant")}


def test_the_method_is_five_paragraphs_with_the_rules_in_them(page):
    stated = [each.text() for each in page.one("div", class_="method").all("p")]
    assert len(stated) == 5
    assert "is beyond chance and at least 1.2× (response times also 0.05 ms or more)" in stated[2]
    assert "within 1.5× of the figure" in stated[3]


def drawn(*cells, stacked=True):
    columns = [Column("server", head=True), *(Column(f"figure {n}") for n in range(len(cells)))]
    table = Table("t", "T", "C", columns, [Section("", [[Cell("<b>"), *cells]])])
    module = environment().get_template("table.html.j2").module
    return Page(str(module.draw(table, "T", stacked=stacked)))


def test_a_cell_of_the_book_has_our_figure_the_books_and_a_coloured_outcome():
    measured = ("23.2 KB", 2.37e4, "22.9–23.5 KB", "starved")
    cell = Cell(*measured, "4 KB", "book", "right direction, off by 2×")
    node = drawn(cell).one("td")
    assert node.text() == "23.2 KB 22.9–23.5 KB starved book 4 KB right direction, off by 2×"
    assert node.one("em").attributes["class"] == "outcome right_direction"
    assert node.attributes["data-label"] == "figure 0"  # its title on a phone
    assert tone(Cell("confirmed")) == "confirmed"
    assert tone(Cell("1", outcome="off by 2×")) == ""


def test_a_cell_holds_its_number_to_sort_and_copy_by():
    page = drawn(Cell("1.5 MB", 1_572_864.0), Cell("b", "b"), stacked=False)
    values = [cell.attributes.get("data-value") for cell in page.all("td")]
    assert values == ["1572864", None]
    assert page.one("th", scope="row").text() == "<b>"


def test_a_part_without_anything_is_left_out(make):
    (part,) = parts(make(), [Table("t5-x", "X", "", [], [])], [])
    assert (part.id, part.title) == ("t5", "X")


@pytest.mark.system
def test_several_warnings_are_one_line_above_and_all_below(page_of):
    page = page_of(skip=lambda step: step.workload == "saturated" and step.connections > 10)
    assert [each.text() for each in page.all("p", class_="notice")] == [
        "Planned steps that were not measured: 4. All 2 warnings",
        "Planned steps that were not measured: 4.",
        "A virtual machine. Quote ratios between servers.",
    ]


@pytest.mark.system
def test_a_run_of_one_server_is_reported(page_of):
    page = page_of(servers={"asyncio_streams": "event loop"})
    assert "There is no other server to compare it with." in page.text()


@pytest.mark.system
def test_a_run_in_which_all_failed_is_reported(page_of):
    def fail(behaviour):
        behaviour.status, behaviour.reason, behaviour.connected = "failed", "no server", 0

    page = page_of(change=fail)
    assert "no step succeeded" in page.one("h1").text()
    assert "threaded, paced: 10 (no server)" in page.one("details", id="flag-failed").text()


@pytest.mark.system
def test_a_card_says_once_that_servers_are_not_compared(page_of):
    page = page_of(change=lambda step: setattr(step, "others", 0.5))
    stated = [card.text().count("not compared") for card in page.all("div", class_="card")]
    assert set(stated) == {0, 1}  # memory is as it is whoever else uses the CPUs


@pytest.mark.system
def test_a_run_that_says_little_of_itself_is_reported(page_of):
    little = {key: {} for key in ("plan", "host", "limits", "versions")}
    little |= {key: [{}] for key in ("servers", "workloads", "warnings")}
    page = page_of(described=little | dict.fromkeys(("cpu_split", "ceiling", "commit")))
    assert "1,000 clients" in page.one("h1").text()
    assert "not split" in page.one("details", id="facts-1").text()
