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
    largest = 0.0
    for server in SERVERS:
        start(page, server, users=500)
        until(page, "stored")
        largest = max(largest, *compared(page, server).values())
        stop(page)
    for server in SERVERS:
        start(page, server, ramp="10,100,1000")
        if server == SERVERS[-1]:
            until(page, "1,000 users: stored")
            picture(page, pictures, "load", "/?tab=charts")
            for name in PAGES[:2]:
                picture(page, pictures, name, f"/c10k/{name}")
        until(page, "steps stored", seconds=120)
    picture(page, pictures, "chapter", "/c10k/chapter")
    report = page.locator("[data-report]")
    report.wait_for(timeout=60_000)
    report.click()
    page.wait_for_selector("#table-t1-server-types-saturated")
    print("report:", page.title())
    start(page, SERVERS[0], submit=False)
    picture(page, pictures, "form", "")
    return largest


def start(page, server, *, users=None, ramp=None, step_s=20, submit=True):
    """Fill in Locust's form, as its new page or in its dialog, and start."""
    page.goto(URL)
    form = page.locator("form")
    if not form.count():
        page.get_by_role("button", name="New").click()
    if ramp:
        page.locator("select[name=shapeClass]").select_option("ChapterRamp")
    else:
        page.locator("input[name=userCount]").fill(str(users or 500))
        page.locator("input[name=spawnRate]").fill(str(users or 500))
    page.get_by_text("Custom parameters").click()
    page.locator("select[name=server]").select_option(server)
    if ramp:
        page.locator("input[name=rampSteps]").fill(ramp)
        page.locator("input[name=rampStepS]").fill(str(step_s))
    if submit:
        page.get_by_role("button", name="Start").click()
        page.locator("[data-phase]", has_text=server).wait_for()


def stop(page):
    """Stop the test in Locust's page."""
    page.goto(URL)
    page.get_by_role("button", name="Stop").click()
    page.locator("[data-report]").wait_for()


def until(page, phase, seconds=60):
    """Wait until the test is as far as this."""
    page.locator("[data-phase]", has_text=phase).wait_for(timeout=seconds * 1000)


def compared(page, server):
    """How far the figures of the Server page are from psutil's, as a share of these."""
    page.goto(f"{URL}/c10k/server")
    row = page.locator(f"tr[data-server={server}] td")
    row.first.wait_for()
    process = psutil.Process(int(row.nth(0).text_content()))
    shown = {"rss_bytes": [], "threads": [], "descriptors": []}
    seen = {"rss_bytes": [], "threads": [], "descriptors": []}
    live = f"{URL}/c10k/live?after="
    began, spent = time.monotonic(), sum(process.cpu_times()[:2])
    first = page.request.get(live + "999999999").json()["number"]
    for _ in range(SAMPLES):
        time.sleep(1)
        point = page.request.get(f"{live}0").json()["points"][-1]["servers"][server]
        for name in shown:
            shown[name].append(point[name])
        seen["rss_bytes"].append(process.memory_info().rss)
        seen["threads"].append(process.num_threads())
        seen["descriptors"].append(process.num_fds())
    points = page.request.get(f"{live}{first}").json()["points"]
    cores = (sum(process.cpu_times()[:2]) - spent) / (time.monotonic() - began)
    found = {
        "CPU": (statistics.fmean(each["servers"][server]["cpu_cores"] for each in points), cores),
        **{name: (statistics.fmean(shown[name]), statistics.fmean(seen[name])) for name in shown},
    }
    for name, (ours, psutils) in found.items():
        print(f"{server:<16} {name:<12} {ours:>14,.2f}  psutil {psutils:>14,.2f}", flush=True)
    return {name: abs(ours / psutils - 1) for name, (ours, psutils) in found.items()}


def picture(page, pictures, name, path):
    """Pictures of a page, light and dark; without a path of the page as it is."""
    if not pictures:
        return
    pictures.mkdir(parents=True, exist_ok=True)
    for scheme in ("light", "dark"):
        page.emulate_media(color_scheme=scheme)
        if path:
            page.goto(URL + path)
            page.wait_for_selector(DRAWN, state="attached")
        page.wait_for_timeout(2500)
        file = pictures / f"{name}-{scheme}.png"
        page.screenshot(path=file, full_page=True)
        smaller(file)
    page.emulate_media(color_scheme="light")


def smaller(file):
    """Keep as many colours as it needs."""
    from PIL import Image

    with Image.open(file) as image:
        image.convert("RGB").quantize(COLOURS).save(file, optimize=True)


if __name__ == "__main__":
    sys.exit(main())
