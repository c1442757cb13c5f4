"""Several runs side by side."""

import pytest

from c10k.reports.compare import Side, build_comparison, differences, table
from c10k.reports.measured import ReportError
from tests.reports.synthetic import write_run


def test_each_step_that_the_runs_share_stands_beside_itself(make):
    slow = make(change=lambda step: setattr(step, "messages_per_s", 1_000.0), steps=(10, 100))
    fast = make(change=lambda step: setattr(step, "messages_per_s", 4_000.0), steps=(10, 1_000))
    compared = table([Side("base", slow), Side("head", fast)])
    assert {record["connections"] for record in compared.records} == {10}
    section = compared.sections[0]
    cells = dict(
        zip([column.full_title for column in compared.columns], section.rows[0], strict=True)
    )
    assert cells["messages/s: head ÷ base"].value == pytest.approx(4, rel=0.05)


def test_differences_between_the_runs_are_listed(make):
    one, other = make(steps=(10, 100)), make(steps=(10, 100))
    other.manifest["host"]["kernel"] = "9.9"
    told = dict(differences([Side("a", one), Side("b", other)]))
    assert told["kernel"][1] == "9.9"
    assert "cpu model" not in told


def test_the_page_of_hostile_runs_is_escaped(tmp_path):
    servers = {"<script>alert(1)</script>": "event loop"}
    run = write_run(tmp_path / "<script>", servers, steps=(10,), windows=1)
    page = build_comparison([run, run], tmp_path / "out").read_text()
    assert "<script" not in page
    assert (tmp_path / "out" / "runs.csv").read_text().startswith("run,workload")


def test_one_run_is_not_compared(tmp_path):
    with pytest.raises(ReportError, match="two"):
        build_comparison([tmp_path], tmp_path / "out")
