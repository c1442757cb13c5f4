import json
from html.parser import HTMLParser

import pytest

from c10k.reports.build import ReportError, build_report
from c10k.reports.measured import Measured
from c10k.reports.summary import WIDTH, terminal_summary
from c10k.results.schema import RunError
from c10k.results.store import read_run
from tests.reports.conftest import write_run

pytestmark = pytest.mark.usefixtures("unpainted")


class Page(HTMLParser):
    """The elements and the text of a page."""

    def __init__(self, html):
        super().__init__()
        self.elements = []
        self.words = []
        self.feed(html)
        self.text = " ".join(" ".join(self.words).split())

    def handle_starttag(self, tag, attrs):
        self.elements.append((tag, dict(attrs)))

    def handle_data(self, data):
        if self.lasttag not in {"style", "title"}:
            self.words.append(data)

    def all(self, tag):
        return [attributes for name, attributes in self.elements if name == tag]


@pytest.fixture(scope="module")
def report(full_run, tmp_path_factory):
    """The directory of a whole report."""
    out = tmp_path_factory.mktemp("out")
    assert build_report(full_run, out) == out / "index.html"
    return out


@pytest.fixture(scope="module")
def page(report):
    return Page((report / "index.html").read_text())


@pytest.fixture
def page_of(make, tmp_path):
    """The page of a small run."""

    def built(**options):
        directory = make(**options).run.directory
        return Page(build_report(directory, tmp_path / "report").read_text())

    return built


def test_all_files_are_written(report):
    assert (report / "summary.md").read_text().startswith("## At 10,000 clients")
    pictures = {path.name for path in (report / "figures").iterdir()}
    assert len(pictures) == 4 * 23
    assert {f"response-paced.{end}" for end in ("png", "svg", "csv", "parquet")} <= pictures
    assert sorted(path.name for path in (report / "tables").iterdir()) == sorted(
        f"{name}.{suffix}"
        for name in (
            "t1-server-types",
            "t2-memory",
            "t2-where-it-lies",
            "t3-response-time",
            "t4-response-graph",
            "t5-where-time-goes",
            "t5-breakdown",
            "t6-claims",
            "guide",
            "steps",
        )
        for suffix in ("csv", "md", "parquet")
    )


def test_the_page_asks_for_nothing(page, report):
    links = [
        value
        for _, attributes in page.elements
        for name, value in attributes.items()
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
    ids = [attributes["id"] for _, attributes in page.elements if "id" in attributes]
    assert len(ids) == len(set(ids))
    for _, attributes in page.elements:
        for name in ("href", "xlink:href"):
            if attributes.get(name, "").startswith("#"):
                assert attributes[name][1:] in ids
        if "aria-labelledby" in attributes:
            assert attributes["aria-labelledby"] in ids


def test_the_answer_comes_first(page):
    order = [tag for tag, _ in page.elements if tag in {"h1", "table", "svg"}]
    assert order[0] == "h1"
    assert order.count("h1") == 1
    assert page.text.index("9.2×") < page.text.index("Each figure of the chapter")


def test_pictures_and_tables_speak_to_a_screen_reader(page):
    figures = page.all("figure")
    assert len(figures) == 23
    assert all(figure["role"] == "img" and len(figure["aria-label"]) > 40 for figure in figures)
    assert all("aria-labelledby" in table for table in page.all("table"))
    assert all(heading.get("scope") for heading in page.all("th"))


def test_the_machine_and_the_method_are_told(page):
    for fact in (
        "Example CPU at 3.0 GHz",
        "6.18.0",
        "loader: 0; server: 1",
        "0123456789abcdef",
        "python3 -m c10k.servers.threaded --port 0",
        "This is a virtual machine",
        "at least 1 s, at most 3 s",
        "10,000 connections, 64 bytes",
        "113,000 messages/s, 5.50 µs of CPU a message, 93 % of its CPU",
        "Quote ratios between servers of one run",
        "closed loop",
    ):
        assert fact in page.text


def test_hostile_text_stays_text(page_of):
    label = "<script>alert(1)</script>"

    def die(behaviour):
        if behaviour.connections == 1_000:
            behaviour.status, behaviour.connected = "failed", 0
            behaviour.reason = "<img src=x onerror=alert(2)>"
            behaviour.log_tail = "</pre><iframe src=//example.org>"

    page = page_of(servers={label: "<i>model</i>"}, change=die)
    tags = {tag for tag, _ in page.elements}
    assert not tags & {"script", "img", "iframe"}
    assert all("style" in bar for bar in page.all("i"))  # only those of the page's own bars
    for text in (
        label,
        "<i>model</i>",
        "<img src=x onerror=alert(2)>",
        "<iframe src=//example.org>",
    ):
        assert text in page.text


@pytest.fixture(scope="module")
def troubled_page(tmp_path_factory):
    """The page of an interrupted run in which much went wrong."""

    def trouble(behaviour):
        behaviour.loader_limited = behaviour.connections == 10
        behaviour.stolen = 0.2 if behaviour.connections == 100 else 0
        if behaviour.connections == 1_000 and behaviour.server == "threaded":
            behaviour.status, behaviour.connected = "failed", 0
            behaviour.reason, behaviour.log_tail = "killed by signal 9", "MemoryError: stack"
        if behaviour.connections == 100 and behaviour.server == "threaded":
            behaviour.status, behaviour.connected = "partial", 97
            behaviour.errors = {"timeout": 3}

    directory = tmp_path_factory.mktemp("trouble")
    run = write_run(
        directory / "run",
        steps=(10, 100, 1_000),
        windows=1,
        change=trouble,
        skip=lambda step: step.workload == "saturated" and step.connections > 10,
    )
    return Page(build_report(run, directory / "report").read_text())


def test_a_failed_step_shows_its_reason_errors_and_log(troubled_page):
    assert "failed : killed by signal 9" in troubled_page.text
    assert "MemoryError: stack" in troubled_page.text
    assert "97 of 100 connected" in troubled_page.text
    assert "timeout × 3" in troubled_page.text


def test_an_interrupted_run_is_reported_with_what_is_missing(troubled_page):
    assert "Planned steps that were not measured: 4." in troubled_page.text


def test_a_limited_loader_is_announced(troubled_page):
    assert "The loader was the bottleneck in 4 of 8 steps" in troubled_page.text


def test_a_hypervisor_that_took_time_is_announced(troubled_page):
    assert "to others in 2 of 8 steps" in troubled_page.text


def test_a_quiet_run_says_that_nothing_failed(page):
    assert "In no step did a connection or a message fail." in page.text


def test_a_run_of_one_server_is_reported(page_of):
    page = page_of(servers={"asyncio_streams": "event loop"})
    assert "asyncio_streams serves 1,000 clients" in page.text
    assert "No server of this run stands for the chapter's synchronous one." in page.text


def test_a_run_in_which_all_failed_is_reported(page_of):
    def fail(behaviour):
        behaviour.status, behaviour.reason, behaviour.connected = "failed", "no server", 0

    page = page_of(change=fail)
    assert "no step succeeded" in page.text
    assert not page.all("svg")


def test_a_run_that_says_little_of_itself_is_reported(make, tmp_path):
    directory = make().run.directory
    manifest = json.loads((directory / "run.json").read_text())
    manifest |= {
        "plan": {"servers": [{}], "workloads": [{}]},
        "host": {},
        "limits": {},
        "versions": {},
        "cpu_split": None,
        "ceiling": None,
        "commit": None,
        "warnings": [{}],
    }
    (directory / "run.json").write_text(json.dumps(manifest))
    page = Page(build_report(directory, tmp_path / "report").read_text())
    assert "unknown CPU" in page.text
    assert "At 1,000 clients" in page.text


def test_what_is_no_run_is_refused_in_one_line(tmp_path):
    with pytest.raises(RunError) as caught:
        build_report(tmp_path, tmp_path / "out")
    assert "\n" not in str(caught.value)


def test_an_unwritable_place_is_refused_in_one_line(full_run, tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(ReportError, match="cannot be written") as caught:
        build_report(full_run, tmp_path / "file")
    assert "\n" not in str(caught.value)


def test_the_terminal_summary_answers_alone(full_run):
    text = terminal_summary(read_run(full_run))
    assert all(len(line) <= WIDTH for line in text.splitlines())
    assert text.startswith("At 10,000 clients the event loop wins on memory")
    steps = Measured(read_run(full_run)).run.steps
    rate = steps.query(
        "server == 'threaded' and workload == 'saturated' and connections == 10_000"
    )["messages_per_s"].item()
    (row,) = [line for line in text.splitlines() if line.startswith("saturated  threaded")]
    assert row.split()[2:4] == ["10,000§", f"{rate:,.0f}"]
    assert "6,500 connections" in text


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
