import pytest

from c10k.reports.comparisons import chapter
from c10k.reports.comparisons.chapter import Claim


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("500", 500),
        ("10,000", 10_000),
        ("8,192 KB", 8 * 2**20),
        ("78.2 GB", 78.2 * 2**30),
        ("0.3", 0.3),
    ],
)
def test_a_claim_has_the_value_of_its_text(text, value):
    assert Claim(text, "1 ms").value("synchronous") == pytest.approx(value)
    assert Claim("1 ms", text).value("asynchronous") == pytest.approx(value)


def test_the_ratios_as_printed_follow_from_the_figures():
    for claim in chapter.RESPONSE_BY_CLIENTS.values():
        assert claim.ratio == pytest.approx(float(claim.both.rstrip("×")), abs=0.05)
    for claim in chapter.MEMORY.values():
        assert 1 - 1 / claim.ratio == pytest.approx(0.999, abs=0.001)


def test_the_stages_of_a_request_add_up():
    for role, stages in chapter.STAGES.items():
        *parts, whole = (float(stage.claim.removesuffix(" ms") or 0) for stage in stages)
        assert sum(parts) == whole, role


def test_response_times_compare_under_the_chapters_conditions_alone(make):
    paced, working = make(workloads=("paced", "work_cpu")).workloads
    assert chapter.unlike(working) == ""
    assert "--config tables" in chapter.unlike(paced)
    assert chapter.ordered([paced, working]) == [working, paced]
