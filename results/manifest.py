"""The description of a run, run.json: what its keys hold, and its checks."""

from collections.abc import Mapping
from typing import Any, Final

from c10k.results.schema import RunError
from c10k.results.shape import COUNT, FACT, NUMBER, POSITIVE, TEXT, WORDS, Shape, misfits

RUN_SCHEMA: Final = "c10k.run/1"

_KEYS: Final[Mapping[str, tuple[type, ...]]] = {
    "schema": (str,),
    "created_at": (str,),
    "c10k_version": (str,),
    "commit": (str, type(None)),
    "argv": (list,),
    "plan": (dict,),
    "servers": (list,),
    "workloads": (list,),
    "host": (dict,),
    "versions": (dict,),
    "cpu_split": (dict, type(None)),
    "ceiling": (list, type(None)),
    "limits": (dict,),
    "warnings": (list,),
    "finished_at": (str, type(None)),
    "interrupted": (bool,),
}
"""The keys and their JSON types; times are ISO 8601 with an offset.

ceiling: null until it is measured, then a mapping of connections, size_bytes, messages_per_s,
loader_cpu_us_per_message and loader_cpu_cores a number of connections and size of messages.
"""

_FACTS: Final[Shape] = {"*": FACT}
_CONTENTS: Final[Shape] = {
    "argv?": [TEXT],
    "servers?": [
        {
            **dict.fromkeys(("label?", "name?", "model?", "language?", "protocol?"), TEXT),
            "command?": WORDS,
            "definition?": TEXT,
            "limits?": {"*": NUMBER},
        }
    ],
    "workloads?": [{"name?": TEXT, "summary?": TEXT, "active?": NUMBER, "arguments?": [TEXT]}],
    "left_out?": [TEXT],
    "plan?": {
        "servers?": [{"server?": TEXT, "workloads?": [TEXT], "steps?": [COUNT]}],
        "steps?": [COUNT],
        "profile?": {
            "name?": TEXT,
            **dict.fromkeys(("repeats?", "windows?"), COUNT),
            **dict.fromkeys(("window-s?", "warmup-s?", "warmup-limit-s?"), NUMBER),
        },
        "techniques?": [
            {**dict.fromkeys(("name", "with", "without", "claim?"), TEXT), "workloads": [TEXT]}
        ],
    },
    "mapped?": [TEXT],
    "slo_p99_ms?": POSITIVE,
    "host?": _FACTS,
    "versions?": _FACTS,
    "cpu_split?": {"*": [COUNT]},
    "ceiling?": [
        {
            **dict.fromkeys(("connections", "size_bytes", "messages_per_s"), NUMBER),
            **dict.fromkeys(("loader_cpu_us_per_message", "loader_cpu_cores"), NUMBER),
        }
    ],
    "limits?": _FACTS,
    "warnings?": [{"message?": TEXT, "remedy?": TEXT}],
    "max_connections?": [dict.fromkeys(("server", "workload", "why"), TEXT)],
}
"""What a report reads of these keys, and of those that only some runs have."""


def check_manifest(manifest: object, source: str) -> dict[str, Any]:
    """The manifest; RunError when it is none, lacks a key, or is of another schema version."""
    if not isinstance(manifest, dict) or "schema" not in manifest:
        raise RunError(f"{source} is not the description of a run: it names no schema")
    schema, writer = manifest["schema"], manifest.get("c10k_version", "unknown")
    if schema != RUN_SCHEMA:
        raise RunError(
            f"{source} is of schema {schema!r:.60} and only {RUN_SCHEMA!r} is known here: read it "
            f"with the c10k that wrote it ({writer!s:.20}), or measure again with this one"
        )
    for key, types in _KEYS.items():
        if not isinstance(manifest.get(key), types):
            names = " or ".join("null" if kind is type(None) else kind.__name__ for kind in types)
            raise RunError(f"{source}: {key} is missing or not of type {names}")
    return manifest


def check_contents(manifest: Mapping[str, Any], source: str) -> None:
    """RunError when a part of the manifest that a report reads is not what it should be."""
    told = {key: value for key, value in manifest.items() if value is not None}
    if misfit := next(misfits(told, _CONTENTS), None):
        raise RunError(f"{source}: {misfit}")
