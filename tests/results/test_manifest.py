import pytest

from c10k.results.manifest import RUN_SCHEMA, check_contents, check_manifest
from c10k.results.schema import RunError


@pytest.fixture
def whole(manifest):
    times = {"created_at": "2026-01-02T03:04:05+00:00", "finished_at": None}
    return {"schema": RUN_SCHEMA, "interrupted": False} | times | manifest


def test_a_manifest_of_the_schema_passes(whole):
    assert check_manifest(whole, "run.json") == whole


def test_another_version_is_refused_with_the_way_out(whole):
    with pytest.raises(RunError) as caught:
        check_manifest(whole | {"schema": "c10k.run/2", "c10k_version": "9.1"}, "here/run.json")
    message = str(caught.value)
    for part in ("here/run.json", "'c10k.run/2'", f"'{RUN_SCHEMA}'", "9.1", "measure again"):
        assert part in message
    assert "\n" not in message


@pytest.mark.parametrize("other", [None, [], {}, {"steps": []}])
def test_what_is_no_manifest_is_refused(other):
    with pytest.raises(RunError, match="names no schema"):
        check_manifest(other, "run.json")


def test_a_manifest_of_before_the_ceiling_passes(whole):
    assert "ceiling" not in whole
    assert check_manifest(whole | {"ceiling": None}, "run.json")["ceiling"] is None
    with pytest.raises(RunError, match="ceiling is missing or not of type list or null"):
        check_manifest(whole | {"ceiling": 5}, "run.json")


def test_a_manifest_without_a_key_is_refused(whole):
    del whole["host"]
    with pytest.raises(RunError, match="host is missing or not of type dict"):
        check_manifest(whole, "run.json")


def test_the_contents_of_a_manifest_pass(whole):
    check_contents(whole, "run.json")
    check_contents(whole | {"max_connections": None, "plan": {"servers": [{}]}, "new": {}}, "it")


@pytest.mark.parametrize(
    ("change", "misfit"),
    [
        ({"plan": {"steps": [10, "100"]}}, r"plan.steps\[1\] is not a whole number, 0 or more"),
        ({"plan": {"slo_p99_ms": 0}}, "plan.slo_p99_ms is not a number above 0"),
        ({"plan": {"servers": [{"label": None}]}}, r"plan.servers\[0\].label is not a text"),
        ({"plan": {"servers": [{"command": [1]}]}}, r".*command is not a text or a list of texts"),
        ({"host": {"a\nb": []}}, r"host.a\\nb is not a text, a number, a truth value or null"),
        ({"cpu_split": {"server": 1}}, "cpu_split.server is not a list"),
        ({"ceiling": [{}]}, r"ceiling\[0\].connections is missing"),
        ({"warnings": ["fire"]}, r"warnings\[0\] is not an object"),
    ],
)
def test_a_part_that_a_report_cannot_read_is_named(whole, change, misfit):
    with pytest.raises(RunError, match=f"^here/run.json: {misfit}$"):
        check_contents(whole | change, "here/run.json")
