import re
from itertools import pairwise
from xml.etree import ElementTree as ET

import pytest

from c10k.reports import figures, style
from c10k.reports.measured import Measured
from c10k.results.store import read_run
from tests.reports.conftest import WORKLOADS

pytestmark = pytest.mark.usefixtures("unpainted")

NAME = re.compile(r'text-anchor: start[^>]* x="([\d.]+)" y="([\d.]+)"')
PNG = b"\x89PNG\r\n\x1a\n"


@pytest.fixture(scope="module")
def pictures(full_run):
    return {picture.name: picture for picture in figures.pictures(Measured(read_run(full_run)))}


def texts(picture):
    """What is written in a picture."""
    return [
        "".join(element.itertext()).strip()
        for element in ET.fromstring(picture.svg).iter("{http://www.w3.org/2000/svg}text")
    ]


def test_every_picture_of_the_chapters_pair_is_drawn(pictures):
    assert list(pictures) == [
        "response-paced",
        "response-saturated",
        "response-log-paced",
        "response-log-saturated",
        "memory-resident",
        "memory-virtual",
        "cpu-paced",
        "cpu-saturated",
        "efficiency-paced",
        "efficiency-saturated",
        "throughput-paced",
        "throughput-saturated",
        "time-paced-2-asyncio-streams",
        "time-saturated-1-threaded",
        "time-saturated-2-asyncio-streams",
        "percentiles-paced-1-threaded",
        "percentiles-paced-2-asyncio-streams",
        "percentiles-saturated-1-threaded",
        "percentiles-saturated-2-asyncio-streams",
        "over-time-paced-1-threaded",
        "over-time-paced-2-asyncio-streams",
        "over-time-saturated-1-threaded",
        "over-time-saturated-2-asyncio-streams",
    ]
    assert all(picture.records for picture in pictures.values())
    assert all(picture.png.startswith(PNG) for picture in pictures.values())


def test_the_chapters_graph_has_its_axes_and_both_of_its_lines(pictures):
    written = texts(pictures["response-paced"])
    assert [text for text in written if text in {"10", "100", "500", "1K", "5K", "10K"}] == [
        "10",
        "100",
        "500",
        "1K",
        "5K",
        "10K",
    ]
    assert "200 ms" in written
    assert written.count("chapter") == 2
    assert {"threaded", "asyncio_streams"} <= set(written)


def test_names_stand_beside_the_lines_and_do_not_touch(pictures):
    lined = [picture for name, picture in pictures.items() if not name.startswith("over-time")]
    for picture in lined:
        names = [
            float(match[2])
            for match in NAME.finditer(picture.svg)
            if float(match[1]) > style.WIDTH / 2
        ]
        assert len(names) >= 2
        assert all(low - high > 0.9 * style.FONT for high, low in pairwise(sorted(names)))


def test_an_alternative_text_says_what_was_measured(pictures):
    assert "asyncio_streams 34,146 /s at 10 clients" in pictures["throughput-saturated"].alt
    assert "the chapter says 200 ms and 15 ms at 10,000" in pictures["response-paced"].alt


def test_marked_points_are_explained_in_the_picture(pictures, make):
    assert "§ starved" in texts(pictures["throughput-saturated"])
    assert not any("starved" in text for text in texts(pictures["throughput-paced"]))

    def limit(behaviour):
        behaviour.loader_limited = behaviour.connections == 1_000

    drawn = {picture.name: picture for picture in figures.pictures(make(change=limit))}
    written = texts(drawn["cpu-paced"])
    assert "‡ loader-limited" in written
    assert written.count("‡") == 2  # one at each server's last point
    assert "1K‡" in texts(drawn["percentiles-saturated-1-threaded"])


def test_the_loaders_ceiling_is_drawn_where_it_is_known(pictures, make):
    assert "ceiling" in texts(pictures["throughput-saturated"])
    assert (
        "the ceiling: 160,000 /s at 10 clients, 113,000 /s" in pictures["throughput-saturated"].alt
    )
    assert "ceiling" not in texts(pictures["throughput-paced"])
    unknown = make(
        workloads=("saturated",),
        change=lambda behaviour: setattr(behaviour, "ceiling", float("nan")),
    )
    drawn = {picture.name: picture for picture in figures.pictures(unknown)}
    assert "ceiling" not in texts(drawn["throughput-saturated"])


def test_a_failed_step_stands_on_the_axis(make):
    def fail(behaviour):
        if (behaviour.server, behaviour.connections) == ("threaded", 1_000):
            behaviour.status, behaviour.connected = "failed", 0

    drawn = {picture.name: picture for picture in figures.pictures(make(change=fail))}
    for name in ("response-paced", "response-log-saturated", "memory-resident", "cpu-paced"):
        assert {"¶", "¶ failed"} <= set(texts(drawn[name]))


def test_a_label_is_never_read_as_markup_or_mathematics(make):
    measured = make(servers={"<b>$\\frac$": "event loop"}, workloads=("paced",))
    drawn = figures.pictures(measured)
    assert "<b>$\\frac$" in texts(drawn[0])
    assert all(re.fullmatch("[a-z0-9-]+", picture.name) for picture in drawn)


@pytest.mark.parametrize("names", [("한", "글"), (300 * "W" + "1", 300 * "W" + "2")])
def test_pictures_of_any_names_have_files_of_their_own(make, monkeypatch, names):
    for name in names:
        monkeypatch.setitem(WORKLOADS, name, WORKLOADS["paced"])
    drawn = figures.pictures(make(servers={"threaded": "thread"}, workloads=names, steps=(10,)))
    files = [picture.name for picture in drawn]
    assert len(files) == len(set(files)) > 10
    assert all(re.fullmatch("[a-z0-9-]{1,150}", file) for file in files)


def test_what_was_not_measured_is_not_drawn(make):
    def unknown(behaviour):
        behaviour.rss_bytes = behaviour.vms_bytes = behaviour.cpu_us = float("nan")

    names = {picture.name for picture in figures.pictures(make(change=unknown))}
    assert not {"memory-resident", "memory-virtual", "cpu-paced"} & names
    assert {"response-paced", "throughput-saturated"} <= names


def test_one_step_can_be_drawn(make):
    assert len(figures.pictures(make(steps=(100,)))) == 23


def test_the_same_run_gives_the_same_pictures(pictures, full_run):
    again = figures.pictures(Measured(read_run(full_run)))
    assert {picture.name: picture.svg for picture in again} == {
        name: picture.svg for name, picture in pictures.items()
    }


def test_a_drawing_in_the_page_follows_the_scheme(pictures):
    drawing = style.for_page(pictures["response-saturated"].svg)
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
