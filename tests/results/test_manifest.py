import pytest

from c10k.results.manifest import RUN_SCHEMA, check_manifest
from c10k.results.schema import RunError


@pytest.fixture
def whole(manifest):
    times = {"created_at": "2026-01-02T03:04:05+00:00", "finished_at": None}
    return {"schema": RUN_SCHEMA, "interrupted": False} | times | manifest


def test_a_manifest_of_the_schema_passes(whole):
    assert check_manifest(whole, "run.json") == whole
    more = {"plan": {"servers": [{}], "unknown": 1}, "max_connections": [], "new": {}}
    assert check_manifest(whole | more, "run.json") == whole | more


@pytest.mark.parametrize("other", ["c10k.run/1", "c10k.run/99"])
def test_another_schema_is_refused_with_the_remedy(whole, other):
    with pytest.raises(RunError) as caught:
        check_manifest(whole | {"schema": other, "c10k_version": "9.1"}, "here/run.json")
    message = str(caught.value)
    for part in ("here/run.json", f"'{other}'", f"'{RUN_SCHEMA}'", "9.1", "measure again"):
        assert part in message
    assert "\n" not in message


@pytest.mark.parametrize("key", ["host", "plan", "servers", "ceiling", "finished_at"])
def test_a_manifest_without_a_key_is_refused(whole, key):
    del whole[key]
    with pytest.raises(RunError, match=rf"run\.json: .* missing required field `{key}`"):
        check_manifest(whole, "run.json")


@pytest.mark.parametrize(
    ("change", "misfit"),
    [
        (
            {"plan": {"steps": [10, "100"]}},
            r"Expected `int`, got `str` - at `\$\.plan\.steps\[1\]`",
        ),
        ({"plan": {"steps": [-1]}}, "Expected `int` >= 0 .*steps.*"),
        ({"plan": {"profile": {"window-s": 2.0**63}}}, "Expected `float` < .*window-s`"),
        ({"slo_p99_ms": 0}, r"Expected `float` > 0\.0 - at `\$\.slo_p99_ms`"),
        ({"slo_p99_ms": float("nan")}, ".*slo_p99_ms`"),
        ({"servers": [{"label": None}]}, r"Expected `str`, got `null` - .*servers\[0\]\.label`"),
        ({"servers": [{"command": [1]}]}, r".*servers\[0\]\.command.*"),
        ({"host": {"a\nb": []}}, r"Expected .*, got `array` - at `\$\.host.*`"),
        ({"host": {"memory_bytes": 10**400}}, r"Number out of range - at `\$\.host.*`"),
        ({"cpu_split": {"server": 1}}, "Expected `array`, got `int` .*cpu_split.*"),
        ({"ceiling": 5}, r"Expected `array \| null`, got `int` - at `\$\.ceiling`"),
        ({"ceiling": [{}]}, r".* field `connections` - at `\$\.ceiling\[0\]`"),
        ({"warnings": ["fire"]}, r"Expected `object`, got `str` - at `\$\.warnings\[0\]`"),
    ],
)
def test_a_part_that_a_report_cannot_read_is_named(whole, change, misfit):
    with pytest.raises(RunError, match=f"^here/run.json: {misfit}$"):
        check_manifest(whole | change, "here/run.json")


def test_a_claim_in_an_unknown_unit_is_named(whole):
    figure = {"says": "x", "measure": "response_p50_ms", "server": "threaded", "value": 1}
    figure |= {"unit": "parsec", "workload": "paced"}
    claim = {"title": "A", "source": "b", "figures": [figure]}
    with pytest.raises(RunError, match=r"unit: 'parsec' is not known here; there are ns, us, ms"):
        check_manifest(whole | {"plan": whole["plan"] | {"claims": [claim]}}, "run.json")
