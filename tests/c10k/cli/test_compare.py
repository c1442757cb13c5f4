"""`c10k compare`: its exit status, what it prints and writes, and what it refuses."""

import json
import shutil

import pytest

from c10k.cli.main import main
from tests.reports.synthetic import write_run

SMALL = {"workloads": ["saturated"], "steps": (10, 100), "windows": 1, "repeats": 3}


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    """Runs of these servers: two alike, one that is slow, one that dies, one of another kernel."""
    folder = tmp_path_factory.mktemp("runs")

    def slow(step):
        step.cpu_us *= 2

    write_run(folder / "base", **SMALL)
    write_run(folder / "same", **SMALL)
    write_run(folder / "slow", **SMALL, change=slow)

    def kill(step):
        step.status = "failed" if step.connections == 100 else "ok"

    write_run(folder / "dead", **SMALL, change=kill)

    def drop(step):
        if step.connections == 100:
            step.status, step.errors = "partial", {"closed_by_server": 3}

    write_run(folder / "dropping", **SMALL, change=drop)
    write_run(folder / "moved", **SMALL, described={"host": {"kernel": "9.9"}})
    write_run(folder / "other", {"trio": ""}, **SMALL)
    return folder


@pytest.fixture
def compare(runs, monkeypatch, capsys):
    """Runs `c10k compare` beside the runs: its exit status, its output, and its errors."""
    monkeypatch.chdir(runs)

    def run(*arguments):
        status = main(["compare", *map(str, arguments)])
        return status, *capsys.readouterr()

    return run


def test_a_regression_fails_and_is_shown(compare):
    status, out, err = compare("base", "slow")
    assert (status, err) == (1, "c10k: a regression: CPU per message\n")
    assert out.startswith("base  base\nhead  slow\n")
    assert "regression: 4, equivalent: 14" in out


def test_a_server_that_fails_in_head_alone_fails(compare):
    status, _, err = compare("base", "dead")
    assert status == 1
    assert err.startswith("c10k: failed in head, not in base: threaded, saturated at 100; ")
    assert compare("dead", "base")[::2] == (0, "")


def test_a_server_that_drops_messages_in_head_alone_fails(compare):
    status, _, err = compare("base", "dropping")
    assert (status, err) == (
        1,
        "c10k: failed in head, not in base: threaded, saturated at 100; "
        "asyncio_streams, saturated at 100\n",
    )


def test_no_regression_passes_and_all_verdicts_are_shown_if_asked_for(compare):
    status, out, err = compare("base", "same")
    assert (status, err) == (0, "")
    assert "server" not in out.partition("equivalent: 18")[0]
    assert compare("base", "same", "--all")[1].count("equivalent\n") == 18
    assert compare("slow", "base")[0] == 0  # improvements


def test_every_format_is_written(compare, tmp_path):
    files = [tmp_path / name for name in ("found.xml", "found.md")]
    status, out, _ = compare(
        *("base", "slow", "--json", "-", "--junit", files[0], "--markdown", files[1]),
        *("--out", tmp_path / "page", "--lang", "ko"),
    )
    assert (status, json.loads(out)["verdicts"]["regression"]) == (1, 4)
    assert 'failures="4"' in files[0].read_text()
    assert "악화: 4" in files[1].read_text()
    assert 'lang="ko"' in (tmp_path / "page" / "index.html").read_text()


def test_runs_under_other_conditions_are_refused_and_compared_all_the_same(compare):
    status, out, err = compare("base", "moved")
    assert (status, out) == (2, "")
    assert "kernel (6.18.0, 9.9)" in err
    assert err.endswith("compare them all the same with --force\n")
    assert err.count("\n") == 1
    status, out, err = compare("base", "moved", "--force")
    assert (status, err) == (0, "")
    assert "kernel (6.18.0, 9.9)" in out


@pytest.mark.parametrize(
    ("head", "why"),
    [
        ("nowhere", "nowhere is not the directory of a run: it has no run.json"),
        ("damaged", "damaged/steps.parquet cannot be read"),
        ("base", "the same run"),
        ("copy", "the same run"),
        ("other", "no server, workload and step in common"),
    ],
)
def test_what_cannot_be_compared_is_refused_in_one_line(compare, runs, tmp_path, head, why):
    for name in ("damaged", "copy"):
        shutil.copytree(runs / "base", runs / name, dirs_exist_ok=True)
    (runs / "damaged" / "steps.parquet").write_bytes(b"PAR1")
    status, out, err = compare("base", head, "--json", tmp_path / "found.json")
    assert (status, out) == (2, "")
    assert err.startswith(f"c10k: no comparison of base and {head}: ")
    assert why in err
    assert err.count("\n") == 1
    assert not (tmp_path / "found.json").exists()


def test_an_unwritable_page_is_named(compare):
    status, _, err = compare("base", "same", "--out", "base/run.json")
    assert status == 2
    assert "base/run.json" in err
    assert "cannot be written" in err
