import subprocess

import pytest

from benchmarks import regress


@pytest.fixture
def repository(tmp_path, monkeypatch):
    """A repository on a branch that left main, with a server that a test may change."""
    monkeypatch.setattr(regress, "ROOT", tmp_path)
    monkeypatch.setattr(regress, "FOUND", tmp_path / "runs" / "regress.md")
    monkeypatch.delenv("GITHUB_STEP_SUMMARY", raising=False)
    (tmp_path / "servers").mkdir()
    (tmp_path / "servers" / "one.py").write_text("1")
    identity = ("-c", "user.name=a", "-c", "user.email=a@example.org")
    for arguments in (
        ("init", "-q", "-b", "main"),
        ("add", "."),
        (*identity, "commit", "-qm", "x"),
        ("checkout", "-qb", "branch"),
        (*identity, "commit", "-qm", "y", "--allow-empty"),
    ):
        subprocess.run(["git", *arguments], cwd=tmp_path, check=True)
    return tmp_path


@pytest.fixture
def statuses(monkeypatch):
    """The exit statuses that comparisons have, by server, and which were made."""
    given = {}

    def compare(name, base, budget):
        with regress.FOUND.open("a") as found:
            found.write(f"{name} at {base} within {budget}\n")
        return given[name]

    monkeypatch.setattr(regress, "compare", compare)
    return given


def test_nothing_is_measured_where_no_server_changed(repository, statuses, capsys):
    assert regress.main([]) == 0
    assert "nothing to compare" in capsys.readouterr().out


def test_a_changed_server_is_compared_with_the_merge_base(repository, statuses):
    (repository / "servers" / "one.py").write_text("2")
    statuses.update(threaded=0, asyncio_streams=1)
    assert regress.main(["--budget", "9s"]) == 1
    base = subprocess.check_output(["git", "rev-parse", "main"], cwd=repository, text=True).strip()
    assert regress.FOUND.read_text().splitlines() == [
        f"threaded at {base} within 9s",
        f"asyncio_streams at {base} within 9s",
    ]


def test_what_could_not_be_measured_is_worse_than_a_regression(repository, statuses):
    statuses.update(one=1, two=3)
    assert regress.main(["--always", "--base", "main", "one", "two"]) == 3


def test_the_job_page_shows_it(repository, statuses, monkeypatch, tmp_path):
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(tmp_path / "summary"))
    statuses.update(one=0)
    assert regress.main(["--always", "one"]) == 0
    assert (tmp_path / "summary").read_text() == regress.FOUND.read_text()


def test_without_main_a_base_must_be_named(repository, statuses, capsys):
    subprocess.run(["git", "branch", "-qD", "main"], cwd=repository, check=True)
    assert regress.main([]) == 2
    assert "--base" in capsys.readouterr().err


def test_a_comparison_that_was_killed_has_not_passed(repository, monkeypatch):
    killed = subprocess.CompletedProcess([], -9)
    monkeypatch.setattr(regress.subprocess, "run", lambda *_, **__: killed)
    assert regress.compare("one", "main", "9s") == 3
