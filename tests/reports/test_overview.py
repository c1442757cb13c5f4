"""Every server beside every other."""

import re

import pytest

from c10k.reports import figures
from c10k.reports.build import build_report
from tests.reports.synthetic import write_run


@pytest.mark.system
def test_the_page_has_it_where_there_are_more_than_two(tmp_path, unpictured):
    servers = {"threaded": "thread per connection", "one": "event loop", "other": "another"}
    run = write_run(tmp_path / "many", servers, ["paced"], (10, 100), windows=1)
    page = build_report(run, tmp_path / "out").read_text()
    assert 'id="servers"' in page
    assert page.index("All servers") < page.index("Against the chapter</h2>")
    run = write_run(tmp_path / "pair", workloads=["paced"], steps=(10, 100), windows=1)
    assert 'id="servers"' not in build_report(run, tmp_path / "out").read_text()


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
