"""The scripts that workflows run, with a fake gh."""

import sys

from tests.examples.conftest import ROOT

COMMENT = [sys.executable, ROOT / ".ci" / "comment.py", "7", "regress", "found.md"]
MARKER = "<!-- c10k: regress -->"
BOT = {"login": "github-actions[bot]"}


def test_an_earlier_comment_is_replaced(runner, tmp_path):
    (tmp_path / "found.md").write_text("### regression")
    someone = {"id": 1, "user": {"login": "someone"}, "body": MARKER}
    other = {"id": 2, "user": BOT, "body": "<!-- c10k: other -->\n### regression"}
    ours = {"id": 3, "user": BOT, "body": f"{MARKER}\n### improvement"}
    runner.answers([[someone, other], [ours]])
    assert runner.run(COMMENT, tmp_path).returncode == 0
    _, (arguments, body) = runner.asked
    assert arguments[1:4] == ["--method", "PATCH", "repos/someone/echo/issues/comments/3"]
    assert body == {"body": f"{MARKER}\n### regression"}


def test_a_comment_by_somebody_else_is_left(runner, tmp_path):
    (tmp_path / "found.md").write_text("### regression")
    runner.answers([[{"id": 1, "user": {"login": "someone"}, "body": MARKER}]])
    assert runner.run(COMMENT, tmp_path).returncode == 0
    assert "POST" in runner.asked[-1][0]


def test_without_the_right_to_comment_one_line_says_so(runner, tmp_path):
    (tmp_path / "found.md").write_text("### regression")
    runner.refuses("gh: Resource not accessible by integration (HTTP 403)\n")
    ended = runner.run(COMMENT, tmp_path)
    assert (ended.returncode, ended.stderr) == (0, "")
    (line,) = ended.stdout.splitlines()
    assert "(HTTP 403)" in line
    assert "pull-requests: write" in line


def test_nothing_compared_is_no_comment(runner, tmp_path):
    runner.answers([[{"id": 1, "user": {"login": "someone"}, "body": MARKER}]])
    assert runner.run(COMMENT, tmp_path).returncode == 0
    assert [arguments[1] for arguments, _ in runner.asked] == ["--paginate"]


def test_nothing_compared_at_a_later_push_takes_the_verdicts_away(runner, tmp_path):
    runner.answers([[{"id": 3, "user": BOT, "body": f"{MARKER}\n### regression"}]])
    assert runner.run(COMMENT, tmp_path).returncode == 0
    _, (arguments, body) = runner.asked
    assert arguments[2] == "PATCH"
    assert "Nothing was compared" in body["body"]
    assert "regression" not in body["body"]


def test_the_last_night_is_the_last_that_measured(runner, tmp_path):
    runs = [(2, "cancelled"), (3, "measured"), (1, "before")]
    runner.answers([{"databaseId": number, "headSha": sha} for number, sha in runs])
    nightly = [sys.executable, ROOT / ".ci" / "nightly.py", "history"]
    ended = runner.run(nightly, tmp_path)
    assert ended.stdout == "measured\n"
    assert "run 2 has left nothing" in ended.stderr
    assert {each.name for each in (tmp_path / "history").iterdir()} == {"1", "3"}


def test_the_first_night_has_none_before(runner, tmp_path):
    nightly = [sys.executable, ROOT / ".ci" / "nightly.py", "history"]
    assert runner.run(nightly, tmp_path).stdout == "\n"
