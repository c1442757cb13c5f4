import re
from xml.etree import ElementTree as ET

from c10k.reports.figures import for_page
from c10k.reports.figures.lines import over_clients


def test_all_that_belongs_to_a_server_is_one_group_with_its_label(make, draw):
    servers = {"threaded": "thread per connection", 'a "<&>"': "event loop"}
    drawn = draw(make(servers=servers), over_clients, "response-log")["response-log-saturated"]
    assert {label: len(groups) for label, groups in drawn.series.items()} == dict.fromkeys(
        servers, 1
    )
    for label, (group,) in drawn.series.items():
        words = " ".join("".join(group.itertext()).split())
        assert f"{label}, 1,000 clients: " in words
        assert f"{label} p99" in words
    whole = ET.tostring(drawn.root, encoding="unicode")
    grouped = sum(
        ET.tostring(group, encoding="unicode").count("<title") for (group,) in drawn.series.values()
    )
    assert grouped == whole.count("<title") == 2 * 2 * 3  # servers, percentiles, steps


def test_no_id_is_twice_in_a_page(drawings):
    page = "".join(for_page(each.picture.svg) for each in drawings.values())
    ids = re.findall(r'\bid="([^"]*)"', page)
    assert len(ids) == len(set(ids)) > 20
    assert set(re.findall(r"(?:url\(|href=\")#([^)\"]*)", page)) <= set(ids)


def test_a_drawing_in_the_page_follows_the_scheme_and_leaves_the_title_to_it(drawings):
    picture = drawings["response-log-saturated"].picture
    drawing = for_page(picture.svg, "<said>")
    assert drawing.startswith("<svg ")
    assert 'role="img" aria-label="&lt;said&gt;"' in drawing
    assert not re.search(r"#[0-9a-f]{6}\b", drawing)
    assert {"muted", "blue", "vermilion"} <= set(re.findall(r"var\(--(\w+)\)", drawing))
    texts = [
        "".join(each.itertext()) for each in ET.fromstring(drawing).iter() if "text" in each.tag
    ]
    assert texts
    assert picture.title in picture.svg
    assert not any(picture.title in text for text in texts)
    before, after = (
        [float(each) for each in re.search(r'viewBox="([^"]*)"', svg)[1].split()]
        for svg in (picture.svg, drawing)
    )
    assert after[1] > 20
    assert after[1] + after[3] == before[3]
