"""Several runs side by side."""

import pytest

from c10k.reports.compare import build_comparison, differences, table
from c10k.reports.model.measured import ReportError
from tests.reports.synthetic import write_run


def ratios(runs):
    """What stands behind the figures of the second run, by the heading of the column."""
    compared = table(runs)
    titles = [column.title for column in compared.columns]
    return dict(zip(titles, [cell.outcome for cell in compared.sections[0].rows[1]], strict=True))


def test_the_runs_have_a_row_each_at_the_steps_that_they_share(make):
    slow = make(change=lambda step: setattr(step, "messages_per_s", 1_000.0), steps=(10, 100))
    fast = make(change=lambda step: setattr(step, "messages_per_s", 4_000.0), steps=(10, 1_000))
    runs = {"base": slow, "head": fast}
    rows = [[cell.text for cell in row[:4]] for row in table(runs).sections[0].rows]
    assert rows[:2] == [["paced", "threaded", "10", "base"], ["paced", "threaded", "10", "head"]]
    assert len(rows) == 2 * 2 * 2  # workloads, servers, runs
    assert ratios(runs)["throughput"] == "4.0×"
    assert "indicative" in table(runs).caption


@pytest.mark.parametrize("change", [{"size_bytes": 9}, {"others": 1.54}])
def test_runs_that_cannot_be_compared_have_no_ratio(make, change):
    one = make(steps=(10,))
    other = make(steps=(10,), change=lambda step: vars(step).update(change))
    found = ratios({"a": one, "b": other})
    assert found["throughput"] == found["CPU per message"] == ""
    assert (found["memory"] == "1.0×") is ("others" in change)


def test_differences_between_the_runs_are_listed(make):
    one, other = make(steps=(10,)), make(steps=(10,))
    other.about.host["kernel"] = "9.9"
    rows = differences({"a": one, "b": other}).sections[0].rows
    assert [[cell.text for cell in row] for row in rows] == [["Machine: kernel", "6.18.0", "9.9"]]


def test_the_page_of_hostile_runs_is_escaped(tmp_path):
    servers = {"<script>alert(1)</script>": "event loop"}
    run = write_run(tmp_path / "<script>", servers, steps=(10,), windows=1)
    page = build_comparison([run, run], tmp_path / "out").read_text()
    assert "<script" not in page
    assert "&lt;script&gt; (2)</h1>" in page


def test_one_run_and_runs_of_other_servers_are_not_compared(tmp_path):
    with pytest.raises(ReportError, match="two"):
        build_comparison([tmp_path], tmp_path / "out")
    runs = [write_run(tmp_path / name, {name: ""}, steps=(10,), windows=1) for name in "ab"]
    with pytest.raises(ReportError, match="in common"):
        build_comparison(runs, tmp_path / "out")
