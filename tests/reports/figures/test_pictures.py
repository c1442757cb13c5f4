import re
from itertools import pairwise

import pytest

from c10k.reports import figures, style
from c10k.reports.figures.lines import over_clients
from tests.reports.synthetic import WORKLOADS

NAME = re.compile(r'<text[^>]*text-anchor: start[^>]* x="([\d.]+)" y="([\d.]+)"')
PLACES = {"answer", "t2", "t3", "t4", "t5", "costs", "details"}
PNG = b"\x89PNG\r\n\x1a\n"


def test_each_picture_has_a_place_on_the_page(drawings):
    pictures = [each.picture for each in drawings.values()]
    assert {picture.place for picture in pictures} == PLACES
    for place in ("t3", "t4", "t5", "costs"):
        shown = [picture for picture in pictures if picture.place == place]
        assert {picture.workload for picture in shown} == {"paced", "saturated"}
        scales = {picture.scale for picture in shown}
        assert scales == ({"log", "linear"} if place == "t3" else {""})


def test_no_letter_is_smaller_than_a_phone_needs(drawings):
    sizes = [
        float(size)
        for each in drawings.values()
        for size in re.findall(r"font(?:-size)?: [^;\"]*?([\d.]+)px", each.picture.svg)
    ]
    assert len(sizes) > 400
    assert min(sizes) >= 11.9  # 11 pixels where 360 points are 334 pixels wide


def test_a_png_is_drawn_beside_the_svg(make, draw, painted):
    drawn = draw(make(workloads=("paced",)), over_clients, "cpu")
    assert all(each.picture.png.startswith(PNG) for each in drawn.values())


@pytest.mark.parametrize("place", ["t2", "t3", "t4", "costs"])
def test_names_stand_beside_the_lines_and_do_not_touch(drawings, place):
    for each in drawings.values():
        if each.picture.place == place:
            found = NAME.findall(each.picture.svg)
            beside = sorted(float(y) for x, y in found if float(x) > style.WIDTH / 2)
            assert len(beside) >= 2
            assert all(low - high > 0.9 * style.FONT for high, low in pairwise(beside))


@pytest.mark.system
@pytest.mark.parametrize("names", [("한", "글"), (300 * "W" + "1", 300 * "W" + "2")])
def test_pictures_of_any_names_have_files_of_their_own(make, monkeypatch, names):
    for name in names:
        monkeypatch.setitem(WORKLOADS, name, WORKLOADS["paced"])
    pictures = figures.pictures(make(servers={"threaded": "thread"}, workloads=names, steps=(10,)))
    files = [picture.name for picture in pictures]
    assert len(files) == len(set(files)) > 10
    assert all(re.fullmatch("[a-z0-9-]{1,150}", file) for file in files)


@pytest.mark.system
def test_one_step_can_be_drawn(make):
    places = {picture.place for picture in figures.pictures(make(steps=(100,)))}
    assert places == PLACES - {"t2"}  # one step has no slope


@pytest.mark.system
def test_in_a_picture_of_many_servers_no_label_is_lost(make, draw):
    servers = {f"server_{number}": "event loop" for number in range(16)}
    measured = make(servers=servers, workloads=["saturated"], steps=(10, 100))
    for name, drawn in draw(measured, over_clients).items():
        height = float(re.search(r'viewBox="0 0 [\d.]+ ([\d.]+)"', drawn.picture.svg)[1])
        places = [float(y) for y in re.findall(r'<text[^>]* y="(-?[\d.]+)"', drawn.picture.svg)]
        assert places
        assert all(0 < y < height for y in places), name
