"""The agent answers what its protocol has, and nothing else."""

import os

import pytest

from c10k.remote.agent import REQUESTS, TREE, Agent
from c10k.remote.lines import Lines


@pytest.fixture
def agent(tmp_path):
    ends = os.pipe()
    yield Agent(Lines(*ends), tmp_path)
    for end in ends:
        os.close(end)


@pytest.mark.parametrize(
    "name",
    ["__init__.__globals__.keys", "__class__", "_objects", "handle", "describe.__func__", ""],
)
def test_a_request_reaches_what_is_listed_alone(agent, name):
    answer = agent.handle({"id": 1, "of": 0, "name": name, "args": [], "kwargs": {}})
    assert answer["error"] == "LookupError"
    assert "result" not in answer


def test_what_is_listed_is_there(agent):
    for kind, names in REQUESTS.items():
        for name in names.difference(TREE):  # which is there once it is watched
            assert hasattr(kind, name), (kind, name)
    answer = agent.handle({"id": 7, "of": 0, "name": "now_ns", "args": [], "kwargs": {}})
    assert answer["id"] == 7
    assert answer["result"] > 0
