"""The pages in a real browser: nothing asked of outside, nothing cut off, nothing out of reach."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe

from c10k.reports import compare
from c10k.reports.build import build_report
from c10k.reports.comparisons.pairs import CPU
from c10k.reports.history.page import build_history
from c10k.reports.history.series import Setting, StoredRun, Subject, history_of
from c10k.reports.model.quantity import Quantity
from tests.conftest import PATIENCE_MS
from tests.reports.synthetic import buffer_pool, write_run

pytestmark = pytest.mark.browser

OPENED = 3  # by the keyboard

OVERFLOW = """() => {
  const {scrollWidth, clientWidth} = document.documentElement;
  return scrollWidth > clientWidth ? [`overflow: ${scrollWidth} of ${clientWidth} pixels`] : [];
}"""
SHUT = """opened => [...document.querySelectorAll("details")].slice(0, opened).filter(
  each => !each.open
).map(each => `stays shut: ${each.outerHTML.slice(0, 80)}`)"""
OPEN = "() => document.querySelectorAll('details').forEach(each => { each.open = true; })"
PICTURES = """async () => {
  const wrong = [];
  for (const each of document.images)
    if (!each.complete || !each.naturalWidth) wrong.push(`not loaded: ${each.src.slice(0, 80)}`);
  for (const each of document.querySelectorAll("svg image")) {
    const image = new Image();
    image.src = each.href.baseVal;
    await image.decode().catch(() => wrong.push(`not loaded: ${image.src.slice(0, 80)}`));
  }
  for (const each of document.querySelectorAll("svg")) {
    if (each.closest("details:not([open]), [hidden]")) continue;
    const {width, height} = each.getBoundingClientRect();
    if (!width || !height || !each.getBBox().width)
      wrong.push(`empty: ${each.outerHTML.slice(0, 80)}`);
  }
  return wrong;
}"""
WIDE = """() => {
  const wide = [], edge = document.documentElement.clientWidth;
  for (const each of document.body.querySelectorAll("*")) {
    if (each.closest("svg") && each.tagName !== "svg") continue;
    const {right, width} = each.getBoundingClientRect();
    if (!width || right <= edge + 1) continue;
    let box = each.parentElement;
    while (box && !["auto", "hidden", "scroll"].includes(getComputedStyle(box).overflowX))
      box = box.parentElement;
    if (!box) wide.push(each.outerHTML.slice(0, 80));
  }
  return wide;
}"""
WIDTHS = (320, 641, 960, 1200)  # the narrowest screen of each layout in page.css
HIT = "a:not(.skip), button, input, summary"
SMALL = """hit => [...document.querySelectorAll(hit)].filter(each => {
  const {height} = each.getBoundingClientRect();
  return height && height < (innerWidth < 641 ? 43.5 : 23.5);
}).map(each => `small: ${each.outerHTML.slice(0, 80)}`).slice(0, 5)"""  # for a finger, a mouse
SQUEEZED = """() => [...document.querySelectorAll("dt")].filter(each => {
  const {width, height} = each.getBoundingClientRect();
  return width && height > 5 * width;
}).map(each => `squeezed: ${each.outerHTML.slice(0, 80)}`).slice(0, 1)"""
# axe takes long for each element, and rows of a table are alike, and so are steps; a screen reader
# is stated of a picture by its label.
THIN_OUT = """() => document.querySelectorAll(
  "figure.picture g, tbody tr:nth-child(n+4), .fold ~ .fold ~ .fold ~ .fold"
).forEach(each => each.remove())"""
AXE = {"resultTypes": ["violations"]}


def faults(browser, path, widths=WIDTHS, scheme="light", *, scripts=True):
    """What is wrong with a page for a reader with such screens; of a sound one nothing.

    In one visit. axe looks at it, unless it is without scripts.
    """
    found = []

    def answer(route):
        if route.request.url == path.as_uri():
            route.continue_()
        else:
            found.append(f"asked for {route.request.url[:200]}")
            route.abort()

    def hear(message):
        if message.type in {"error", "warning"}:
            found.append(f"console {message.type}: {message.text}")

    context = browser.new_context(color_scheme=scheme, java_script_enabled=scripts)
    context.set_default_timeout(PATIENCE_MS)
    context.route("**/*", answer)
    try:
        page = context.new_page()
        page.on("console", hear)
        page.on("pageerror", lambda error: found.append(f"page error: {error}"))
        page.goto(path.as_uri())
        found += too_wide(page, widths[::-1])
        for summary in page.locator("details > summary").all()[:OPENED]:
            summary.press("Enter")
        found += page.evaluate(SHUT, OPENED)
        found += page.evaluate(PICTURES)
        page.evaluate(OPEN)
        found += too_wide(page, widths[::2])
        if scripts:
            page.evaluate(THIN_OUT)
            for violation in Axe().run(page, options=AXE).response["violations"]:
                if violation["impact"] in {"serious", "critical"}:
                    targets = [node["target"] for node in violation["nodes"]]
                    found.append(f"axe: {violation['id']}, {violation['impact']}: {targets[:5]}")
    finally:
        context.close()
    return found


def too_wide(page, widths):
    """What of a page is cut off, scrolls sideways or is too small to hit at these widths."""
    for width in widths:
        page.set_viewport_size({"width": width, "height": 900})
        wide = [
            *page.evaluate(SQUEEZED),
            *page.evaluate(OVERFLOW),
            *page.evaluate(WIDE),
            *page.evaluate(SMALL, HIT),
        ]
        column = page.evaluate("document.querySelector('main').clientWidth")
        # What is left of its own column is as good as cut off.
        if column < min(0.75 * width, 1_000):
            wide.append(f"a column of {column} pixels")
        yield from (f"at {width}: {each}" for each in wide[:5])


@pytest.fixture(scope="module")
def troubled(tmp_path_factory):
    """A run with all that a page can show: what is hostile, long, many or failed, and every own
    table.
    """
    hostile = "<script>alert(1)</script>"
    long = "asyncio_protocol,python=/opt/interpreters/python3.13t/bin/python,loop=uvloop,buffer=64k"
    servers = {
        hostile: "<i>model</i>",
        "threaded": "thread per connection",
        long: "event loop",
        "🦥 \N{RIGHT-TO-LEFT OVERRIDE}\N{HEBREW LETTER HE}": "process per connection",
        **{f"server_{number},python=python3.13": "event loop" for number in range(2)},
    }

    def trouble(behaviour):
        behaviour.loader_limited = behaviour.connections == 10
        behaviour.stolen = 0.2
        if behaviour.server == hostile:
            behaviour.status, behaviour.connected = "failed", 0
            behaviour.reason = "<img src=x onerror=alert(2)>"
            behaviour.log_tail = "</pre><iframe src=//example.org>" + 300 * "W"
        elif behaviour.connections == 1_000:
            behaviour.status, behaviour.connected = "partial", 970
            behaviour.errors = {"<b>reset</b>": 30}

    return write_run(
        tmp_path_factory.mktemp("troubled") / "<b>run",
        servers=servers,
        steps=(10, 1_000),
        windows=2,
        samples=3,
        change=trouble,
        skip=lambda step: step.server not in (hostile, "threaded") and step.connections > 100,
        described={"mapped": ["paced"], "left_out": [f"{hostile} cannot run here: {200 * 'W'}"]},
        plan={"techniques": [buffer_pool(long, "threaded")]},
        found=[{"server": "threaded", "workload": "saturated", "why": f"at 900: {300 * 'W'}"}],
    )


def test_a_page_of_much_trouble_and_long_names_is_sound_and_fits(browser, troubled, tmp_path):
    assert faults(browser, build_report(troubled, tmp_path / "out"), scheme="dark") == []


def test_a_korean_page_is_sound_without_scripts_and_fits(browser, korean):
    assert faults(browser, korean / "index.html", (320,), scripts=False) == []


def test_a_comparison_is_sound_and_fits(browser, troubled, tmp_path):
    other = tmp_path / "a_run_with_a_long_name_of_its_own"
    write_run(other, {"threaded": "a thread", f"threaded,stack={2**10}k": "a thread"}, steps=(10,))
    page = tmp_path / "page.html"
    page.write_text(compare.page(compare.compared(other, troubled)))
    assert faults(browser, page) == []


def test_a_history_of_long_names_is_sound_and_fits(browser, tmp_path):
    began = datetime(2026, 9, 1, tzinfo=UTC)
    subject = Subject(f"<script>alert(1)</script> {100 * 'W'}", f"own,{100 * 'W'}", 10, CPU)
    runs = [
        StoredRun(
            Path(f"2026-09-{number + 1:02}T02-00-00-{50 * 'W'}"),
            f"{number:040x}",
            began + timedelta(days=number),
            Setting(f"<b>{100 * 'W'}", "a plan"),
            {subject: Quantity(1.0 if number < 6 else 2.0)},
            frozenset(),
        )
        for number in range(12)
    ]
    page = build_history(history_of(runs), tmp_path / "out")
    assert "<table" in page.read_text()
    assert faults(browser, page) == []


PIXEL = (
    "data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAQAAAC1HAwCAAAAC0lEQVR42mNk"
    "+A8AAQUBAScY42YAAAAASUVORK5CYII="
)


def small_page(directory, body):
    path = directory / "page.html"
    path.write_text(
        '<!DOCTYPE html><html lang="en"><title>Small</title>'
        f"<main><h1>Small</h1>{body}</main></html>"
    )
    return path


BROKEN = {
    "<script>console.error('no')</script>": "console error: no",
    "<script>console.warn('no')</script>": "console warning: no",
    "<script>throw new Error('no')</script>": "page error: no",
    "<img src='https://example.org/a.png' alt='a'>": "asked for https://example.org/a.png",
    "<link rel='stylesheet' href='other.css'>": "other.css",
    "<details><summary style='display: none'>a</summary>a</details>": "stays shut: <details",
    "<img src='data:image/png;base64,AAAA' alt='a'>": "not loaded: data:image/png;base64,AAAA",
    "<svg><image href='data:image/png;base64,AAAB'/></svg>": "png;base64,AAAB",
    "<svg width='0'><rect width='9' height='9'/></svg>": 'empty: <svg width="0"',
    "<dl style='width: 9px; word-break: break-all'><dt>squeezed</dt></dl>": "squeezed: <dt>",
    "<svg width='9' height='9'></svg>": 'empty: <svg width="9"',
    f"<img src='{PIXEL}'>": "axe: image-alt, critical",
    "<p style='color: #ccc'>pale</p>": "axe: color-contrast, serious: [['p']]",
    "<div style='width: 1000px'>wide</div>": "overflow: 10",
    "<button style='font-size: 9px'>no</button>": "small: <button",
    "<details><summary>a</summary><div style='width: 2000px'>a</div></details>": "overflow: 20",
}


def test_what_is_wrong_is_found(browser, tmp_path):
    found = faults(browser, small_page(tmp_path, "".join(BROKEN)), (390,))
    assert [fault for fault in BROKEN.values() if not any(fault in each for each in found)] == []


def test_a_sound_page_has_no_faults(browser, tmp_path):
    drawing = f"<svg><image href='{PIXEL}' width='9' height='9'/></svg>"
    details = "<details><summary style='min-height: 44px'>more</summary>text</details>"
    body = f"<img src='{PIXEL}' alt='a pixel'>{drawing}{details}"
    assert faults(browser, small_page(tmp_path, body), (390,)) == []
