"""Take the pictures of README and docs, from a run that this script makes.

python -m docs.make_pictures [--run DIR] [--also]

It measures the default plan (six minutes) as `c10k run` does, or takes a run that there is, copies
its page to docs/_static/page.html, and takes the pictures of it in docs/pictures/ with Chromium.
docs/pictures/taken.json says of which run they are, on which machine, and what its cards show:
README.md, README.ko.md and docs/report.md quote it (tests/test_docs.py). Needs the extra `test` and
Chromium.

Two other scripts take the other pictures; --also calls both (four minutes more):

    python -m benchmarks.stall docs/pictures/stall.png
    python -m benchmarks.ui --pictures docs/pictures/ui
"""

import argparse
import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any, Final, Literal

from playwright.sync_api import Browser, Page, ViewportSize, sync_playwright

from benchmarks.ui import PROGRAMS, smaller

DOCS = Path(__file__).resolve().parent
PICTURES = DOCS / "pictures"
PAGE = DOCS / "_static" / "page.html"
RUN = DOCS.parent / "results" / "runs" / "pictures"
DESKTOP: Final[ViewportSize] = {"width": 1440, "height": 900}
PHONE: Final[ViewportSize] = {"width": 390, "height": 844}
COLUMN: Final[ViewportSize] = {
    "width": 900,
    "height": 900,
}  # about as wide as the text of a page of the docs
TALL = 1180  # of the picture of the tables, and at most of a cut-out
SECTION = "section:has(> h2#{})"
CUT_OUTS = {
    **{part: SECTION.format(part) for part in ("t1", "t2", "t3", "t6", "guide", "costs", "method")},
    "t5": "#picture-time-saturated",
    "wrong": SECTION.format("wrong"),
    "comparisons": "#comparisons",
    "details": "#details",
    "step-details": "#step-details",
}
FOLDED = ("comparisons", "details", "step-details")
FOLDED_TALL = 520
# What stays at the top of the screen would cover a part of what is below it.
STILL = "nav.top, .toolbar { position: static !important; }"
OPEN = """each => {
  each.open = true;
  const ramp = each.querySelectorAll(":scope > details")[1];
  if (ramp) ramp.open = true;
}"""
SHOW = """value => document.querySelector(`button[value="${value}"]`).click()"""
CARDS = """() => [...document.querySelectorAll(".card")].map(card => ({
  title: card.querySelector(".title").textContent,
  result: card.querySelector(".figure").textContent,
  words: card.querySelector(".in-words")?.textContent ?? "",
  outcome: card.querySelector(".outcome")?.textContent ?? "",
  book: card.querySelector(".claim")?.textContent ?? "",
  servers: Object.fromEntries([...card.querySelectorAll("dl > div")].map(
    bar => [bar.querySelector("dt").textContent, bar.querySelector("dd").textContent.trim()]
  )),
}))"""


def main() -> int:
    """Measure, and take every picture."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument(
        "--run", type=Path, help="take the pictures of this run of the default plan"
    )
    parser.add_argument("--also", action="store_true", help="call the two other scripts too")
    args = parser.parse_args()
    run = args.run or RUN
    if not args.run:
        shutil.rmtree(run, ignore_errors=True)
        python("-m", "c10k", "run", "--out", str(run))
    python("-m", "c10k", "report", str(run))
    PAGE.parent.mkdir(exist_ok=True)
    PAGE.write_bytes((run / "report" / "index.html").read_bytes())
    with sync_playwright() as playwright:
        program = next(filter(None, map(shutil.which, PROGRAMS)))
        browser = playwright.chromium.launch(executable_path=program)
        cards = take(browser)
    taken = described(run) | cards
    (PICTURES / "taken.json").write_text(json.dumps(taken, indent=2, ensure_ascii=False) + "\n")
    for file in (*PICTURES.glob("*.png"), *(PICTURES / "report").glob("*.png")):
        if file.name != "stall.png":
            smaller(file)
    if args.also:
        subprocess.run(
            [sys.executable, "-m", "benchmarks.stall", PICTURES / "stall.png"], check=True
        )
        ui = [sys.executable, "-m", "benchmarks.ui", "--pictures", PICTURES / "ui"]
        subprocess.run(ui, check=True)
    return 0


def python(*arguments: str) -> None:
    """Run another module."""
    subprocess.run([sys.executable, *arguments], check=True)


def described(run: Path) -> dict[str, Any]:
    """When, how and on what the run was measured."""
    about = json.loads((run / "run.json").read_text())
    host = about["host"]
    names = ("cpu_model", "cpus", "kernel", "python", "virtualization")
    return {
        "date": about["created_at"][:10],
        "command": "c10k run",
        "commit": about["commit"],
        "machine": {name: host.get(name) for name in names},
    }


def take(browser: Browser) -> dict[str, Any]:
    """Take the pictures of the page; return its headline and what its cards show."""
    page = opened(browser, DESKTOP)
    page.screenshot(path=PICTURES / "answer.png")
    shown = {"headline": page.locator("h1").text_content(), "cards": page.evaluate(CARDS)}

    page = opened(browser, DESKTOP, "dark")
    top = page.locator(SECTION.format("t1")).bounding_box()
    assert top
    clip = {"x": top["x"] - 18, "y": top["y"] - 12, "width": top["width"] + 36, "height": TALL}
    page.screenshot(path=PICTURES / "tables.png", full_page=True, clip=clip)

    opened(browser, PHONE).screenshot(path=PICTURES / "phone.png")

    (PICTURES / "report").mkdir(exist_ok=True)
    for name, selector in CUT_OUTS.items():
        page = opened(browser, COLUMN)
        page.add_style_tag(content=STILL)
        if name == "t5":
            page.evaluate(SHOW, "saturated")
        if name in FOLDED:
            page.locator(selector).evaluate(OPEN)
        page.evaluate("scrollTo(0, 0)")
        box = page.locator(selector).bounding_box()
        assert box
        clip = box | {"height": min(box["height"], FOLDED_TALL if name in FOLDED else TALL)}
        page.screenshot(path=PICTURES / "report" / f"{name}.png", full_page=True, clip=clip)
        page.close()
    return shown


def opened(
    browser: Browser, viewport: ViewportSize, scheme: Literal["light", "dark"] = "light"
) -> Page:
    """The page on such a screen."""
    page = browser.new_page(viewport=viewport, color_scheme=scheme)
    page.goto(PAGE.as_uri())
    return page


if __name__ == "__main__":
    sys.exit(main())
