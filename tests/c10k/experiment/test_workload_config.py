"""Workloads of one's own: as tables, as text, and back as what the command line takes."""

import dataclasses
import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from c10k.experiment import manifest
from c10k.experiment.rate_sweep import NAMED_WORKLOADS
from c10k.experiment.workload_config import arguments_of, own_workload, paced, sized, table_of
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


def test_every_key_is_heard():
    load = own_workload(FULL, "x")
    assert dataclasses.replace(load, summary="") == Workload(
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
    assert own_workload(raw, "x") == Workload(
        "r", protocol="raw", send="a\r\n", expect_bytes=7, summary="pings"
    )
    assert own_workload({"name": "h", "protocol": "http", "path": "/x"}, "x").path == "/x"


@pytest.mark.parametrize(
    ("table", "message"),
    [
        ({}, "x: a workload needs a name of up to 40 letters"),
        ({"name": 3}, "x: a workload needs a name"),
        ({"name": "../../etc", "rate": 1}, "x: a workload needs a name"),
        ({"name": "a" * 41, "rate": 1}, "x: a workload needs a name"),
        ({"name": "a|b", "rate": 1}, "x: a workload needs a name"),
        ({"name": "paced", "rate": 1}, "x: 'paced' is a workload of c10k's own"),
        ({"name": "ceiling", "rate": 1}, "x: 'ceiling' is a workload of c10k's own"),
        ({"name": "m", "rat": 1}, "x: m: there is no such key as 'rat': did you mean 'rate'?"),
        ({"name": "m", "rate": 0}, "x: m: the rate a connection must be from"),
        ({"name": "m", "rate": float("nan")}, "x: m: the rate a connection must be from"),
        ({"name": "m", "rate": float("inf")}, "x: m: the rate a connection must be from"),
        ({"name": "m", "rate": True}, "x: m: rate must be a number, not True"),
        ({"name": "m", "rate": [1]}, "x: m: rate must be a number, not [1]"),
        ({"name": "m", "size": 10**400}, "x: m: the message size must be from 1"),
        ({"name": "m", "size": 1.5}, "x: m: size must be a whole number, not 1.5"),
        ({"name": "m", "size": "64q"}, "x: m: size: a size is a number of bytes"),
        ({"name": "m", "handler": "nap:5ms"}, "x: m: a handler is none, sleep:5ms or cpu:5ms"),
        ({"name": "m", "timeout": "soon"}, "x: m: timeout: a duration is a number"),
        ({"name": "m", "timeout": 0}, "x: m: a timeout must be above 0"),
        ({"name": "m", "active": "0%"}, "x: m: the active share must be above 0"),
        ({"name": "m", "protocol": "smtp"}, "x: m: no protocol 'smtp'; there are echo, http"),
        ({"name": "m", "path": "/x"}, "x: m: path is not for the protocol echo"),
        ({"name": "m", "protocol": "http", "size": 9}, "x: m: size is not for the protocol http"),
        ({"name": "m", "protocol": "raw", "send": "x"}, "x: m: the protocol raw needs expect"),
        ({"name": "m", "protocol": "download"}, "x: m: the protocol download needs expect"),
        ({"name": "m", "arrivals": "poisson"}, "x: m: arrivals need a rate"),
        ({"name": "m", "rate": 1, "seed": 3}, "x: m: a seed is of poisson arrivals"),
        ({"name": "m", "summary": 3}, "x: m: summary must be text, not 3"),
    ],
)
def test_what_is_wrong_is_named_with_its_key(table, message):
    with pytest.raises(ValueError, match="x: ") as caught:
        own_workload(table, "x")
    assert str(caught.value).startswith(message)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("text", ["m,rate", "m,rate=", "m,=5", "m,rate=1,rate=2", "m,name=x", "m,"])
def test_text_that_is_no_table(text):
    with pytest.raises(ValueError, match=r"NAME,key=value|no such key as ''"):
        own_workload(table_of(text), "x")


def test_the_commands_line_asks_for_the_same_workload_again():
    assert arguments_of(WORKLOADS["game"]) == ["--workload", "game"]
    assert arguments_of(sized(WORKLOADS["game"], 4096)) == [
        *("--workload", "game", "--size", "4096")
    ]
    assert sized(WORKLOADS["game"], 4096).summary == "10 messages/s a client; messages of 4 KB"
    assert sized(WORKLOADS["download"], 4096) == WORKLOADS["download"]
    assert arguments_of(paced(0.5)) == ["--workload", "rate_0.5,rate=0.5"]


ECHO = st.fixed_dictionaries({"size": st.integers(1, 1 << 24)})
RAW = st.fixed_dictionaries(
    {
        "protocol": st.just("raw"),
        "send": st.text(st.characters(max_codepoint=255), min_size=1, max_size=20),
        "expect": st.integers(1, 1 << 30),
    }
)
ANY = st.fixed_dictionaries(
    {"name": st.from_regex(r"own_[\w.-]{0,30}", fullmatch=True)},
    optional={
        "rate": st.integers(1, 10**9).map(lambda millionths: millionths / 1000),
        "active": st.integers(1, 1000).map(lambda thousandths: thousandths / 1000),
        "messages-per-connection": st.integers(1, 1000),
        "handler": st.sampled_from(["none", "sleep:5ms", "cpu:250us"]),
        "timeout": st.integers(1, 9999).map(lambda hundredths: hundredths / 100),
    },
)


@settings(deadline=None, max_examples=40)
@given(ANY, st.one_of(ECHO, RAW, st.just({"protocol": "http", "path": "/a,b=c?d"})))
def test_a_workload_survives_the_command_line_and_run_json(table, protocol):
    load = own_workload({**table, **protocol}, "x")
    _, text = arguments_of(load)
    again = own_workload(table_of(text) if "," in text else {"name": text}, "x")
    assert dataclasses.replace(again, path=load.path, summary=load.summary) == load
    assert again.path == load.path.replace(",", "%2C")
    written = json.loads(json.dumps(manifest.workload_described(load)))
    assert manifest.workload_of(written) == load


def test_no_name_of_our_own_can_be_taken():
    assert {"paced", "saturated", "map_1"} <= NAMED_WORKLOADS.keys()
