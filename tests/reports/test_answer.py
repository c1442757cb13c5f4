"""The sentences change when the data does."""

import re

import pytest

from c10k.reports.answer import answer
from c10k.reports.summary import markdown, terminal_summary
from tests.reports.synthetic import MODELS

ALIKE = {
    "rss_bytes": 9e6,
    "median_ms": 1.0,
    "sigma": 0.2,
    "cpu_us": 20.0,
    "messages_per_s": 5_000.0,
    "starved": 0,
}


def _each_alike(**threads):
    def change(behaviour):
        vars(behaviour).update(ALIKE, rss_bytes=9e6 + 4096 * behaviour.connections)
        if behaviour.server == "threaded":
            vars(behaviour).update(threads)
            if "rss_a_connection" in threads:
                behaviour.rss_bytes = 9e6 + threads["rss_a_connection"] * behaviour.connections

    return change


def test_the_answer_names_what_the_event_loop_wins_on(make):
    told = answer(make(steps=(10, 1_000, 10_000), windows=2))
    assert told.headline.startswith("At 10,000 clients the event loop wins on memory, CPU")
    assert "No clear difference in response time at 1 message/s" in told.also
    memory = told.cards[0]
    assert (memory.figure, memory.words) == ("9.2×", "as much with threads")
    assert memory.claim == "2,048× (8,192 KB against 4 KB)"
    text = " ".join(told.sentences)
    assert "Threads leave some of 10,000 connections without any echo" in text
    assert "window: 6,500 saturated." in text
    assert "where the chapter says 200 ms and 15 ms" in text
    assert re.search(r"; that is 38 % and 3[34] % of what this loader can drive here\.", text)
    assert [symbol for symbol, _ in told.footnotes] == ["§"]


@pytest.mark.parametrize(
    ("threads", "headline", "also"),
    [
        ({}, "there is no clear difference between threads and the event loop.", ""),
        (
            {"cpu_us": 5.0, "median_ms": 0.4, "messages_per_s": 9_000.0, "rss_a_connection": 512},
            "threads win everywhere: memory, CPU, response time at 1 message/s, throughput when "
            "saturated and tail latency when saturated.",
            "",
        ),
        (
            {"cpu_us": 5.0, "median_ms": 3.0},
            "the event loop wins on response time at 1 message/s and tail latency when saturated; "
            "threads on CPU.",
            "No clear difference in memory and throughput when saturated",
        ),
        (
            {"messages_per_s": 9_000.0, "starved": 400, "starved_wait_ms": 900.0},
            "threads win on throughput when saturated (while starving clients)",
            "",
        ),
    ],
)
def test_the_headline_says_who_wins_on_what(make, threads, headline, also):
    told = answer(make(steps=(10, 1_000), change=_each_alike(**threads)))
    assert headline in told.headline.removeprefix("At 1,000 clients ")
    assert told.also.startswith(also)
    better = "rss_a_connection" in threads
    assert told.cards[0].words == ("as much on the event loop" if better else "no clear difference")


def test_response_times_closer_than_a_wake_up_show_no_clear_difference(make):
    told = answer(make(workloads=("paced",), change=_each_alike(median_ms=1.04)))
    assert told.headline.endswith("no clear difference between threads and the event loop.")

    def tiny(behaviour):
        _each_alike()(behaviour)
        behaviour.median_ms = 0.06 if behaviour.server == "threaded" else 0.03

    told = answer(make(workloads=("paced",), change=tiny))
    assert "no clear difference" in told.headline


def test_an_interval_that_holds_one_decides_nothing(make):
    def noisy(behaviour):
        _each_alike()(behaviour)
        if behaviour.server == "threaded":
            behaviour.median_ms = (0.5, 2.0, 4.0)[behaviour.repeat]

    told = answer(make(repeats=3, steps=(10, 1_000), change=noisy))
    assert "no clear difference" in told.headline


def test_one_server_has_nothing_beside_it(make):
    told = answer(make(servers={"asyncio_streams": "event loop"}))
    assert told.headline.startswith("asyncio_streams serves 1,000 clients, 2.")
    assert told.headline.endswith(" KB of memory each.")
    assert told.also.endswith("There is no other server to compare it with.")
    assert told.cards[0].claim == "4 KB"


def test_a_server_that_holds_only_some_is_said_to_serve_those(make):
    def refuse(behaviour):
        if behaviour.connections == 1_000:
            behaviour.status, behaviour.connected = "partial", 940

    told = answer(make(servers={"asyncio_streams": "event loop"}, change=refuse))
    assert told.headline.startswith("asyncio_streams serves 940 of 1,000 clients, ")
    assert all(len(card.bars) == 1 for card in told.cards)


def test_servers_of_other_models_are_named(make):
    told = answer(make(servers={"one": "", "two": ""}))
    assert told.headline == "At 1,000 clients there is no clear difference between one and two."


def test_of_several_servers_it_says_which_are_compared(make):
    told = answer(make(servers={"one": "", "two": "", "three": ""}))
    assert told.also.startswith("Compared are one and two, of 3 servers.")


def test_servers_are_compared_under_the_workloads_that_they_share(make):
    told = answer(
        make(
            servers={"one": "", "two": ""},
            skip=lambda step: step.server == "two" and step.workload == "saturated",
        )
    )
    assert "At 1,000 clients" in told.headline
    assert "saturated" not in told.headline + told.also + " ".join(told.sentences)


def test_a_load_that_is_not_plain_is_called_by_its_name(make):
    workloads = [{"name": name, "plain": False} for name in ("paced", "saturated")]
    told = answer(make(described={"workloads": workloads}))
    text = " ".join([told.headline, told.also, *told.sentences])
    assert "throughput under saturated" in text
    assert "Under paced the median response takes" in text
    assert "Under saturated, " in text


def test_servers_of_one_model_are_named_by_their_labels(make):
    told = answer(make(servers=dict.fromkeys(["threaded", "threaded,stack=256k"], "a thread each")))
    assert "threaded and threaded,stack=256k" in told.headline
    assert "with threaded and" in told.sentences[0]


@pytest.mark.parametrize(
    ("unfit", "symbol", "why"),
    [
        ({"loader_limited": True}, "‡", "the loader was the bottleneck"),
        ({"others": 1.54}, "△", "disturbed, other processes used 154 % of a CPU"),
        ({"stolen": 0.2}, "◊", "steal time, the hypervisor gave 20 % of a CPU to others"),
    ],
)
def test_unfit_steps_decide_nothing_and_say_why(make, unfit, symbol, why):
    told = answer(make(steps=(10, 1_000), change=lambda step: vars(step).update(unfit)))
    assert told.headline == "At 1,000 clients this run cannot tell threads from the event loop."
    assert told.also == (
        "Memory, CPU, response time at 1 message/s, throughput when saturated and tail latency "
        f"when saturated not judged: {why}."
    )
    assert {card.words for card in told.cards} == {f"not judged: {why}"}
    assert {bar.symbols for card in told.cards[1:] for bar in card.bars} == {symbol}


def test_memory_grows_along_the_steps_that_are_fit(make):
    def disturbed(steps):
        def change(behaviour):
            _each_alike(rss_a_connection=512)(behaviour)
            if behaviour.connections in steps:
                behaviour.others, behaviour.rss_bytes = 1.54, 9e9

        return change

    told = answer(make(change=disturbed({100})))
    assert "threads win on memory" in told.headline
    assert 7 < float(told.cards[0].figure.rstrip("×")) < 9  # not a million
    told = answer(make(change=disturbed({10, 100})))
    assert told.cards[0].words.startswith("not judged: disturbed")


def test_a_reason_of_both_servers_is_given_once(make):
    def disturb(behaviour):
        behaviour.others = {"threaded": 1.54, "asyncio_streams": 0.9}[behaviour.server]

    told = answer(make(steps=(10, 1_000), change=disturb))
    assert {card.words for card in told.cards} == {
        "not judged: disturbed, other processes used 154 % of a CPU"
    }


def test_of_several_repeats_the_fit_ones_decide(make):
    def disturbed(repeats):
        def change(behaviour):
            _each_alike(messages_per_s=9_000.0)(behaviour)
            if behaviour.repeat in repeats:
                behaviour.others, behaviour.messages_per_s = 1.54, 1_000.0

        return change

    few = {"repeats": 3, "steps": (10, 1_000), "workloads": ("saturated",)}
    told = answer(make(**few, change=disturbed({0})))
    assert "threads win on throughput" in told.headline
    assert not told.also.endswith("CPU.")
    told = answer(make(**few, change=disturbed({0, 1})))
    assert "throughput" not in told.headline
    assert "not judged: disturbed, other processes used 154 % of a CPU." in told.also


@pytest.mark.parametrize(
    ("spoken", "reason"),
    [
        (
            {"protocol": "http", "size_bytes": 0},
            "one speaks HTTP and two echo: their figures stand side by side and are not compared.",
        ),
        (
            {"protocol": "raw", "size_bytes": 64},
            "one speaks its own protocol and two echo: their figures stand side by side and are "
            "not compared.",
        ),
        (
            {"protocol": "echo", "size_bytes": 4_096},
            "one replies with 4,096 bytes and two with 64: their figures stand side by side and "
            "are not compared.",
        ),
    ],
)
def test_across_protocols_and_sizes_nothing_is_called_better(make, spoken, reason):
    def speak(behaviour):
        behaviour.protocol = "echo"
        if behaviour.server == "one":
            vars(behaviour).update(spoken)

    servers = {"one": "event loop", "two": "a thread each"}
    measured = make(servers=servers, steps=(10, 100), change=speak)
    told = answer(measured)
    assert (told.headline, told.also) == (reason, "")
    assert {(card.figure, card.words) for card in told.cards} == {("—", "not compared")}
    for text in (terminal_summary(measured.run), markdown(measured, told)):
        assert "are not compared." in " ".join(text.split())
        assert not re.search(r"\bwins?\b|\bfits?\b|cross at", text)


def test_of_several_servers_two_are_compared_that_can_be(make):
    def speak(behaviour):
        behaviour.protocol = "http" if behaviour.server == "one" else "echo"

    told = answer(make(servers={"one": "", "two": "", "three": ""}, steps=(10,), change=speak))
    assert told.also.startswith("Compared are two and three, of 3 servers.")
    servers = {"one": "loop", "two": "loop", "three": "thread"}
    told = answer(make(servers=servers, steps=(10,), change=speak))
    assert "the event loop" not in told.headline
    assert told.also.startswith("Compared are three and two, of 3 servers.")


@pytest.mark.parametrize("server", ["threaded", "asyncio_streams"])
@pytest.mark.parametrize("figures", [("rss_bytes", "cpu_us"), ("messages_per_s",)])
def test_nothing_beside_something_has_no_ratio(make, server, figures):
    def still(behaviour):
        noise = 1 + 0.01 * behaviour.repeat
        _each_alike()(behaviour)
        behaviour.rss_bytes = 9e6 + noise * 4096 * behaviour.connections
        behaviour.cpu_us *= noise
        if behaviour.server == server:
            vars(behaviour).update(dict.fromkeys(figures, 0))

    told = answer(make(steps=(10, 1_000), repeats=2, change=still))
    wrong = "memory|CPU" if "cpu_us" in figures else "throughput"
    assert not re.search(wrong, told.headline + told.also)
    nothing = [card.figure for card in told.cards if card.words == "too little to compare"]
    assert nothing == ["—"] * len(figures)


def test_nothing_succeeded(make):
    def fail(behaviour):
        behaviour.status, behaviour.reason, behaviour.connected = "failed", "port in use", 0

    told = answer(make(change=fail))
    assert told.headline == "Nothing could be compared: no step succeeded."
    assert "port in use" in told.sentences[0]
    assert not told.cards


def test_failures_at_other_steps_are_reported(make):
    def die(behaviour):
        if behaviour.server == "threaded" and behaviour.connections == 1_000:
            behaviour.status, behaviour.reason, behaviour.connected = "failed", "out of memory", 0

    told = answer(make(change=die))
    assert "At 100 clients" in told.headline
    assert "Failed, nothing usable: threaded, paced, at 1,000 (out of memory)." in told.sentences


def test_failures_of_a_server_that_is_not_compared_are_reported(make):
    def die(behaviour):
        if behaviour.server == "forking" and behaviour.connections == 1_000:
            behaviour.status, behaviour.connected = "partial", 900
            behaviour.errors = {"reset": 100}

    told = answer(make(servers=MODELS | {"forking": "process per connection"}, change=die))
    assert "At 1,000 clients" in told.headline
    beyond = [sentence for sentence in told.sentences if "forking, " in sentence]
    assert len(beyond) == 2  # workloads
    assert all("at 1,000" in sentence and "reset" in sentence for sentence in beyond)


@pytest.mark.parametrize("workload", ["paced", "saturated"])
def test_one_workload_alone_is_enough(make, workload):
    told = answer(make(workloads=(workload,)))
    assert told.cards
    assert ("saturated" in told.headline + told.also) is (workload == "saturated")
