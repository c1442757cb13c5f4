"""What a reader can do with the page, in a real browser."""

import csv
import io

import pytest

from tests.conftest import PATIENCE_MS

pytestmark = pytest.mark.browser

HELD = """() => { navigator.clipboard.writeText = text => {
  window.held = text; return Promise.resolve(); }; }"""


@pytest.fixture(scope="module")
def page(browser, report):
    """The recorded run's page, opened once; what it asks for beyond itself fails the last test."""
    context = browser.new_context(viewport={"width": 1440, "height": 900})
    context.set_default_timeout(PATIENCE_MS)
    asked = []
    context.on("request", lambda request: asked.append(request.url))
    opened = context.new_page()
    opened.goto((report / "index.html").as_uri())
    yield opened
    context.close()
    assert {url for url in asked if not url.startswith("data:")} == {
        (report / "index.html").as_uri()
    }


def test_a_point_says_its_value_when_it_is_pointed_at(page):
    point = page.locator("#picture-memory-resident use[data-tip]").last
    point.scroll_into_view_if_needed()
    point.hover(force=True)
    tip = page.locator("#tip")
    assert tip.is_visible()
    assert "clients" in tip.inner_text()


def test_a_legend_entry_hides_a_server_in_every_picture(page):
    button = page.locator("[data-legend] button", has_text="asyncio_streams").first
    series = page.locator('.picture:visible g.series[data-server="asyncio_streams"]')
    before = [each for each in series.all() if each.is_visible()]
    assert len(before) > 2
    button.click()
    assert button.get_attribute("aria-pressed") == "false"
    assert not [each for each in series.all() if each.is_visible()]
    button.click()
    assert len([each for each in series.all() if each.is_visible()]) == len(before)


def test_workload_and_scale_are_switched_for_the_whole_page(page):
    def shown(kind):
        values = page.eval_on_selector_all(
            f"[data-{kind}]:not([data-switch])",
            f"all => all.filter(each => each.offsetParent).map(each => each.dataset.{kind})",
        )
        return set(values)

    for kind, values in (("workload", ("saturated", "paced")), ("scale", ("linear", "log"))):
        for value in values:
            page.locator(f'[data-switch="{kind}"] button[value="{value}"]').click()
            assert shown(kind) == {value}


def test_a_picture_is_enlarged_and_closed(page):
    page.locator(".picture:visible .enlarge").first.click()
    assert page.locator("dialog[open] svg").is_visible()
    page.keyboard.press("Escape")
    assert page.locator("dialog[open]").count() == 0


def test_a_table_sorts_by_its_raw_values_and_filters(page):
    page.evaluate("document.querySelectorAll('details').forEach(each => { each.open = true; })")
    table = page.locator("#table-comparisons")
    header = table.locator("th", has_text="clients").first
    header.locator(".sort").click()
    assert header.get_attribute("aria-sort") == "ascending"
    clients = table.locator("tbody tr:not(.section) th:nth-child(2)").all_inner_texts()
    numbers = [int(each.replace(",", "")) for each in clients if each[:1].isdigit()]
    assert len(set(numbers)) > 2
    assert numbers == sorted(numbers)
    rows = table.locator("tbody tr:not(.section):visible")
    before = rows.count()
    page.locator("input.filter:near(#table-comparisons)").first.fill("throughput")
    assert 0 < rows.count() < before
    assert all("throughput" in each for each in rows.all_inner_texts())


def test_a_permalink_opens_what_it_leads_to(browser, report):
    context = browser.new_context(viewport={"width": 1440, "height": 900})
    opened = context.new_page()
    opened.goto((report / "index.html").as_uri())
    step = opened.locator("[id^='step-'][id$='0'], #step-details h4[id]").first.get_attribute("id")
    assert not opened.locator(f"[id='{step}']").is_visible()
    opened.goto("about:blank")
    opened.goto(f"{(report / 'index.html').as_uri()}#{step}")
    opened.wait_for_function("id => document.getElementById(id).offsetParent", arg=step)
    assert opened.locator(f"[id='{step}']").is_visible()
    context.close()


def test_the_command_of_a_step_and_a_table_are_copied(page):
    page.evaluate("document.querySelectorAll('details').forEach(each => { each.open = true; })")
    page.evaluate(HELD)
    button = page.locator("button[data-copy]:visible").first
    name = button.get_attribute("data-copy")
    button.click()
    page.wait_for_function("window.held")
    assert page.evaluate("window.held").startswith("c10k run ")
    assert page.evaluate("window.held") == page.locator(f"[id='{name}']").inner_text().strip()
    page.evaluate("window.held = ''")
    page.locator("button[data-csv]:visible").first.click()
    page.wait_for_function("window.held")
    head, *rows = csv.reader(io.StringIO(page.evaluate("window.held")))
    assert len(rows) > 1
    assert {len(row) for row in rows} == {len(head)}


def test_without_scripts_all_tables_and_pictures_can_be_read(browser, report):
    context = browser.new_context(java_script_enabled=False)
    opened = context.new_page()
    opened.goto((report / "index.html").as_uri())
    tables = {path.stem for path in report.glob("tables/*.md")}
    pictures = {path.stem for path in report.glob("figures/*.svg")}
    assert opened.locator("table").count() >= len(tables)
    assert opened.locator("figure.picture svg").count() == len(pictures)
    # Each is on the page as it is, or folded under a summary that opens without a script.
    for each in opened.locator("figure.picture").all():
        assert each.is_visible() or each.locator("xpath=ancestor::details").count()
    context.close()
