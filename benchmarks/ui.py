"""`c10k ui` as a person uses it: do its pages show what psutil sees? And their pictures.

python -m benchmarks.ui [--pictures docs/pictures/ui]

Chromium fills in Locust's form: 500 users, then the shape ChapterRamp with 10, 100 and 1,000, on
the thread per connection server and on the event loop. Each figure of the Server page is compared
with psutil's of the same process at the same time. Takes about three minutes.
"""

import argparse
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import psutil
from playwright.sync_api import sync_playwright

PORT = 8098
URL = f"http://127.0.0.1:{PORT}"
SERVERS = ("threaded", "asyncio_streams")
PAGES = ("server", "latency", "chapter")
WIDTH = 1440
SAMPLES = 10
COLOURS = 128  # of a picture, which is drawn in few
WITHIN = 0.02
DRAWN = "figure.chart > svg > path, canvas, #tables table"
PROGRAMS = ("chromium", "chromium-browser", "google-chrome")


def main() -> int:
    """Print what was compared; 1 if it differs by more than 2 %."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--pictures", type=Path, help="the directory for pictures of each page")
    pictures = parser.parse_args().pictures
    with tempfile.TemporaryDirectory() as directory:
        command = [sys.executable, "-m", "c10k", "ui", "--port", str(PORT)]
        command += ["--out", f"{directory}/run", *(f"--server={each}" for each in SERVERS)]
        ui = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        try:
            print(ui.stdout.readline().strip())
            with sync_playwright() as playwright:
                program = next(filter(None, map(shutil.which, PROGRAMS)))
                browser = playwright.chromium.launch(executable_path=program)
                return 0 if drive(browser, pictures) < WITHIN else 1
        finally:
            ui.send_signal(signal.SIGINT)
            ui.wait(30)


def drive(browser, pictures):
    """Both tests; the largest difference from psutil."""
    page = browser.new_page(viewport={"width": WIDTH, "height": 900})
    page.set_default_timeout(60_000)
    picture(page, pictures, "form", height=1150)
    largest = 0.0
    for server in SERVERS:
        start(page, server, users=500)
        until(page, "stored")
        largest = max(largest, *compared(page, server).values())
        stop(page)
    for server, step_s in zip(SERVERS, (18, 34), strict=True):
        start(page, server, ramp="10,100,1000", step_s=step_s)
        if server == SERVERS[-1]:
            until(page, "1,000 users: measuring", seconds=120)
            for name in PAGES[:2]:
                picture(page, pictures, name, f"/c10k/{name}")
            picture(page, pictures, "load", "/?tab=charts")
        until(page, "steps stored", seconds=120)
    picture(page, pictures, "chapter", "/c10k/chapter")
    report = page.locator("[data-report]")
    report.wait_for(timeout=60_000)
    report.click()
    page.wait_for_selector("#table-t1-server-types-saturated")
    print("report:", page.title())
    return largest


def start(page, server, **asked):
    """Start a test in Locust's form."""
    fill(page, server, **asked)
    page.get_by_role("button", name="Start").click()
    page.locator("[data-phase]", has_text=server).wait_for()


def fill(page, server, *, users=None, ramp=None, step_s=20):
    """Fill in Locust's form, which is its first page, and later a dialog."""
    page.goto(URL)
    form = page.locator("form")
    if not form.count():
        page.get_by_role("button", name="New").click()
    if ramp:
        page.locator("select[name=shapeClass]").select_option("ChapterRamp")
    else:
        page.locator("input[name=userCount]").fill(str(users))
        page.locator("input[name=spawnRate]").fill(str(users))
    page.get_by_text("Custom parameters").click()
    page.locator("select[name=server]").select_option(server)
    if ramp:
        page.locator("input[name=rampSteps]").fill(ramp)
        page.locator("input[name=rampStepS]").fill(str(step_s))


def stop(page):
    """Stop the test in Locust's page."""
    page.goto(URL)
    page.get_by_role("button", name="Stop").click()
    page.locator("[data-report]").wait_for()


def until(page, phase, seconds=60):
    """Wait until the test is as far as this."""
    page.locator("[data-phase]", has_text=phase).wait_for(timeout=seconds * 1000)


def compared(page, server):
    """How far the figures of the Server page are from psutil's, as a share of these.

    psutil is asked right after each second of the page.
    """
    page.goto(f"{URL}/c10k/server")
    row = page.locator(f"tr[data-server={server}] td")
    row.first.wait_for()
    process = psutil.Process(int(row.nth(0).text_content()))
    ours, theirs = [], []
    number = page.request.get(f"{URL}/c10k/live?after=999999999").json()["number"]
    while len(ours) < SAMPLES:
        live = page.request.get(f"{URL}/c10k/live?after={number}").json()
        if live["number"] == number:
            time.sleep(0.01)
            continue
        number = live["number"]
        ours.append(live["points"][-1]["servers"][server] | {"t": live["points"][-1]["t"]})
        with process.oneshot():
            theirs.append(
                {
                    "t": time.time(),
                    "cpu_s": sum(process.cpu_times()[:2]),
                    "rss_bytes": process.memory_info().rss,
                    "threads": process.num_threads(),
                    "descriptors": process.num_fds(),
                }
            )
    found = {"CPU": (cores(ours), cores(theirs))}
    for name in ("rss_bytes", "threads", "descriptors"):
        found[name] = [statistics.fmean(each[name] for each in some) for some in (ours, theirs)]
    for name, (shown, seen) in found.items():
        print(f"{server:<16} {name:<12} {shown:>16,.3f}  psutil {seen:>16,.3f}", flush=True)
    return {name: abs(shown / seen - 1) for name, (shown, seen) in found.items()}


def cores(points):
    """CPUs used between the first and the last."""
    first, last = points[0], points[-1]
    return (last["cpu_s"] - first["cpu_s"]) / (last["t"] - first["t"])


def picture(page, pictures, name, path="", height=0):
    """Pictures of a page, light and dark: of all of it, or of the part above a height in pixels.
    Without a path it is the form, as it is filled in."""
    if not pictures:
        return
    pictures.mkdir(parents=True, exist_ok=True)
    for scheme in ("light", "dark"):
        page.emulate_media(color_scheme=scheme)
        if path:
            page.goto(URL + path)
            page.wait_for_selector(DRAWN, state="attached")
        else:
            fill(page, SERVERS[0], users=500)
        page.wait_for_timeout(1500)
        part = {"x": 0, "y": 0, "width": WIDTH, "height": height} if height else None
        page.screenshot(path=pictures / f"{name}-{scheme}.png", full_page=True, clip=part)
        smaller(pictures / f"{name}-{scheme}.png")
    page.emulate_media(color_scheme="light")


def smaller(file):
    """Keep as many colours as it needs."""
    from PIL import Image

    with Image.open(file) as image:
        image.convert("RGB").quantize(COLOURS).save(file, optimize=True)


if __name__ == "__main__":
    sys.exit(main())
