"""Damaged and hostile directories of runs: an escaped page, or one line and no traceback."""

import io
import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from matplotlib.figure import Figure

from c10k.cli.main import main
from c10k.results import store
from c10k.results.manifest import RUN_SCHEMA, check_manifest
from c10k.results.schema import KEY, TABLES, RunError, check_frame
from c10k.results.store import read_run
from tests.reports.parsed import Page
from tests.reports.synthetic import WORKLOADS, buffer_pool, write_run

FILES = ("run.json", "latency.hlog", *(f"{name}.parquet" for name in TABLES))
HOSTILE = "<script>alert(1)</script>"
NAME = (
    "../a\nb\r\n\tc\N{LINE SEPARATOR}d\0e\x1b[31mred\x07\x7f\x9b\uffff "
    "\N{RIGHT-TO-LEFT OVERRIDE}abc \N{HEBREW LETTER SHIN} 🦥👩\u200d👩\u200d👧 한글"
    f"{1_000 * 'W'} {HOSTILE}<img src=x onerror=alert(2)>\"'`&amp;--><!-- | # * _ "
    "{{ 7 * 7 }}{% endif %}{server} {0} %s %(x)s $\\frac$"
)


@pytest.fixture(scope="module")
def sound(tmp_path_factory):
    """A run of two servers at one step, with all that a run may hold."""
    return write_run(
        tmp_path_factory.mktemp("sound") / "run",
        workloads=("paced", "saturated"),
        steps=(10,),
        windows=2,
        repeats=2,
        samples=3,
        change=lambda behaviour: setattr(behaviour, "errors", {"reset": 1}),
        described={"mapped": ["paced"], "left_out": ["nginx is not installed"]},
        plan={"techniques": [buffer_pool("threaded", "asyncio_streams")]},
        found=[{"server": "threaded", "workload": "saturated", "why": "done"}],
    )


@pytest.fixture
def run(sound, tmp_path):
    """A copy to damage."""
    return Path(shutil.copytree(sound, tmp_path / "run"))


@pytest.fixture
def undrawn(monkeypatch):
    """Pictures are laid out and not drawn, which takes most of a report's time."""
    blank = {"svg": '<svg viewBox="0 0 1 1"></svg>', "png": b""}
    monkeypatch.setattr(
        Figure, "savefig", lambda _, file, **given: file.write(blank[given["format"]])
    )


def report(*arguments, out):
    """The page that `c10k report` wrote, or None, and the line that it refused with, or ""."""
    stated, refused = io.StringIO(), io.StringIO()
    with redirect_stdout(stated), redirect_stderr(refused):
        status = main(["report", *map(str, arguments), "--out", str(out)])
    if status == 0:
        return Page((out / "index.html").read_text()), ""
    assert (status, stated.getvalue()) == (2, "")
    assert len(refused.getvalue().splitlines()) == 1
    return None, refused.getvalue()


def refusal_of(run):
    page, refused = report(run, out=run.parent / "out")
    assert page is None
    assert refused.startswith("c10k: no report of ")
    return refused


def page_of(run):
    page, refused = report(run, out=run.parent / "out")
    assert not refused
    return page


def assert_escaped(page):
    assert not [node for node in page.all("script") if "alert" in node.text()]
    assert not {node.tag for node in page.all()} & {"img", "iframe"}
    names = {name for node in page.all() for name in node.attributes}
    assert not {name for name in names if name.startswith("on")}


def rewrite(run, table, change):
    path = run / f"{table}.parquet"
    change(pd.read_parquet(path)).to_parquet(path)


# Files.

DAMAGES = {
    "missing": lambda path, _: path.unlink(),
    "cut in the middle": lambda path, content: path.write_bytes(content[: len(content) // 2]),
    "noise": lambda path, _: path.write_bytes(bytes(range(256)) * 9),
}


def listening(path):
    with socket.socket(socket.AF_UNIX) as listener:
        place = os.open(path.parent, os.O_PATH)  # its address holds 108 characters
        try:
            listener.bind(f"/proc/self/fd/{place}/{path.name}")
        finally:
            os.close(place)


# In the place of a file; some would be read without end.
STRANGE = {
    "a symlink loop": lambda path: path.symlink_to(path.name),
    "a pipe": os.mkfifo,
    "a socket": listening,
    "a directory": Path.mkdir,
    "zeros without end": lambda path: path.symlink_to("/dev/zero"),
    "a full device": lambda path: path.symlink_to("/dev/full"),
    "a terabyte": lambda path: (path.touch(), os.truncate(path, 1 << 40)),
}


@pytest.mark.parametrize("damage", DAMAGES)
@pytest.mark.parametrize("file", FILES)
def test_a_damaged_file_is_named(run, file, damage):
    DAMAGES[damage](run / file, (run / file).read_bytes())
    assert file in refusal_of(run)


@pytest.fixture
def afar(sound, tmp_path, monkeypatch):
    """Copies in a directory of runs; nothing else may be written."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "argv", ["c10k"])
    shutil.copytree(sound, tmp_path / "runs" / "run")
    return tmp_path / "runs" / "run"


@pytest.mark.timeout(60)
@pytest.mark.parametrize("strange", STRANGE)
@pytest.mark.parametrize("file", FILES)
def test_no_command_waits_for_what_is_in_the_place_of_a_file(sound, afar, file, strange, capsys):
    (afar / file).unlink()
    STRANGE[strange](afar / file)
    before = sorted(afar.parent.parent.rglob("*"))
    for command in (
        ["report", "runs/run"],
        ["compare", "runs/run", str(sound)],
        ["compare", str(sound), "runs/run"],
        ["export", "runs/run"],
        ["run", "--resume", "runs/run"],
        ["history", "runs/run"],
    ):
        assert main(command) == 2, command
        shown = capsys.readouterr()
        assert shown.out == ""
        unnamed = (file, strange) == ("run.json", "a symlink loop")  # as if there were none
        assert f"runs/run/{file} cannot be read: " in shown.err or unnamed
        assert all(line.startswith("c10k: ") for line in shown.err.splitlines())
        assert shown.err.count("\n") <= 1 + (command[0] == "history")  # it names each run
    assert sorted(afar.parent.parent.rglob("*")) == before


def steps_of(rows, **columns):
    """A Parquet file of the steps, each column the same in all rows, so that it is small."""
    arrays = {}
    for name, column in TABLES["steps"].items():
        values = {"str": [""], "bool": [False], "int64": [1], "float64": [0.0]}[column.dtype]
        indices = pa.array(np.zeros(rows, "int32"))
        values = pa.array([columns[name]] if name in columns else values)
        arrays[name] = pa.DictionaryArray.from_arrays(indices, values)
    written = pa.BufferOutputStream()
    pq.write_table(pa.table(arrays), written, compression="zstd", store_schema=False)
    return written.getvalue().to_pybytes()


@pytest.mark.parametrize(
    ("rows", "columns", "message"),
    [
        (500_000, {}, "steps.parquet cannot be read: it claims 500,000 rows"),
        (1, {"reason": "x" * (1 << 23)}, "steps.parquet cannot be read: it claims 1 rows"),
        (100_000, {"reason": "x" * (1 << 16)}, "steps.parquet has a step twice"),
    ],
    ids=["rows", "a long text", "a text in many rows"],
)
def test_what_a_table_expands_to_fits_in_memory(run, rows, columns, message, monkeypatch):
    """Each file is small; read as it is, the last would take 6.5 GB."""
    monkeypatch.setattr(store, "LARGEST_FILE", 1 << 22)
    (run / "steps.parquet").write_bytes(steps_of(rows, **columns))
    assert (run / "steps.parquet").stat().st_size < 1 << 21
    before = pa.default_memory_pool().max_memory()
    assert message in refusal_of(run)
    assert pa.default_memory_pool().max_memory() - before < 1 << 29


def test_a_report_is_written_over_no_link_and_no_pipe(run, tmp_path, undrawn):
    """A run from elsewhere may bring a report, whose files lead anywhere."""
    mine = tmp_path / "mine"
    mine.mkdir()
    (mine / "kept").write_text("mine")
    out = run / "report"
    out.mkdir()
    (out / "index.html").symlink_to(mine / "kept")
    os.mkfifo(out / "summary.md")
    page, refused = report(run, out=out)
    assert (page is not None, refused) == (True, "")
    assert (mine / "kept").read_text() == "mine"
    assert (out / "summary.md").is_file()
    for linked in (out / "tables", out):
        shutil.rmtree(linked)
        linked.symlink_to(mine)
        page, refused = report(run, out=out)
        assert f"{linked} cannot be written: it is a symbolic link" in refused
    assert [path.name for path in mine.iterdir()] == ["kept"]


@pytest.mark.system
@settings(
    max_examples=5,
    derandomize=True,
    database=None,
    suppress_health_check=list(HealthCheck),  # the fixtures are of all examples
)
@given(st.sampled_from(FILES), st.floats(0, 1, exclude_max=True), st.integers(1, 255))
def test_a_flipped_byte_raises_no_traceback(sound, run, unpictured, file, place, flip):
    content = bytearray((sound / file).read_bytes())
    content[int(place * len(content))] ^= flip
    (run / file).write_bytes(content)
    report(run, out=run.parent / "out")
    shutil.copy(sound / file, run / file)


def test_an_unreadable_file_is_named(sound):
    with tempfile.TemporaryDirectory() as place:
        Path(place).chmod(0o755)
        run = Path(shutil.copytree(sound, Path(place, "run")))
        (run / "steps.parquet").write_bytes(b"")
        refusal_of(run)  # imports what another user may not read
        (run / "steps.parquet").chmod(0)
        nobody = os.geteuid() == 0  # who may read everything
        try:
            os.seteuid(65_534 if nobody else os.geteuid())
            refused = refusal_of(run)
        finally:
            os.seteuid(0 if nobody else os.geteuid())
    assert "steps.parquet cannot be read: Permission denied" in refused


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("Tag=a,b", "line 4 of the histogram log is damaged"),
        (f"Tag={HOSTILE}|a|b|c|d,0,1,1,x", f"the tag '{HOSTILE}|a|b|c|d' names no step"),
        ("Tag=threaded|saturated|0|10|response,0,1,1,x", "a damaged histogram"),
    ],
)
def test_a_line_of_the_histogram_log_that_is_none_is_named(run, undrawn, line, message):
    log = run / "latency.hlog"  # what follows the lines of the steps is ignored
    log.write_bytes(log.read_bytes().replace(b"Tag=", line.encode() + b"\nTag=", 1))
    assert message in refusal_of(run)


# The description.


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"5", "run.json is not the description of a run: it names no schema"),
        (b"\xff{}", "run.json is not JSON"),
        (b"[" * 100_000, "run.json is not JSON: maximum recursion depth exceeded"),
        (b'{"schema": "c10k.run/1", "c10k_version": "9"}', "the c10k that wrote it (9)"),
        (json.dumps({"schema": RUN_SCHEMA}).encode(), "missing required field `created_at`"),
    ],
)
def test_a_file_that_describes_no_run_is_refused(run, content, message):
    (run / "run.json").write_bytes(content)
    assert message in refusal_of(run)


def paths(value, path=()):
    """The path of every value within JSON, what is within one after itself."""
    for key, each in value.items() if isinstance(value, dict) else enumerate(value):
        yield (*path, key)
        if isinstance(each, dict | list):
            yield from paths(each, (*path, key))


def changed(value, path, wrong):
    """A copy of JSON with something else at a path."""
    if not path:
        return wrong
    copy = value.copy()
    copy[path[0]] = changed(value[path[0]], path[1:], wrong)
    return copy


@pytest.mark.system
@pytest.mark.parametrize("wrong", [None, HOSTILE, [], {HOSTILE: [{}]}, 0, 1e18], ids=repr)
def test_no_value_in_run_json_raises_a_traceback(sound, run, unpictured, wrong):
    """In all keys at once where it is accepted alone; lists and objects keep what they hold."""
    manifest = json.loads((sound / "run.json").read_text())
    refused = 0
    for path in reversed(list(paths(manifest))):
        other = changed(manifest, path, wrong)
        held = manifest
        for key in path:
            held = held[key]
        try:
            check_manifest(other, "run.json")
        except RunError:
            refused += 1
        else:
            manifest = manifest if held and isinstance(held, dict | list) else other
    assert refused
    (run / "run.json").write_text(json.dumps(manifest))
    assert_escaped(page_of(run))


# The tables.


@pytest.mark.parametrize(
    ("table", "column", "value", "message"),
    [
        ("steps", "connections", 0, "column connections holds what is no number"),
        ("steps", "cpu_s", float("inf"), "column cpu_s holds a number beyond"),
        ("steps", "error_causes", '{"a": {}}', "column error_causes holds"),
        ("steps", "workload", 5, "column workload is int64, and should be str"),
        ("steps", "server", "threaded", "has a step twice: threaded, paced, 0, 10"),
        ("samples", "t_s", float("nan"), "column t_s holds what is no number"),
    ],
)
def test_a_value_that_no_run_measures_is_refused(run, table, column, value, message):
    rewrite(run, table, lambda frame: frame.assign(**{column: value}))
    assert f"{table}.parquet" in refusal_of(run)
    assert message in refusal_of(run)


@pytest.mark.parametrize("table", TABLES)
def test_a_column_that_is_lacking_is_named(run, table):
    rewrite(run, table, lambda frame: frame.drop(columns="workload"))
    assert f"{table}.parquet lacks the column workload" in refusal_of(run)


@pytest.mark.system
@pytest.mark.parametrize("numbers", [(float("nan"),), (0,), (-1, 1e-300, 1e18)])
def test_no_number_in_a_table_raises_a_traceback(run, undrawn, numbers):
    """In all columns at once, in turn in their rows, as far as a column accepts them."""
    for table, columns in TABLES.items():
        frame = pd.read_parquet(run / f"{table}.parquet")
        for name in columns.keys() - KEY.keys():
            accepted = [each for each in numbers if is_accepted(columns[name], name, each)]
            if accepted:
                frame[name] = np.resize(accepted, len(frame)).astype(columns[name].dtype)
        frame.to_parquet(run / f"{table}.parquet")
    page_of(run)


def is_accepted(column, name, number):
    if column.dtype != "float64" and (column.dtype != "int64" or number != np.floor(number)):
        return False
    try:
        frame = pd.DataFrame({name: np.array([number]).astype(column.dtype)})
        check_frame({name: column}, frame, "it")
    except RunError:
        return False
    return True


@pytest.mark.system
def test_tables_without_rows_are_none_that_a_report_needs(run, undrawn):
    for table in ("windows", "samples"):
        rewrite(run, table, lambda frame: frame[:0])
    page_of(run)


def test_a_run_of_which_no_step_has_ended_is_refused(tmp_path):
    run = write_run(tmp_path / "run", steps=(10,), skip=lambda _: True)
    assert "holds no step yet: let at least one end" in refusal_of(run)


def test_telemetry_of_a_step_that_is_still_measured_is_left_out(run):
    """The tables of a run that is being written do not change all at once."""
    rewrite(run, "steps", lambda frame: frame[frame.server == "threaded"])
    found = read_run(run)
    assert set(found.samples.server) == set(found.windows.server) == {"threaded"}


# Names.


@pytest.mark.system
def test_a_name_is_text_on_every_page(tmp_path, monkeypatch):
    monkeypatch.setitem(WORKLOADS, NAME, WORKLOADS["saturated"])

    def fail(behaviour):
        behaviour.status, behaviour.connected = "partial", 7
        behaviour.errors = {NAME: 3}
        behaviour.reason = behaviour.log_tail = behaviour.unsteady = NAME

    run = write_run(
        tmp_path / "run",
        servers={NAME: NAME, "threaded": "thread per connection"},
        workloads=(NAME,),
        steps=(10,),
        windows=1,
        samples=2,
        change=fail,
        described={"left_out": [NAME]},
        found=[{"server": NAME, "workload": NAME, "why": NAME}],
    )
    manifest = json.loads((run / "run.json").read_text())
    manifest |= {"argv": [NAME], "commit": NAME, "created_at": NAME, "finished_at": NAME}
    manifest["plan"]["profile"]["name"] = NAME
    manifest["host"] = {NAME: NAME, "cpu_model": NAME, "kernel": NAME}
    manifest["versions"] = manifest["limits"] = {NAME: NAME}
    manifest["warnings"] = [{"message": NAME, "remedy": NAME}]
    (run / "run.json").write_text(json.dumps(manifest))
    before = set(tmp_path.rglob("*"))
    page = page_of(run)
    assert_escaped(page)
    assert page.text().count(" ".join(NAME.split())) > 10
    out = tmp_path / "out"
    assert all(out in (path, *path.parents) for path in {*tmp_path.rglob("*")} - before)
    for picture in out.glob("figures/*.svg"):
        ElementTree.parse(picture)  # another reader takes it only if it is XML
    assert "<script" not in (out / "summary.md").read_text().replace("\\<", "")


@pytest.mark.system
def test_a_directory_may_have_any_name(sound, tmp_path, monkeypatch, unpictured):
    monkeypatch.chdir(tmp_path)
    run = tmp_path / f"-…\udcff\n\x1b[31m{HOSTILE.replace('/', '')}"
    shutil.copytree(sound, run)
    assert_escaped(page_of(run))
    (run / "run.json").unlink()
    assert "it has no run.json" in refusal_of(run)


@pytest.mark.parametrize("name", ["nowhere", 5_000 * "W"])
def test_a_path_that_is_no_run_is_refused(tmp_path, name):
    assert str(tmp_path / name) in refusal_of(tmp_path / name)


@pytest.mark.system
def test_the_command_itself_says_it_in_one_line(run):
    (run / "steps.parquet").write_bytes(b"PAR1")
    command = [sys.executable, "-m", "c10k", "report", "run"]
    shown = subprocess.run(command, cwd=run.parent, capture_output=True, text=True, timeout=100)
    assert (shown.returncode, shown.stdout) == (2, "")
    assert shown.stderr.startswith("c10k: no report of run: run/steps.parquet cannot be read: ")
    assert shown.stderr.count("\n") == 1
