"""The chapter's figures agree with each other, and are compared where its conditions are alike."""

import pytest

from c10k.results.claimed_units import printed_value
from c10k.results.shipped_claims import shipped_claims

(CHAPTER,) = shipped_claims()


def test_the_ratios_as_printed_follow_from_the_figures():
    for table in CHAPTER.by_clients:
        for row in (row for row in table.rows if row.both):
            one, other = (printed_value(figure, table.measure) for figure in row.figures)
            if row.both.endswith("×"):
                assert one / other == pytest.approx(float(row.both.rstrip("×")), abs=0.05)
            else:
                assert 1 - other / one == pytest.approx(0.999, abs=0.001)


def test_the_stages_of_a_request_add_up():
    for server in CHAPTER.servers:
        stages = (each for each in CHAPTER.stages[0].stages if each.server == server)
        *parts, whole = (float(stage.figure.removesuffix(" ms") or 0) for stage in stages)
        assert sum(parts) == whole, server


def test_response_times_compare_under_the_chapters_conditions_alone(make):
    measured = make(workloads=("paced", "work_cpu"))
    paced, working = measured.workloads
    assert CHAPTER.unlike("response_p50_ms", working.name, working.loop) == ""
    assert "--config tables" in CHAPTER.unlike("response_p50_ms", paced.name, paced.loop)
    assert measured.ordered([paced, working]) == [working, paced]
