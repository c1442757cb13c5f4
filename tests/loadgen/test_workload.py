import sys
import typing

import pytest

from c10k.loadgen.workload import LARGEST_MESSAGE, WORKLOADS, Workload


@pytest.mark.parametrize(
    "figures",
    [
        *({"rate_per_connection": rate} for rate in (0, 1e-12, -1, float("nan"))),
        {"arrivals": "bursts"},
        {"seed": -1},
        *({"size_bytes": size} for size in (0, LARGEST_MESSAGE + 1)),
        {"timeout_s": 0},
        {"connect_timeout_s": float("nan")},
    ],
)
def test_what_cannot_be_driven_is_refused(figures):
    with pytest.raises(ValueError, match=r"Expected|Invalid"):
        Workload("odd", **figures)


def test_a_workload_is_checked_without_a_call_back_into_python():
    """msgspec loses what typing's __hash__ raises, a Ctrl-C too, where it reads types anew."""
    called = []
    sys.setprofile(lambda frame, event, _: event == "call" and called.append(frame.f_code))
    try:
        Workload("any", rate_per_connection=5.0)
    finally:
        sys.setprofile(None)
    assert called
    assert not [code for code in called if code.co_filename == typing.__file__]


@pytest.mark.parametrize(
    ("timeout_s", "connect_timeout_s", "sweep_s"),
    [(30, 10, 0.1), (90, 90, 0.1), (1, 10, 0.01), (10, 2, 0.02), (0.001, 10, 0.001)],
)
def test_time_outs_are_looked_for_often_enough_to_end_on_time(
    timeout_s, connect_timeout_s, sweep_s
):
    workload = Workload("impatient", timeout_s=timeout_s, connect_timeout_s=connect_timeout_s)
    assert workload.sweep_s == pytest.approx(sweep_s)


def test_the_named_workloads_say_what_they_are():
    assert list(WORKLOADS) == [
        *("paced", "saturated", "game", "mostly_idle"),
        *("work_sleep", "work_cpu", "churn", "download"),
    ]
    assert all(workload.summary for workload in WORKLOADS.values())
    idle, paced = WORKLOADS["mostly_idle"], WORKLOADS["paced"]
    assert (paced.loop, WORKLOADS["saturated"].loop) == ("open", "closed")
    assert idle.active_of(10_000) == 1_000
    assert idle.rate_per_connection * 1_000 == paced.rate_per_connection * 10_000


def test_an_echo_load_goes_over_other_protocols_at_the_same_rates():
    http = WORKLOADS["game"].over("http", {"path": "/x"})
    assert (http.protocol, http.path, http.rate_per_connection) == ("http", "/x", 10.0)
    raw = WORKLOADS["churn"].over("raw", {"send": "PING\r\n", "expect_bytes": 7})
    assert (raw.send, raw.message_bytes, raw.messages_per_connection) == ("PING\r\n", 7, 1)
    assert (http.message_bytes, WORKLOADS["game"].message_bytes) == (0, 64)
    websocket = WORKLOADS["game"].over("websocket", {"path": "/chat"})
    assert (websocket.path, websocket.message_bytes, websocket.loop) == ("/chat", 64, "open")
    assert WORKLOADS["download"].message_bytes == 1024**2
    assert WORKLOADS["paced"].over("echo", {}) == WORKLOADS["paced"]
    assert WORKLOADS["download"].over("download", {}) == WORKLOADS["download"]


@pytest.mark.parametrize(("name", "protocol"), [("paced", "download"), ("download", "echo")])
def test_a_load_that_a_protocol_cannot_carry_is_refused(name, protocol):
    with pytest.raises(ValueError, match="for servers that speak"):
        WORKLOADS[name].over(protocol, {})
