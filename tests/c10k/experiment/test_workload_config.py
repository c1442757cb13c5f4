"""Workloads of one's own: as tables, as text, and back as what the command line takes."""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec import convert, to_builtins
from msgspec.structs import replace

from c10k.experiment.rate_sweep import NAMED_WORKLOADS
from c10k.experiment.workload_config import arguments_of, from_text, own_workload, paced, sized
from c10k.loadgen.workload import WORKLOADS, Workload

FULL = {
    "name": "mine",
    "rate": "1.5k",
    "arrivals": "poisson",
    "seed": 7,
    "active": "10%",
    "messages-per-connection": "1,000",
    "size": "64k",
    "handler": "sleep:5ms",
    "timeout": "250ms",
    "connect-timeout": 2,
}


def test_every_key_takes_effect():
    load = own_workload(FULL)
    assert replace(load, summary="") == Workload(
        "mine",
        rate_per_connection=1500,
        arrivals="poisson",
        seed=7,
        active=0.1,
        messages_per_connection=1000,
        size_bytes=65536,
        handler="sleep:5ms",
        timeout_s=0.25,
        connect_timeout_s=2,
    )
    assert load.summary == (
        "1500 messages/s per client, Poisson arrivals; 10% of the clients send; 1,000 messages per "
        "connection; messages of 64 KB; the server works on each: sleep:5ms; timeout 0.25 s"
    )
    raw = {"name": "r", "protocol": "raw", "send": "a\r\n", "expect": 7, "summary": "pings"}
    assert own_workload(raw) == Workload(
        "r", protocol="raw", send="a\r\n", expect_bytes=7, summary="pings"
    )
    assert own_workload({"name": "h", "protocol": "http", "path": "/x"}).path == "/x"
    assert own_workload({"name": "one", "rate": 1}).summary == "1 message/s per client"


@pytest.mark.parametrize(
    ("table", "message"),
    [
        ({}, "a workload needs a name of up to 40 letters"),
        ({"name": 3}, "a workload needs a name"),
        ({"name": "../../etc", "rate": 1}, "a workload needs a name"),
        ({"name": "a" * 41, "rate": 1}, "a workload needs a name"),
        ({"name": "a|b", "rate": 1}, "a workload needs a name"),
        ({"name": "paced", "rate": 1}, "'paced' is a workload of c10k's own"),
        ({"name": "ceiling", "rate": 1}, "'ceiling' is a workload of c10k's own"),
        (
            {"name": "m", "rat": 1},
            "m: rat: there is no such key: did you mean 'rate'? Known: name, rate,",
        ),
        ({"name": "m", "rate": 0}, "m: rate: must be from 0.000001 to 1,000,000/s"),
        ({"name": "m", "rate": float("nan")}, "m: rate: must be from 0.000001 to 1,000,000/s"),
        ({"name": "m", "rate": [1]}, "m: rate: must be a number, not [1]"),
        ({"name": "m", "size": 10**400}, "m: size: must be from 1 to 16,777,216 bytes"),
        ({"name": "m", "size": 1.5}, "m: size: must be a whole number, not 1.5"),
        ({"name": "m", "size": "64q"}, "m: size: a size is a number of bytes"),
        ({"name": "m", "handler": "nap:5ms"}, "m: a handler is none, sleep:5ms or cpu:5ms"),
        ({"name": "m", "timeout": 0}, "m: timeout: must be above 0 and at most 86,400 s"),
        ({"name": "m", "active": "0%"}, "m: active: must be above 0 and at most 1"),
        (
            {"name": "m", "protocol": "smtp"},
            "m: protocol: must be download or echo or http or raw or websocket, not 'smtp'",
        ),
        ({"name": "m", "path": "/x"}, "m: path is for http and websocket; this is echo"),
        (
            {"name": "m", "protocol": "http", "size": 9},
            "m: size is for echo and websocket; this is http",
        ),
        ({"name": "m", "protocol": "raw", "send": "x"}, "m: protocol raw needs expect"),
        ({"name": "m", "protocol": "download"}, "m: protocol download needs expect"),
        (
            {"name": "m", "arrivals": "poisson"},
            "m: arrivals needs rate: a closed loop has no schedule",
        ),
        (
            {"name": "m", "rate": 1, "seed": 3},
            "m: seed is for arrivals poisson: evenly spread ones have none",
        ),
        ({"name": "m", "summary": 3}, "m: summary: must be text, not 3"),
    ],
)
def test_what_is_wrong_is_named_with_its_key(table, message):
    with pytest.raises(ValueError, match=r"^[ma.']") as caught:
        own_workload(table)
    assert str(caught.value).startswith(message)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("text", ["m,rate", "m,rate=", "m,=5", "m,rate=1,rate=2", "m,name=x", "m,"])
def test_text_that_is_no_table(text):
    with pytest.raises(ValueError, match=r"NAME,key=value|there is no such key"):
        from_text(text)


def test_the_commands_line_asks_for_the_same_workload_again():
    assert arguments_of(WORKLOADS["game"]) == ["--workload", "game"]
    assert arguments_of(sized(WORKLOADS["game"], 4096)) == [
        *("--workload", "game", "--size", "4096")
    ]
    assert sized(WORKLOADS["game"], 4096).summary == "10 messages/s per client; messages of 4 KB"
    assert sized(WORKLOADS["download"], 4096) == WORKLOADS["download"]
    assert arguments_of(paced(0.5)) == ["--workload", "rate_0.5,rate=0.5"]


ECHO = st.fixed_dictionaries({"size": st.integers(1, 1 << 24)})
RAW = st.fixed_dictionaries(
    {
        "protocol": st.just("raw"),
        "send": st.binary(min_size=1, max_size=20).map(lambda sent: sent.decode("latin-1")),
        "expect": st.integers(1, 1 << 30),
    }
)
HTTP = st.just({"protocol": "http", "path": "/a,b=c?d"})
WEBSOCKET = st.just({"protocol": "websocket", "path": "/a,b=c?d", "size": 200})
ANY = st.fixed_dictionaries(
    {"name": st.text("aZé7_.-", max_size=30).map("own_".__add__)},
    optional={
        "rate": st.integers(1, 10**9).map(lambda millionths: millionths / 1000),
        "active": st.integers(1, 1000).map(lambda thousandths: thousandths / 1000),
        "messages-per-connection": st.integers(1, 1000),
        "handler": st.sampled_from(["none", "sleep:5ms", "cpu:250us"]),
        "timeout": st.integers(1, 9999).map(lambda hundredths: hundredths / 100),
    },
)


@settings(deadline=None, max_examples=40)
@given(ANY, st.one_of(ECHO, RAW, HTTP, WEBSOCKET))
def test_a_workload_survives_the_command_line_and_run_json(table, protocol):
    load = own_workload({**table, **protocol})
    _, text = arguments_of(load)
    again = from_text(text) if "," in text else own_workload({"name": text})
    assert replace(again, path=load.path, summary=load.summary) == load
    assert again.path == load.path.replace(",", "%2C")
    assert convert(json.loads(json.dumps(to_builtins(load))), Workload) == load


def test_no_name_of_our_own_can_be_taken():
    assert {"paced", "saturated", "map_1"} <= NAMED_WORKLOADS.keys()
