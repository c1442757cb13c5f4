"""The pages in a real browser: nothing asked of outside, nothing cut off, nothing out of reach."""

import shutil

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import sync_playwright

from c10k.reports.build import build_report
from c10k.reports.compare import build_comparison
from tests.reports.conftest import write_run

pytestmark = pytest.mark.usefixtures("unpainted")

PROGRAMS = ("chromium", "chromium-browser", "google-chrome")
FLAGS = (  # of its own accord a browser asks for updates and lists
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-gpu",
    "--disable-quic",
    "--disable-sync",
)
PATIENCE_MS = 60_000
SERIOUS = {"serious", "critical"}
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
    if (each.closest("details:not([open])")) continue;
    const {width, height} = each.getBoundingClientRect();
    if (!width || !height || !each.getBBox().width)
      wrong.push(`empty: ${each.outerHTML.slice(0, 80)}`);
  }
  return wrong;
}"""


@pytest.fixture(scope="module")
def browser():
    program = next(filter(None, map(shutil.which, PROGRAMS)), None)
    if program is None:
        pytest.skip("no Chromium is installed: apt install chromium")
    with sync_playwright() as playwright:
        # Playwright's default is no sandbox: containers and root have none, and the pages are ours.
        browser = playwright.chromium.launch(
            executable_path=program, args=FLAGS, timeout=PATIENCE_MS
        )
        yield browser
        browser.close()


def faults(browser, path, width=390, scheme="light", *, scripts=True):
    """What is wrong with a page for a reader with such a screen; of a sound one nothing."""
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

    context = browser.new_context(
        viewport={"width": width, "height": 900}, color_scheme=scheme, java_script_enabled=scripts
    )
    context.set_default_timeout(PATIENCE_MS)
    context.route("**/*", answer)
    try:
        page = context.new_page()
        page.on("console", hear)
        page.on("pageerror", lambda error: found.append(f"page error: {error}"))
        page.goto(path.as_uri())
        found += page.evaluate(OVERFLOW)
        # The places of the steps are alike, and axe would look at tens of thousands of figures.
        for summary in page.locator("details > summary").all()[:OPENED]:
            summary.press("Enter")
        found += page.evaluate(SHUT, OPENED)
        found += page.evaluate(PICTURES)
        if scripts:
            for violation in Axe().run(page).response["violations"]:
                if violation["impact"] in SERIOUS:
                    targets = [node["target"] for node in violation["nodes"]]
                    found.append(f"axe: {violation['id']}, {violation['impact']}: {targets[:5]}")
        page.evaluate(OPEN)
        found += page.evaluate(OVERFLOW)
    finally:
        context.close()
    return found


def troubled_run(directory):
    """A run with all that a page can show: what is hostile, long or failed, and every own table."""
    hostile, long = "<script>alert(1)</script>", "asyncio_protocol,loop=uvloop,handler=sleep:5ms"
    servers = {
        hostile: "<i>model</i>",
        "threaded": "thread per connection",
        long: "event loop",
        "🦥 \N{RIGHT-TO-LEFT OVERRIDE}\N{HEBREW LETTER HE}": "process per connection",
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
        directory,
        servers=servers,
        steps=(10, 1_000),
        repeats=2,
        change=trouble,
        skip=lambda step: step.server == long and step.connections > 100,
        described={
            "mapped": ["paced"],
            "left_out": [f"{hostile} cannot run here: {200 * 'W'}"],
        },
        plan={
            "techniques": [
                {
                    "name": "buffer pool",
                    "with": long,
                    "without": "threaded",
                    "workloads": ["saturated"],
                    "claim": "buffer pool",
                }
            ],
        },
        found=[{"server": "threaded", "workload": "saturated", "why": f"at 900: {300 * 'W'}"}],
    )


def whole_page(directory, language="en"):
    run = write_run(directory / "run", steps=(10, 10_000), samples=3)
    return build_report(run, directory / "out", language)


def troubled_page(directory):
    return build_report(troubled_run(directory / "<b>run"), directory / "out")


def comparison(directory):
    runs = [write_run(directory / "run", steps=(10, 1_000)), troubled_run(directory / "<b>run")]
    return build_comparison(runs, directory / "out")


WIDTHS = (320, 390, 768, 1024, 1280, 1366, 1440, 1920)
WIDE = """() => {
  const wide = [], edge = document.documentElement.clientWidth;
  for (const each of document.body.querySelectorAll("*")) {
    if (each.closest("svg") && each.tagName !== "svg") continue;
    let box = each.parentElement;
    while (box && !["auto", "hidden", "scroll"].includes(getComputedStyle(box).overflowX))
      box = box.parentElement;
    const {right, width} = each.getBoundingClientRect();
    if (!box && width && right > edge + 1) wide.push(each.outerHTML.slice(0, 80));
  }
  return wide;
}"""


def crowded_page(directory):
    """The page of a run of many servers, one of which has a long name."""
    names = [f"server_{number},python=python3.13" for number in range(10)]
    long = "asyncio_protocol,python=/opt/interpreters/python3.13t/bin/python,loop=uvloop,buffer=64k"
    servers = {"threaded": "thread per connection", long: "event loop"}
    servers |= dict.fromkeys(names, "event loop")
    plan = {
        "techniques": [
            {
                "name": "buffer pool",
                "with": long,
                "without": names[0],
                "workloads": ["saturated"],
                "claim": "buffer pool",
            }
        ]
    }
    found = [{"server": long, "workload": "paced", "why": f"at 900: its log: {99 * 'W'}"}]
    run = write_run(
        directory / "run", servers, steps=(10, 100), windows=1, samples=3, plan=plan, found=found
    )
    return build_report(run, directory / "out")


def crowded_comparison(directory):
    runs = [directory / name / "a_run_with_a_long_name_of_its_own" for name in "abc"]
    for run in runs:
        write_run(run, {f"threaded,stack={2**10}k": "a thread", "b": "a loop"}, steps=(10, 100))
    return build_comparison(runs, directory / "out")


@pytest.mark.parametrize("built", [crowded_page, crowded_comparison])
def test_no_page_scrolls_sideways_on_any_screen(browser, tmp_path, built):
    page = browser.new_page()
    page.set_default_timeout(PATIENCE_MS)
    found = {}
    try:
        page.goto(built(tmp_path).as_uri())
        for opened in (False, True):
            for width in WIDTHS:
                page.set_viewport_size({"width": width, "height": 900})
                wide = [*page.evaluate(OVERFLOW), *page.evaluate(WIDE)]
                # What is left of its own column is as good as cut off.
                column = page.evaluate("document.querySelector('main').clientWidth")
                if wide or column < min(0.75 * width, 1_000):
                    found[width, opened] = column, wide[:5]
            page.evaluate(OPEN)
    finally:
        page.close()
    assert found == {}


def test_a_page_is_sound_on_a_large_screen_and_without_scripts(browser, tmp_path):
    page = whole_page(tmp_path)
    assert faults(browser, page, 1440) == []
    assert faults(browser, page, scripts=False) == []


@pytest.mark.parametrize(
    "built", [lambda directory: whole_page(directory, "ko"), troubled_page, comparison]
)
def test_a_page_is_sound_on_a_small_dark_screen(browser, tmp_path, built):
    assert faults(browser, built(tmp_path), scheme="dark") == []


PIXEL = (
    "data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAQAAAC1HAwCAAAAC0lEQVR42mNk"
    "+A8AAQUBAScY42YAAAAASUVORK5CYII="
)


@pytest.fixture
def faults_of(browser, tmp_path):
    """What is wrong with a small page that holds this."""

    def of(part):
        path = tmp_path / "page.html"
        path.write_text(
            '<!DOCTYPE html><html lang="en"><title>Small</title>'
            f"<main><h1>Small</h1>{part}</main></html>"
        )
        return faults(browser, path)

    return of


@pytest.mark.parametrize(
    ("part", "fault"),
    [
        ("<script>console.error('no')</script>", "console error: no"),
        ("<script>console.warn('no')</script>", "console warning: no"),
        ("<script>throw new Error('no')</script>", "page error: no"),
        ("<img src='https://example.org/a.png' alt='a'>", "asked for https://example.org/a.png"),
        ("<link rel='stylesheet' href='other.css'>", "other.css"),
        ("<div style='width: 2000px'>wide</div>", "overflow: 20"),
        ("<details><summary>a</summary><p style='width: 2000px'>a</p></details>", "overflow: 20"),
        ("<details><summary style='display: none'>a</summary>a</details>", "stays shut: <details"),
        ("<img src='data:image/png;base64,AAAA' alt='a'>", "not loaded: data:image/png"),
        ("<svg><image href='data:image/png;base64,AAAA'/></svg>", "not loaded: data:image/png"),
        ("<svg width='0'><rect width='9' height='9'/></svg>", "empty: <svg"),
        ("<svg width='9' height='9'></svg>", "empty: <svg"),
        (f"<img src='{PIXEL}'>", "axe: image-alt, critical: [['img']]"),
        ("<p style='color: #ccc'>pale</p>", "axe: color-contrast, serious: [['p']]"),
    ],
)
def test_what_is_wrong_is_found(faults_of, part, fault):
    assert any(fault in each for each in faults_of(part))


def test_a_sound_page_has_no_faults(faults_of):
    drawing = f"<svg><image href='{PIXEL}' width='9' height='9'/></svg>"
    details = "<details><summary>more</summary>text</details>"
    assert faults_of(f"<img src='{PIXEL}' alt='a pixel'>{drawing}{details}") == []
