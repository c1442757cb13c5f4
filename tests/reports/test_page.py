"""The page and its files: self-contained, linked, accessible, and whole for every odd run."""

import json

import pytest

from c10k.reports.build import build_report
from c10k.reports.summary import WIDTH, terminal_summary
from tests.reports.parsed import Page
from tests.reports.synthetic import SMALL, write_run


@pytest.fixture
def page_of(tmp_path, unpictured):
    """The page of a small run, without pictures."""

    def built(**options):
        run = write_run(tmp_path / "run", **SMALL | options)
        return Page(build_report(run, tmp_path / "report").read_text())

    return built


def test_each_picture_and_table_has_all_its_files(report):
    for directory, suffixes in (("figures", "csv parquet png svg"), ("tables", "csv md parquet")):
        files = sorted(path.name for path in (report / directory).iterdir())
        stems = sorted({name.partition(".")[0] for name in files})
        assert len(stems) > 10
        assert files == [f"{stem}.{suffix}" for stem in stems for suffix in suffixes.split()]


def test_the_page_asks_for_nothing(page, report):
    links = [
        value
        for node in page.all()
        for name, value in node.attributes.items()
        if name in {"src", "href", "xlink:href", "srcset", "data", "action"}
    ]
    assert links
    assert all(link.startswith(("#", "data:image/png;base64,")) for link in links)
    html = (report / "index.html").read_text()
    assert "<script" not in html
    assert "@import" not in html
    assert html.count("url(") == html.count("url(#")
    assert len(html) < 5_000_000


def test_every_link_and_label_within_the_page_has_its_target(page):
    ids = [node.attributes["id"] for node in page.all() if "id" in node.attributes]
    assert len(ids) == len(set(ids))
    for attributes in (node.attributes for node in page.all()):
        for name in ("href", "xlink:href"):
            if attributes.get(name, "").startswith("#"):
                assert attributes[name][1:] in ids
        if "aria-labelledby" in attributes:
            assert attributes["aria-labelledby"] in ids


def test_the_answer_comes_first(page):
    order = [node.tag for node in page.all() if node.tag in {"h1", "table", "svg"}]
    assert order[0] == "h1"
    assert order.count("h1") == 1


def test_pictures_and_tables_speak_to_a_screen_reader(page):
    figures = list(page.one("section", id="pictures").all("figure"))
    assert len(figures) > 30
    for figure in figures:
        assert figure.attributes["role"] == "img"
        assert len(figure.attributes["aria-label"]) > 40
    assert all("aria-labelledby" in table.attributes for table in page.all("table"))
    assert all(heading.attributes.get("scope") for heading in page.all("th"))


@pytest.mark.system
def test_an_interrupted_run_is_reported_with_what_is_missing(page_of):
    def late(step):
        return step.workload == "saturated" and step.connections > 10

    text = page_of(skip=late).text()
    assert "Planned steps that were not measured: 4." in text
    assert "In no step did a connection or a message fail." in text
    assert "All servers" not in text  # the answer tells all of two


@pytest.mark.system
def test_a_run_of_one_server_is_reported(page_of):
    page = page_of(servers={"asyncio_streams": "event loop"})
    assert "asyncio_streams serves 1,000 clients" in page.text()
    assert "No server of this run stands for the chapter's synchronous one." in page.text()


@pytest.mark.system
def test_a_run_in_which_all_failed_is_reported(page_of):
    def fail(behaviour):
        behaviour.status, behaviour.reason, behaviour.connected = "failed", "no server", 0

    page = page_of(change=fail)
    assert "no step succeeded" in page.text()
    assert not list(page.all("svg"))


@pytest.mark.system
def test_a_run_that_says_little_of_itself_is_reported(tmp_path, unpictured):
    directory = write_run(tmp_path / "run", **SMALL)
    manifest = json.loads((directory / "run.json").read_text())
    manifest |= {key: {} for key in ("plan", "host", "limits", "versions")}
    manifest |= {key: [{}] for key in ("servers", "workloads", "warnings")}
    manifest |= dict.fromkeys(("cpu_split", "ceiling", "commit"))
    (directory / "run.json").write_text(json.dumps(manifest))
    page = Page(build_report(directory, tmp_path / "report").read_text())
    assert "unknown CPU" in page.text()
    assert "At 1,000 clients" in page.text()


def test_of_a_failed_step_nothing_is_noted_but_why_it_failed(make):
    def fail(behaviour):
        if behaviour.server == "threaded":
            behaviour.status, behaviour.reason = "failed", "out of memory"

    measured = make(change=fail, workloads=("saturated",))
    rows = measured.run.steps.server == "threaded"
    measured.run.steps.loc[rows, ["unsteady", "starved"]] = ["memory", 3]
    text = terminal_summary(measured.run)
    assert "Failed, nothing usable: threaded, saturated, at 1,000 (out of memory)." in " ".join(
        text.split()
    )
    assert not any(symbol in text for symbol in "※§†")


@pytest.mark.parametrize("width", [80, 100, 132])
def test_the_terminal_summary_fits_with_long_names(make, width):
    label = "asyncio_protocol,python=python3.13,loop=uvloop,handler=sleep:5ms,buffer=65536"
    text = terminal_summary(make(servers={label: "event loop", "threaded": "thread"}).run, width)
    assert all(len(line) <= width for line in text.splitlines())
    assert f"{label[:5]}" in text
    (row,) = [line for line in text.splitlines() if line.startswith("saturated  asyncio")]
    assert "…" in row
    assert row.split()[1].endswith(label[-5:])


def test_a_pipe_has_whole_names_and_text_of_80_columns(make):
    label = "asyncio_protocol,python=python3.13,loop=uvloop,handler=sleep:5ms,buffer=65536"
    text = terminal_summary(make(servers={label: "event loop", "threaded": "thread"}).run)
    assert "…" not in text
    rows = [line for line in text.splitlines() if f" {label} " in line]
    assert len(rows) == 2
    texts = [line for line in text.splitlines() if label not in line and "threaded  " not in line]
    assert all(len(line) <= WIDTH for line in texts if not line.startswith("workload"))
