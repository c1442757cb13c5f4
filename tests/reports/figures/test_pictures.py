import re
from itertools import pairwise
from xml.etree import ElementTree as ET

import matplotlib as mpl
import pytest

from c10k.reports import figures, style
from c10k.reports.figures.cost import cpu, throughput
from c10k.reports.figures.memory import memory
from c10k.reports.figures.percentiles import percentiles
from c10k.reports.figures.response import as_chapter, on_log_axes
from tests.reports.synthetic import WORKLOADS

NAME = re.compile(r'text-anchor: start[^>]* x="([\d.]+)" y="([\d.]+)"')
PNG = b"\x89PNG\r\n\x1a\n"


@pytest.fixture(scope="module")
def svgs(report):
    """The pictures of the recorded run's report, by name."""
    return {path.stem: path.read_text() for path in report.glob("figures/*.svg")}


def drawn(measured, draw, workload=""):
    """The pictures of one kind, by name: those of a workload, or of the whole run."""
    named = [each for each in measured.workloads if each.name == workload]
    with mpl.rc_context(style.RC):
        return {picture.name: picture for picture in draw(measured, *named)}


def texts(svg):
    """What is written in a picture."""
    return [
        "".join(element.itertext()).strip()
        for element in ET.fromstring(svg).iter("{http://www.w3.org/2000/svg}text")
    ]


def test_a_png_is_drawn_beside_the_svg(make, painted):
    pictures = drawn(make(workloads=("paced",)), cpu, "paced")
    assert all(picture.png.startswith(PNG) for picture in pictures.values())


def test_names_stand_beside_the_lines_and_do_not_touch(svgs):
    one_server = ("over-time", "capacity", "percentiles")
    lined = [svg for name, svg in svgs.items() if not any(each in name for each in one_server)]
    assert len(lined) > 15
    for svg in lined:
        names = [float(y) for x, y in NAME.findall(svg) if float(x) > style.WIDTH / 2]
        assert len(names) >= 2
        assert all(low - high > 0.9 * style.FONT for high, low in pairwise(sorted(names)))


def test_marked_points_are_explained_in_the_picture(make):
    def limit(behaviour):
        behaviour.loader_limited = behaviour.connections == 1_000

    measured = make(change=limit)
    svg = drawn(measured, cpu, "paced")["cpu-paced"].svg
    written = texts(svg)
    assert "‡ loader-limited" in written
    assert written.count("‡") == 2  # one at each server's last point
    assert svg.count(f'style="fill: {style.PAPER}; stroke') == 2  # hollow
    assert not any("starved" in text for text in written)
    pictures = drawn(measured, percentiles, "saturated")
    assert "1K‡" in texts(pictures["percentiles-saturated-1-threaded"].svg)


def test_the_loaders_ceiling_is_drawn_where_it_is_known(make, svgs):
    assert "ceiling" in texts(svgs["throughput-saturated"])
    assert "ceiling" not in texts(svgs["throughput-paced"])
    unknown = make(
        workloads=("saturated",),
        change=lambda behaviour: setattr(behaviour, "ceiling", float("nan")),
    )
    (picture,) = drawn(unknown, throughput, "saturated").values()
    assert "ceiling" not in texts(picture.svg)


def test_a_failed_step_stands_on_the_axis(make):
    def fail(behaviour):
        if (behaviour.server, behaviour.connections) == ("threaded", 1_000):
            behaviour.status, behaviour.connected = "failed", 0

    measured = make(change=fail)
    for draw, workload in ((as_chapter, "paced"), (on_log_axes, "saturated"), (memory, "")):
        for name, picture in drawn(measured, draw, workload).items():
            assert {"¶", "¶ failed"} <= set(texts(picture.svg)), name


def test_a_label_is_never_read_as_markup_or_mathematics(make):
    measured = make(servers={"<b>$\\frac$": "event loop"}, workloads=("paced",))
    (picture,) = drawn(measured, as_chapter, "paced").values()
    assert "<b>$\\frac$" in texts(picture.svg)


@pytest.mark.system
@pytest.mark.parametrize("names", [("한", "글"), (300 * "W" + "1", 300 * "W" + "2")])
def test_pictures_of_any_names_have_files_of_their_own(make, monkeypatch, names):
    for name in names:
        monkeypatch.setitem(WORKLOADS, name, WORKLOADS["paced"])
    pictures = figures.pictures(make(servers={"threaded": "thread"}, workloads=names, steps=(10,)))
    files = [picture.name for picture in pictures]
    assert len(files) == len(set(files)) > 10
    assert all(re.fullmatch("[a-z0-9-]{1,150}", file) for file in files)


def test_a_column_that_was_not_measured_is_not_drawn(make):
    def unknown(behaviour):
        behaviour.rss_bytes = behaviour.vms_bytes = behaviour.cpu_us = float("nan")

    measured = make(change=unknown)
    assert drawn(measured, memory) == drawn(measured, cpu, "paced") == {}
    assert set(drawn(measured, as_chapter, "paced")) == {"response-paced"}


@pytest.mark.system
def test_one_step_can_be_drawn(make):
    names = {picture.name for picture in figures.pictures(make(steps=(100,)))}
    assert {"response-paced", "memory-virtual", "efficiency-saturated", "cpu-paced"} <= names
    assert len(names) == 23


@pytest.mark.system
def test_in_a_picture_of_many_servers_no_label_is_lost(make, monkeypatch):
    for of_one_server in ("time", "percentiles", "over_time"):
        monkeypatch.setattr(figures, of_one_server, lambda *_: iter(()))
    servers = {f"server_{number}": "event loop" for number in range(16)}
    measured = make(servers=servers, workloads=["saturated"], steps=(10, 100))
    for picture in figures.pictures(measured):
        height = float(re.search(r'viewBox="0 0 [\d.]+ ([\d.]+)"', picture.svg)[1])
        places = [float(y) for y in re.findall(r'<text[^>]* y="(-?[\d.]+)"', picture.svg)]
        assert places
        assert all(0 < y < height for y in places)


def test_the_same_run_gives_the_same_pictures(make):
    measured = make(workloads=("paced",))
    once, again = (drawn(measured, on_log_axes, "paced") for _ in range(2))
    assert {name: picture.svg for name, picture in once.items()} == {
        name: picture.svg for name, picture in again.items()
    }


def test_a_drawing_in_the_page_follows_the_scheme(svgs):
    drawing = style.for_page(svgs["response-saturated"])
    assert drawing.startswith("<svg viewBox=")
    assert not re.search(r"#[0-9a-f]{6}", drawing)
    assert {"ink", "blue", "vermilion"} <= set(re.findall(r"var\(--(\w+)\)", drawing))


def test_a_colour_has_enough_contrast_to_its_paper():
    def luminance(colour):
        channels = [int(colour[index : index + 2], 16) / 255 for index in (1, 3, 5)]
        linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
        return sum(w * c for w, c in zip((0.2126, 0.7152, 0.0722), linear, strict=True))

    for name, values in style.COLOURS.items():
        for scheme, value in enumerate(values):
            pair = sorted([luminance(value), luminance(style.COLOURS["paper"][scheme])])
            contrast = (pair[1] + 0.05) / (pair[0] + 0.05)
            assert name in {"paper", "grid"} or contrast >= 4.5, (name, scheme, contrast)


def test_a_model_has_one_colour_and_its_servers_a_marker_each(make):
    servers = {
        "threaded": "thread per connection",
        "threaded,stack=256k": "thread per connection",
        "asyncio_streams": "event loop",
        "mine": "unheard of",
    }
    looks = style.looks(make(servers=servers, steps=(10,), workloads=("paced",)).servers)
    assert looks["threaded"].hue == looks["threaded,stack=256k"].hue == "vermilion"
    assert looks["threaded"].marker != looks["threaded,stack=256k"].marker
    assert len({look.hue for look in looks.values()}) == 3
