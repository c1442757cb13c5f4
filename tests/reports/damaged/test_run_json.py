"""A description of a run that holds what no run writes."""

import json

import pytest

from c10k.results.manifest import RUN_SCHEMA, check_manifest
from tests.reports.damaged.conftest import (
    ABSENT,
    HOSTILE,
    page_of,
    refusal_of,
    said,
)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"5", "run.json is not the description of a run: it names no schema"),
        (b'"schema"', "run.json is not the description of a run: it names no schema"),
        (b"\xff{}", "run.json is not JSON"),
        (b"[" * 100_000, "run.json is not JSON: maximum recursion depth exceeded"),
        (b"9" * 5_000, "run.json is not JSON"),
        (rb'{"schema": "\ud800"}', "run.json is not JSON"),
        (b'{"schema": NaN}', "run.json is not JSON"),
        (
            b'{"schema": "c10k.run/1", "c10k_version": "9"}',
            "read it with the c10k that wrote it (9",
        ),
        (b'{"schema": "c10k.load/1"}', "is of schema 'c10k.load/1'"),
        (b'{"schema": "<script>\\n"}', "is of schema '<script>"),
        (b'{"schema": null}', "is of schema None"),
        (json.dumps({"schema": RUN_SCHEMA}).encode(), "missing required field `created_at`"),
    ],
)
def test_a_file_that_describes_no_run_is_refused(run, content, message):
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


def is_accepted(manifest):
    refused = said(check_manifest, manifest, "run.json")
    assert refused.startswith("run.json") or not refused
    return not refused


WRONG = (ABSENT, None, HOSTILE, [], {HOSTILE: [{}]}, 0, 1e18)


@pytest.mark.system
@pytest.mark.parametrize("wrong", WRONG, ids=lambda wrong: repr(wrong)[:20])
def test_no_value_in_run_json_raises_a_traceback(sound, run, request, wrong):
    """In all keys at once where it is accepted alone; lists and objects keep what they hold."""
    request.getfixturevalue("undrawn" if wrong == 1e18 else "unpictured")
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
