import json
import sys
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec import to_builtins

from c10k.experiment import manifest
from c10k.experiment.config import content_of, found_interpreters, overridden, plan_of
from c10k.experiment.feasibility import feasible
from c10k.experiment.plan import DEFAULT_SERVERS, DEFAULT_STEPS, DEFAULT_WORKLOADS
from c10k.experiment.profile import PROFILES
from c10k.loadgen.workload import WORKLOADS

EXPERIMENTS = Path(__file__).parents[3] / "experiments"


def where(key):
    return f"x.toml: {key}"


@pytest.mark.parametrize("name", ["chapter", "c10k", "techniques", "tls", "python", "tables"])
def test_the_experiments_that_are_shipped_are_right(name, monkeypatch):
    monkeypatch.setenv("PATH", "")  # or each interpreter that is found were started
    asked = plan_of(content_of(EXPERIMENTS / f"{name}.toml"), where)
    assert asked.servers or asked.techniques
    assert all(technique.claim for technique in asked.techniques)


def test_nothing_asked_for_is_the_chapters_pair():
    asked = plan_of({}, where)
    assert tuple(each.server for each in asked.servers) == DEFAULT_SERVERS
    assert tuple(load.name for load in asked.workloads) == DEFAULT_WORKLOADS
    assert (asked.steps, asked.profile) == (DEFAULT_STEPS, PROFILES["standard"])
    assert (asked.fit, asked.find_max, asked.slo, asked.p99_ms) == (
        False,
        False,
        (),
        100.0,
    )
    assert all(each.steps == DEFAULT_STEPS for each in asked.servers)


def test_every_key_takes_effect():
    asked = plan_of(
        {
            "servers": ["threaded", {"server": "threaded,limit=as:4g", "steps": [5, 50]}],
            "workloads": ["game", "churn"],
            "steps": [10, 20],
            "profile": "quick",
            "duration": 3,
            "repeat": 7,
            "fit": True,
            "find-max": True,
            "slo-p99": 250,
            "techniques": [
                {
                    "name": "stacks",
                    "with": "threaded,stack=256k",
                    "without": "threaded",
                    "steps": [5, 10],
                    "claim": "buffer pool",
                }
            ],
        },
        where,
    )
    assert {each.server: each.steps for each in asked.servers} == {
        "threaded": (10, 20),
        "threaded,limit=as:4g": (5, 50),
        "threaded,stack=256k": (5, 10),
    }
    assert [load.name for load in asked.workloads] == ["game", "churn"]
    assert asked.steps == (5, 10, 20, 50)
    assert (asked.profile.window_s, asked.profile.repeats) == (3, 7)
    assert (asked.fit, asked.find_max, asked.slo_p99_ms) == (True, True, 250.0)
    (technique,) = asked.techniques
    assert technique.sides == ("threaded,stack=256k", "threaded")
    assert technique.workloads == ("game", "churn")
    assert technique.steps == (5, 10)


def test_quantities_are_written_as_people_write_them():
    asked = plan_of(
        {"steps": ["10", 100, "1k"], "duration": "1m30s", "repeat": "3", "slo-p99": "50ms"}, where
    )
    assert asked.steps == (10, 100, 1000)
    assert (asked.profile.window_s, asked.profile.repeats) == (90, 3)
    assert asked.p99_ms == 50.0
    assert plan_of({"steps": "10,1k"}, where).steps == (10, 1000)
    assert plan_of({"slo-p99": "12.5"}, where).slo_p99_ms == 12.5


def test_workloads_of_ones_own_stand_beside_those_that_are_built_in():
    content = {
        "workloads": ["paced", {"name": "mine", "rate": 5}, "other,size=4k", {"name": "game"}],
        "rate": ["2", 1.5],
        "size": "1k",
        "techniques": [{"name": "a", "with": "threaded", "without": "splice"}],
        "servers": ["threaded"],
    }
    asked = plan_of(content, where)
    assert [load.name for load in asked.workloads] == [
        *("paced", "mine", "other", "game", "rate_2", "rate_1.5")
    ]
    assert [load.size_bytes for load in asked.workloads] == [1024, 1024, 4096, 1024, 1024, 1024]
    assert asked.techniques[0].workloads == tuple(load.name for load in asked.workloads)
    plan, _ = feasible(asked)
    assert {load.name: load.size_bytes for load in plan.workloads} == {
        load.name: load.size_bytes for load in asked.workloads
    }
    assert [load.name for load in plan_of({"rate": 5}, where).workloads] == ["rate_5"]


def test_a_map_and_techniques_have_the_size_that_is_asked_for():
    content = {
        "servers": ["threaded"],
        "workloads": ["saturated"],
        "map": True,
        "size": 256,
        "steps": [1, 2],
        "techniques": [
            {
                "name": "a",
                "with": "threaded,stack=64k",
                "without": "threaded",
                "workloads": ["game"],
            }
        ],
    }
    plan, _ = feasible(plan_of(content, where))
    assert {load.size_bytes for load in plan.workloads} == {256}
    assert {"map_1", "game", "saturated"} <= {load.name for load in plan.workloads}


def test_a_workload_has_steps_of_its_own_unless_steps_are_asked_for():
    own = [{"name": "game", "steps": [1, "1k"]}, {"name": "mine", "rate": 5, "steps": [1]}, "churn"]
    content = {"workloads": own, "steps": [1, 10, 1000]}

    def steps(asked):
        (server, _) = asked.servers
        return {load.name: asked.steps_of(server, load) for load in asked.workloads}

    assert steps(plan_of(content, where)) == {
        "game": (1, 1000),
        "mine": (1,),
        "churn": (1, 10, 1000),
    }
    written = json.loads(json.dumps(to_builtins(plan_of(content, where))))
    assert manifest.plan_of({"plan": written}) == plan_of(content, where)
    asked = plan_of(overridden(content, {"steps": "7,8"}), where)
    assert steps(asked) == dict.fromkeys(["game", "mine", "churn"], (7, 8))
    asked = plan_of(overridden(content, {"workloads": ["game"]}), where)
    assert steps(asked) == {"game": (1, 1000)}


def test_commands_alone_are_all_that_is_measured():
    command = f"mine={sys.executable} echo.py {{port}}"
    asked = plan_of({"commands": [command]}, where)
    assert [each.server for each in asked.servers] == ["mine"]
    both = plan_of({"commands": [command], "servers": ["threaded"]}, where)
    assert [each.server for each in both.servers] == ["threaded", "mine"]


def test_techniques_alone_bring_their_own_servers():
    asked = plan_of(
        {"techniques": [{"name": "a", "with": "threaded", "without": "threaded"}]}, where
    )
    assert [(each.server, each.for_techniques) for each in asked.servers] == [("threaded", True)]
    assert tuple(load.name for load in asked.workloads) == DEFAULT_WORKLOADS


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ({"server": ["threaded"]}, "server: there is no such key: did you mean 'servers'?"),
        ({"servers": "threaded"}, "servers: must be a list"),
        ({"servers": [3]}, "servers: must be text or a table, not 3"),
        ({"servers": ["treaded"]}, "servers: no server is called 'treaded': did you mean"),
        ({"servers": ["threaded", "threaded"]}, "servers: server 'threaded' is given twice"),
        ({"servers": [{"step": [1]}]}, "servers: step: there is no such key: did you mean"),
        ({"servers": [{"steps": [1]}]}, "servers: needs server"),
        (
            {"servers": [{"server": "threaded", "steps": [2, 1]}]},
            "servers: steps: must be ascending positive numbers, such as",
        ),
        ({"commands": ["./mine {port}"]}, "commands: a command is NAME=COMMAND LINE"),
        ({"workloads": ["heavy"]}, "workloads: unknown workload 'heavy'; there are paced"),
        ({"workloads": ["game", "game"]}, "workloads: workload 'game' is given twice"),
        ({"steps": [10, 5]}, "steps: must be ascending positive numbers, such as 10,100,1000;"),
        ({"steps": [1.5]}, "steps: must be a whole number, not 1.5"),
        ({"steps": {"n": 1}}, "steps: must be a list, not {'n': 1}"),
        ({"steps": [10**10]}, "steps: must be at most 1,000 steps of at most 1,000,000,000"),
        (
            {"steps": list(range(1, 1002))},
            "steps: must be at most 1,000 steps of at most 1,000,000,000",
        ),
        ({"steps": "9" * 5000}, "steps: must be at most 1,000 steps of at most 1,000,000,000"),
        ({"duration": "2h"}, "duration: must be above 0 and at most 3,600 s"),
        ({"duration": 10**400}, "duration: must be above 0 and at most 3,600 s"),
        ({"repeat": 10**9}, "repeat: must be from 1 to 1,000; got 1000000000"),
        ({"repeat": "many"}, "repeat: a count is a whole number"),
        ({"slo-p99": "fast"}, "slo-p99: a duration is a number"),
        ({"slo-p99": 10**400}, "slo-p99: must be above 0 and at most 3,600,000 ms"),
        ({"slo": "errors < 1"}, "slo: must be a list, not 'errors < 1'"),
        ({"slo": ["errors"]}, "slo: a threshold is a column, <, <=, > or >=, and a number"),
        ({"size": "1g"}, "size: must be from 1 to 16,777,216 bytes"),
        ({"rate": 0}, "rate: must be above 0 and at most 1,000,000 messages/s"),
        ({"rate": [1, "x"]}, "rate: a number has digits"),
        ({"rate": 1e-9}, "rate: "),
        ({"rate": [5, 5.0]}, "workloads: workload 'rate_5' is given twice"),
        ({"hold": 5}, "hold: there is no such key."),
        (
            {"workloads": [{"name": "m", "rat": 1}]},
            "workloads: m: rat: there is no such key: did you mean 'rate'?",
        ),
        ({"workloads": ["m,rate=1"] * 2}, "workloads: workload 'm' is given twice"),
        ({"workloads": [["paced"]]}, "workloads: must be text or a table, not ['paced']"),
        (
            {"workloads": [{"name": "game", "steps": [2, 1]}]},
            "workloads: game: steps: must be ascending positive numbers, such as",
        ),
        (
            {"workloads": [{"name": "game", "steps": [1, 7]}], "steps": [1, 10]},
            "workloads: game: steps: no server is measured at 7",
        ),
        ({"profile": "slow"}, "profile: must be quick, standard, thorough, not 'slow'"),
        ({"profile": ["quick"]}, "profile: must be text"),
        (
            {
                "profile": {
                    "name": "own",
                    "warmup-s": 2,
                    "warmup-limit-s": 1,
                    "windows": 1,
                    "window-s": 1,
                    "repeats": 1,
                }
            },
            "profile: warmup-s is longer than warmup-limit-s",
        ),
        ({"fit": "yes"}, "fit: must be true or false, not 'yes'"),
        ({"find_max": True}, "find_max: there is no such key: did you mean 'find-max'?"),
        ({"interpreters": "all"}, "interpreters: must be \"found\" or a list, not 'all'"),
        ({"techniques": {"name": "x"}}, "techniques: must be a list"),
        ({"techniques": ["x"]}, "techniques: must be a table, not 'x'"),
        ({"techniques": [{"name": "x"}]}, "techniques: needs with, without"),
        (
            {"techniques": [{"name": "x", "with": "threaded", "without": "no"}]},
            "techniques: x: no server is called 'no': did you mean 'node'?",
        ),
        (
            {
                "techniques": [
                    {"name": "x", "with": "threaded", "without": "threaded", "claim": "magic"}
                ]
            },
            "techniques: x: claim: must be threads on a loop, ",
        ),
        (
            {"techniques": [{"name": "x", "with": "threaded", "without": "threaded"}] * 2},
            "techniques: technique 'x' is given twice",
        ),
    ],
)
def test_what_is_wrong_is_named_with_its_key(content, message):
    with pytest.raises(ValueError, match=r"^x\.toml: ") as caught:
        plan_of(content, where)
    assert str(caught.value).startswith(f"x.toml: {message}")
    assert "\n" not in str(caught.value)


def test_a_file_that_is_not_toml_is_refused(tmp_path):
    with pytest.raises(ValueError, match=r"nowhere\.toml cannot be read: No such file"):
        content_of(tmp_path / "nowhere.toml")
    (tmp_path / "x.toml").write_bytes(b"steps = [10,")
    with pytest.raises(ValueError, match=r"x\.toml is not TOML"):
        content_of(tmp_path / "x.toml")
    (tmp_path / "x.toml").write_bytes(b'profile = "\xff"')
    with pytest.raises(ValueError, match=r"x\.toml is not TOML"):
        content_of(tmp_path / "x.toml")


def test_options_take_the_place_of_what_the_file_says():
    table = {"name": "x", "with": "a", "without": "b", "workloads": ["churn"]}
    file = {"steps": [1], "interpreters": "found", "servers": ["a"], "techniques": [table]}
    assert overridden(file, {}) == file
    assert overridden(file, {"steps": [2]}) == {**file, "steps": [2]}
    assert overridden(file, {"servers": ["b"]}) == {"steps": [1], "servers": ["b"]}
    assert overridden(file, {"commands": ["c"]}) == {"steps": [1], "commands": ["c"]}
    own = {"workloads": [{"name": "mine", "rate": 5}, "paced"], "rate": 3}
    assert overridden(own, {"workloads": ["game", "mine"]}) == {
        "workloads": ["game", {"name": "mine", "rate": 5}]
    }
    assert overridden(own, {"rate": ["7"]}) == {"rate": ["7"]}
    assert overridden(own, {"size": "1k"}) == {**own, "size": "1k"}
    changed = overridden(file, {"workloads": ["game"]})
    assert changed["workloads"] == ["game"]
    assert changed["techniques"] == [{"name": "x", "with": "a", "without": "b"}]


def test_a_server_is_measured_on_each_interpreter_that_is_asked_for():
    asked = plan_of(
        {"servers": ["threaded,stack=1m", "threaded,python=a"], "interpreters": ["b", "c"]}, where
    )
    assert [each.server for each in asked.servers] == [
        "threaded,stack=1m",
        "threaded,stack=1m,python=b",
        "threaded,stack=1m,python=c",
        "threaded,python=a",
    ]


def test_interpreters_are_found_by_running_them(tmp_path, monkeypatch):
    def program(name, script):
        (tmp_path / name).write_text(f"#!/bin/sh\n{script}\n")
        (tmp_path / name).chmod(0o755)

    program("python3.11", "echo 'version: command not found'; exit 127")  # a version manager's
    program("python3.12", f"echo '{sys.version}'")  # the one that runs this
    program("python3.13", "echo 'another one'")
    program("python3.14", "echo 'another one'")  # the same by another name
    program("pypy3", "echo 'a third'")
    monkeypatch.setenv("PATH", str(tmp_path))
    assert found_interpreters() == ("python3.13", "pypy3")


STEPS = st.lists(st.integers(1, 9_000), min_size=1, max_size=4, unique=True).map(sorted)
SERVERS = st.lists(
    st.sampled_from(["threaded", "threaded,stack=256k", "asyncio_streams"]), min_size=1, unique=True
)
CONTENT = st.fixed_dictionaries(
    {"servers": SERVERS},
    optional={
        "workloads": st.lists(
            st.sampled_from([name for name in WORKLOADS if name != "download"] + ["o,rate=5"]),
            min_size=1,
            unique=True,
        ),
        "size": st.sampled_from([64, 4096, "2k"]),
        "rate": st.lists(st.sampled_from([0.5, 20, "3"]), unique=True, min_size=1),
        "steps": STEPS,
        "profile": st.sampled_from(list(PROFILES)),
        "duration": st.integers(1, 3600),
        "repeat": st.integers(1, 9),
        "find-max": st.booleans(),
        "slo": st.just(["errors < 1", "threads{server=threaded} >= 1.5"]),
        "slo-p99": st.integers(1, 10_000),
        "techniques": st.just(
            [
                {
                    "name": "x",
                    "with": "threaded,stack=64k",
                    "without": "threaded",
                    "claim": "zero copy",
                    "steps": [1, 3],
                }
            ]
        ),
    },
)


@given(CONTENT)
@settings(deadline=None, max_examples=15)
def test_a_file_its_run_and_the_run_resumed_have_the_same_plan(tmp_path_factory, content):
    file = tmp_path_factory.mktemp("experiment") / "x.toml"
    file.write_text("".join(f"{key} = {_toml(value)}\n" for key, value in content.items()))
    assert content_of(file) == content
    plan, left_out = feasible(plan_of(content_of(file), where))
    assert left_out == []
    written = json.loads(json.dumps(to_builtins(plan)))
    again = manifest.plan_of({"plan": written})
    assert again == plan
    assert again.time() == plan.time()


def _toml(value):
    """The JSON of a value without tables is TOML."""
    if isinstance(value, list) and value and isinstance(value[0], dict):
        tables = (", ".join(f"{k} = {_toml(v)}" for k, v in table.items()) for table in value)
        return "[" + ", ".join(f"{{{table}}}" for table in tables) + "]"
    return json.dumps(value)
