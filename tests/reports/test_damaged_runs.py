"""Damaged and hostile runs: a page in which all is text, or one line that says what is wrong.

Never a traceback, and never a file outside of --out.
"""

import base64
import io
import json
import math
import os
import shutil
import struct
import subprocess
import sys
import tempfile
import zlib
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from matplotlib.figure import Figure

from c10k.cli.main import main
from c10k.results.histogram import Histogram
from c10k.results.manifest import check_contents, check_manifest
from c10k.results.schema import (
    KEY,
    SAMPLES,
    STEPS,
    WINDOWS,
    RunError,
    check_frame,
)
from c10k.results.store import read_run
from tests.reports.parsed import Page
from tests.reports.synthetic import WORKLOADS, write_run

TABLES = {"steps": STEPS, "windows": WINDOWS, "samples": SAMPLES}
FILES = ("run.json", "journal.jsonl", "latency.hlog", *(f"{name}.parquet" for name in TABLES))
HOSTILE = "<script>alert(1)</script>"
NUMBERS = (math.nan, -1, 0, 1e-300, 1e18)
ABSENT = object()
WRONG = (ABSENT, None, True, HOSTILE, [], [HOSTILE], {}, {HOSTILE: [{}]}, *NUMBERS)
some = settings(
    max_examples=8,
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=list(HealthCheck),
)


@pytest.fixture(scope="module")
def sound(tmp_path_factory):
    """A run of two servers at one step, with all that a run may hold."""
    return write_run(
        tmp_path_factory.mktemp("sound") / "run",
        workloads=("paced", "saturated"),
        steps=(10,),
        windows=2,
        samples=3,
        change=lambda behaviour: setattr(behaviour, "errors", {"reset": 1}),
        plan={
            "mapped": ["paced"],
            "left_out": ["nginx is not installed"],
            "slo_p99_ms": 100.0,
            "techniques": [
                {
                    "name": "buffer pool",
                    "with_it": "threaded",
                    "without_it": "asyncio_streams",
                    "workloads": ["saturated"],
                    "claim": "buffer pool",
                }
            ],
        },
        found=[{"server": "threaded", "workload": "saturated", "connections": 10, "why": "done"}],
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
    told, refused = io.StringIO(), io.StringIO()
    with redirect_stdout(told), redirect_stderr(refused):
        status = main(["report", *map(str, arguments), "--out", str(out)])
    told, refused = told.getvalue(), refused.getvalue()
    if status == 0:
        verdicts, _end, page = told.rpartition(f"{out / 'index.html'}")
        assert (page, refused) == ("\n", "")
        assert verdicts == "" or verdicts.replace("\n", "").isprintable()
        return (out / "index.html").read_text(), ""
    assert (status, told) == (2, "")
    assert refused.startswith("c10k: no report of ")
    assert len(refused.splitlines()) == 1
    assert any(reason in refused for reason in (*FILES, "the run holds no step yet"))
    return None, refused


def refusal_of(run):
    page, refused = report(run, out=run.parent / "out")
    assert page is None
    return refused


def page_of(run):
    page, refused = report(run, out=run.parent / "out")
    assert not refused
    return Page(page)


def assert_escaped(page):
    """That a page has no element or attribute but its own."""
    assert not {node.tag for node in page.all()} & {"script", "img", "iframe"}
    names = {name for node in page.all() for name in node.attributes}
    assert not {name for name in names if name.startswith("on")}


def test_the_run_that_is_damaged_here_shows_all_there_is(sound, tmp_path):
    page, _ = report(sound, out=tmp_path / "out")
    parts = ("over the step", "over time", "Techniques", "Max connections", "Capacity", "reset × 1")
    assert all(part in page for part in parts)


# Files.

DAMAGES = {
    "missing": lambda path, _: path.unlink(),
    "empty": lambda path, _: path.write_bytes(b""),
    "cut after one byte": lambda path, content: path.write_bytes(content[:1]),
    "cut in the middle": lambda path, content: path.write_bytes(content[: len(content) // 2]),
    "cut before two bytes": lambda path, content: path.write_bytes(content[:-2]),
    "noise": lambda path, _: path.write_bytes(bytes(range(256)) * 9),
    "a directory": lambda path, _: (path.unlink(), path.mkdir()),
    "a symlink loop": lambda path, _: (path.unlink(), path.symlink_to(path.name)),
}


@pytest.mark.parametrize("damage", DAMAGES)
@pytest.mark.parametrize("file", FILES)
def test_a_damaged_file_is_named(run, file, damage, unpictured):
    """But for a log or a journal that merely ends early, as that of a run that was killed."""
    path = run / file
    DAMAGES[damage](path, path.read_bytes())
    page, refused = report(run, out=run.parent / "out")
    if page is None:
        assert file in refused
    else:
        assert file in ("journal.jsonl", "latency.hlog")
        assert damage.startswith(("cut", "empty"))


@some
@given(st.sampled_from(FILES), st.floats(0, 1, exclude_max=True), st.integers(1, 255))
def test_a_byte_that_flipped_is_no_traceback(sound, run, undrawn, file, place, flip):
    content = bytearray((sound / file).read_bytes())
    content[int(place * len(content))] ^= flip
    (run / file).write_bytes(content)
    report(run, out=run.parent / "out")
    shutil.copy(sound / file, run / file)


# run.json.


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"5", "run.json is not the description of a run: it names no schema"),
        (b'"schema"', "run.json is not the description of a run: it names no schema"),
        (b"\xff{}", "run.json is not JSON"),
        (b"[" * 100_000, "run.json is not JSON: it is nested too deeply"),
        (b"9" * 5_000, "run.json is not JSON"),
        (rb'{"schema": "\ud800"}', "run.json is not JSON"),
        (
            b'{"schema": "c10k.run/2", "c10k_version": "9"}',
            "read it with the c10k that wrote it (9",
        ),
        (b'{"schema": "c10k.load/1"}', "is of schema 'c10k.load/1'"),
        (b'{"schema": "<script>\\n"}', "is of schema '<script>"),
        (b'{"schema": null}', "is of schema None"),
        (b'{"schema": "c10k.run/1"}', "created_at is missing"),
    ],
)
def test_what_describes_no_run_is_refused(run, content, message):
    (run / "run.json").write_bytes(content)
    assert message in refusal_of(run)


def paths(value, path=()):
    """The path of every value within JSON, what is within one after itself."""
    for key, each in value.items() if isinstance(value, dict) else enumerate(value):
        yield (*path, key)
        if isinstance(each, dict | list):
            yield from paths(each, (*path, key))


def changed(value, path, wrong):
    """A copy of JSON with something else at a path, or nothing where that is ABSENT."""
    if not path:
        return wrong
    key, *rest = path
    copy = value.copy()
    copy[key] = changed(value[key], rest, wrong)
    if copy[key] is ABSENT:
        del copy[key]
    return copy


def said(check, *arguments):
    """What a check says against something; empty where it takes it."""
    try:
        check(*arguments)
    except RunError as error:
        return str(error)
    return ""


def is_accepted(manifest):
    refused = said(check_manifest, manifest, "run.json")
    refused = refused or said(check_contents, manifest, "run.json")
    assert refused.startswith("run.json") or not refused
    return not refused


@pytest.mark.parametrize("wrong", WRONG, ids=lambda wrong: repr(wrong)[:20])
def test_no_value_of_any_key_of_run_json_is_a_traceback(sound, run, request, wrong):
    """In all keys at once where it is accepted alone; lists and objects keep what they hold."""
    request.getfixturevalue("undrawn" if wrong in (HOSTILE, 1e18) else "unpictured")
    manifest = json.loads((sound / "run.json").read_text())
    refused = 0
    for path in reversed(list(paths(manifest))):
        other = changed(manifest, path, wrong)
        if not is_accepted(other):
            refused += 1
        elif not holds_more(manifest, path):
            manifest = other
    assert refused
    (run / "run.json").write_text(json.dumps(manifest))
    page_of(run)


def holds_more(value, path):
    for key in path:
        value = value[key]
    items = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return any(isinstance(each, dict | list) for each in items)


SCALARS = st.none() | st.booleans() | st.integers() | st.floats() | st.text()
JSON = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=5,
)


@some
@given(st.data())
def test_no_json_in_run_json_is_a_traceback(sound, run, unpictured, data):
    manifest = json.loads((sound / "run.json").read_text())
    for _ in range(3):
        path = data.draw(st.sampled_from(list(paths(manifest))))
        other = changed(manifest, path, data.draw(JSON | st.just(ABSENT)))
        manifest = other if is_accepted(other) else manifest
    (run / "run.json").write_text(json.dumps(manifest))
    report(run, out=run.parent / "out")


# Tables.


@pytest.mark.parametrize("table", TABLES)
def test_a_column_that_is_lacking_or_of_another_type_is_named(sound, table):
    frame = pd.read_parquet(sound / f"{table}.parquet")
    for name, column in TABLES[table].items():
        if not column.later:
            with pytest.raises(RunError, match=rf"it lacks the column {name}:"):
                check_frame({name: column}, frame.drop(columns=name), "it")
        for wrong in ({"str": 5}.get(column.dtype, "many"), None, [["list"]], b"bytes"):
            wrongs = pd.Series([wrong] * len(frame), dtype=object).infer_objects()
            if column.dtype == "float64" and wrong is None:
                continue  # not measured
            with pytest.raises(RunError, match=rf"^it: column {name} (is|holds) "):
                check_frame({name: column}, frame.assign(**{name: wrongs}), "it")


@pytest.mark.parametrize("table", ["steps", "samples"])
def test_the_table_of_a_wrong_column_is_named(run, table):
    rewrite(run, table, lambda frame: frame.assign(workload=5))
    assert f"{table}.parquet: column workload is int64" in refusal_of(run)


def rewrite(run, table, change):
    path = run / f"{table}.parquet"
    change(pd.read_parquet(path)).to_parquet(path)


@pytest.mark.parametrize("value", NUMBERS)
def test_no_number_is_a_traceback(run, undrawn, value):
    """In all columns at once in which it is accepted alone."""
    for table, columns in TABLES.items():
        frame = pd.read_parquet(run / f"{table}.parquet")
        for name in [name for name in columns if name not in KEY]:
            if columns[name].dtype in ("float64", "int64"):
                other = frame.assign(**{name: value})
                if columns[name].dtype == "int64" and value == int(np.nan_to_num(value)):
                    other = other.astype({name: "int64"})
                refused = said(check_frame, {name: columns[name]}, other, "it")
                assert f"column {name} " in refused or not refused
                frame = frame if refused else other
        frame.to_parquet(run / f"{table}.parquet")
    page_of(run)


NUMERIC = [
    (table, name)
    for table, columns in TABLES.items()
    for name, column in columns.items()
    if column.dtype == "float64"
]


@some
@given(st.lists(st.tuples(st.sampled_from(NUMERIC), st.floats()), min_size=3, max_size=6))
def test_no_numbers_together_are_a_traceback(sound, run, undrawn, numbers):
    for table in TABLES:
        shutil.copy(sound / f"{table}.parquet", run)
    for (table, name), value in numbers:
        rewrite(run, table, lambda frame, name=name, value=value: frame.assign(**{name: value}))
    report(run, out=run.parent / "out")


@pytest.mark.parametrize(
    ("table", "column", "value", "message"),
    [
        ("steps", "connections", 0, "steps.parquet: column connections holds what is no number"),
        ("steps", "repeat", -1, "steps.parquet: column repeat holds what is no number from 0"),
        ("steps", "cpu_s", float("inf"), "steps.parquet: column cpu_s holds a number beyond"),
        ("steps", "error_causes", "[1]", "steps.parquet: column error_causes holds '[1]'"),
        ("steps", "error_causes", '{"a": {}}', "steps.parquet: column error_causes holds"),
        ("steps", "error_causes", "[" * 9_999, "steps.parquet: column error_causes holds"),
        ("windows", "error_causes", "{", "windows.parquet: column error_causes holds '{'"),
        ("steps", "server", "threaded", "steps.parquet has a step twice: threaded, paced, 0, 10"),
        ("samples", "t_s", float("nan"), "samples.parquet: column t_s holds what is no number"),
    ],
)
def test_what_no_run_measures_is_refused(run, table, column, value, message):
    rewrite(run, table, lambda frame: frame.assign(**{column: value}))
    assert message in refusal_of(run)


def test_a_table_with_a_column_twice_is_refused(run):
    import pyarrow.parquet as pq

    table = pq.read_table(run / "steps.parquet")
    pq.write_table(table.append_column("server", table["server"]), run / "steps.parquet")
    assert "steps.parquet has the column server twice" in refusal_of(run)


@pytest.mark.parametrize("table", ["windows", "samples"])
def test_a_table_without_rows_is_none_that_a_report_needs(run, table, undrawn):
    rewrite(run, table, lambda frame: frame[:0])
    page_of(run)


def test_a_run_of_which_no_step_has_ended_is_refused(tmp_path):
    run = write_run(tmp_path / "run", steps=(10,), skip=lambda _: True)
    assert "holds no step yet: let at least one end" in refusal_of(run)


def test_telemetry_of_a_step_that_is_still_measured_is_left_out(run, undrawn):
    """The tables of a run that is being written do not change all at once."""
    rewrite(run, "steps", lambda frame: frame[frame.server == "threaded"])
    first, _, _ = (run / "journal.jsonl").read_text().partition("\n")
    (run / "journal.jsonl").write_text(f"{first}\n")
    page_of(run)
    found = read_run(run)
    assert set(found.samples.server) == set(found.windows.server) == {"threaded"}
    assert len(found.windows) == 4


# The journal, from which tables that lag behind are made up.


@pytest.mark.parametrize(
    "change",
    [
        {"log_end": "9"},
        {"log_end": None},
        {"steps": []},
        {"steps": None},
        {"steps": {}},
        {"samples": "samples"},
    ],
    ids=repr,
)
def test_a_line_of_the_journal_that_is_no_step_is_refused(run, change):
    assert "journal.jsonl" in refused_for_its_journal(run, lambda line: line | change)


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("connections", [0]),
        ("connections", [10**30]),
        ("connections", ["ten"]),
        ("connections", [None]),
        ("connections", 10),
        ("connections", []),
        ("server", ["\ud800"]),
        ("server", [5]),
        ("cpu_s", [1e300]),
        ("cpu_s", [{}]),
        ("error_causes", ["[]"]),
    ],
)
def test_a_column_of_the_journal_that_is_none_is_refused(run, column, value):
    refused = refused_for_its_journal(
        run, lambda line: line | {"steps": line["steps"] | {column: value}}
    )
    assert "journal.jsonl" in refused


def refused_for_its_journal(run, change):
    rewrite(run, "steps", lambda frame: frame[:0])
    journal = run / "journal.jsonl"
    lines = [json.dumps(change(json.loads(line))) for line in journal.read_text().splitlines()]
    journal.write_text("\n".join([*lines, ""]))
    return refusal_of(run)


# The histograms.

TAG = "Tag=threaded|saturated|0|10|response"


def encoded(body, cookie=0x1C849314):
    stream = zlib.compress(body)
    return base64.b64encode(struct.pack(">ii", cookie, len(stream)) + stream).decode()


def crowded():
    histogram = Histogram()
    histogram.counts[:] = 1 << 54  # the sum overflows
    return histogram.encode()


def relog(run, log):
    """Give a run another histogram log, all of which counts."""
    (run / "latency.hlog").write_bytes(log)
    journal = run / "journal.jsonl"
    lines = [json.loads(line) | {"log_end": len(log)} for line in journal.read_text().splitlines()]
    journal.write_text("".join(f"{json.dumps(line)}\n" for line in lines))


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("Tag=a,b", "line 1 of the histogram log is damaged"),
        (f"{TAG},nan,1,1,x", "line 1 of the histogram log is damaged"),
        (f"{TAG},0,inf,1,x", "line 1 of the histogram log is damaged"),
        (f"{TAG},0,-1,1,x", "line 1 of the histogram log is damaged"),
        ("Tag=nobody,0,1,1,x", "the tag 'nobody' names no step of a run"),
        ("0,1,1,x", "the tag '' names no step of a run"),
        (f"Tag={HOSTILE}|a|b|c|d,0,1,1,x", f"the tag '{HOSTILE}|a|b|c|d' names no step"),
        (f"{TAG},0,1,1,x", "a damaged histogram"),
        (f"{TAG},0,1,1,{encoded(b'', cookie=5)}", "not a V2 compressed HdrHistogram"),
        (f"{TAG},0,1,1,{encoded(b'')}", "a damaged histogram"),
        (f"{TAG},0,1,1,{crowded()}", "more than 2**40 values"),
    ],
)
def test_a_line_of_the_histogram_log_that_is_none_is_named(run, undrawn, line, message):
    relog(run, f"{line}\n".encode())
    refused = refusal_of(run)
    assert "latency.hlog: " in refused
    assert message in refused


def test_a_histogram_log_that_is_no_text_is_refused(run):
    relog(run, b"\xff\n")
    assert "latency.hlog: 'utf-8' codec" in refusal_of(run)


def test_histograms_of_what_is_no_step_are_left_out(run, undrawn):
    relog(run, f"Tag={'W' * 10_000}|%3Cscript%3E|-5|{10**30}|colour,0,1,1,x\n".encode())
    page_of(run)


# Names.

NAMES = {
    "markup and templates": f"{HOSTILE}<img src=x onerror=alert(2)>\"'`&amp;--><!-- | # * _ "
    "{{ 7 * 7 }}{% endif %}{server} {0} %s %(x)s $\\frac$",
    "odd characters": "../a\nb\r\n\tc\N{LINE SEPARATOR}d\0e\x1b[31mred\x07\x7f\x9b\uffff "
    "\N{RIGHT-TO-LEFT OVERRIDE}abc \N{HEBREW LETTER SHIN} 🦥👩\u200d👩\u200d👧 한글",
    "length": 1_000 * "W",
}


def named(directory, name, monkeypatch):
    """A run in which all that may be named has this name."""
    monkeypatch.setitem(WORKLOADS, name, WORKLOADS["saturated"])

    def fail(behaviour):
        behaviour.status, behaviour.connected = "partial", 7
        behaviour.errors = {name: 3}
        behaviour.reason = behaviour.log_tail = behaviour.unsteady = name

    write_run(
        directory,
        servers={name: name, "threaded": "a thread a connection"},
        workloads=(name,),
        steps=(10, 100),
        windows=1,
        samples=2,
        change=fail,
        plan={"profile": name, "left_out": [name]},
        found=[{"server": name, "workload": name, "why": name}],
    )
    manifest = json.loads((directory / "run.json").read_text())
    manifest |= {"argv": [name], "commit": name, "created_at": name, "finished_at": name}
    manifest["host"] = {name: name, "cpu_model": name, "kernel": name}
    manifest["versions"] = manifest["limits"] = {name: name}
    manifest["warnings"] = [{"message": name, "remedy": name}]
    (directory / "run.json").write_text(json.dumps(manifest))
    return directory


@pytest.mark.parametrize("name", NAMES.values(), ids=NAMES)
def test_a_name_is_text_on_every_page(tmp_path, monkeypatch, name):
    run = named(tmp_path / "run", name, monkeypatch)
    monkeypatch.chdir(run)
    before = set(tmp_path.rglob("*"))
    page = page_of(run)
    assert_escaped(page)
    assert page.text().count(" ".join(name.split())) > 10
    out = tmp_path / "out"
    assert all(out in (path, *path.parents) for path in {*tmp_path.rglob("*")} - before)
    for picture in out.glob("figures/*.svg"):
        ElementTree.parse(picture)  # another reader takes it only if it is XML
    assert "<script" not in (out / "summary.md").read_text().replace("\\<", "")


# Directories.


@pytest.mark.parametrize("name", [HOSTILE.replace("/", ""), "two\nlines\x1b[31m", "\udcff", "-…"])
def test_a_directory_may_have_any_name(sound, tmp_path, monkeypatch, unpictured, name):
    monkeypatch.chdir(tmp_path)
    run = tmp_path / name
    for each in (run, tmp_path / "other"):
        shutil.copytree(sound, each)
    assert_escaped(page_of(run))
    page, _ = report("--compare", run, "other", out=tmp_path / "out")
    assert_escaped(Page(page))
    (run / "run.json").unlink()
    assert "it has no run.json" in refusal_of(run)


def nothing(path):
    return path


def file(path):
    path.write_text("")
    return path


def loop(path):
    path.symlink_to(path.name)
    return path


@pytest.mark.parametrize("place", [nothing, file, loop, lambda path: path / ("W" * 5_000)])
def test_what_is_no_directory_of_a_run_is_refused(sound, tmp_path, place):
    path = place(tmp_path / "place")
    assert str(path) in refusal_of(path)
    page, refused = report("--compare", sound, path, out=tmp_path / "out")
    assert page is None
    assert str(path) in refused


@contextmanager
def as_nobody():
    """Root may read everything."""
    if os.geteuid():
        yield
        return
    os.seteuid(65_534)
    try:
        yield
    finally:
        os.seteuid(0)


@pytest.mark.parametrize("file", ["", *FILES])
def test_what_may_not_be_read_is_named(sound, file):
    with tempfile.TemporaryDirectory() as place:
        Path(place).chmod(0o755)
        run = Path(shutil.copytree(sound, Path(place, "run")))
        run.chmod(0o755)
        (run / file).chmod(0)
        with as_nobody():
            refused = refusal_of(run)
        (run / file).chmod(0o755)
    assert str(run / file) in refused
    assert "Permission denied" in refused


def test_a_damaged_run_is_not_compared(sound, run, tmp_path):
    rewrite(run, "samples", lambda frame: frame.drop(columns="t_s"))
    page, refused = report("--compare", sound, run, out=tmp_path / "out")
    assert page is None
    assert f"{run / 'samples.parquet'} lacks the column t_s" in refused
    assert not (tmp_path / "out").exists()


@pytest.mark.system
def test_the_command_itself_says_it_in_one_line(run):
    (run / "steps.parquet").write_bytes(b"PAR1")
    command = [sys.executable, "-m", "c10k", "report", "run"]
    shown = subprocess.run(command, cwd=run.parent, capture_output=True, text=True, timeout=100)
    assert shown.returncode == 2
    assert shown.stdout == ""
    assert shown.stderr.startswith("c10k: no report of run: run/steps.parquet cannot be read: ")
    assert shown.stderr.count("\n") == 1
