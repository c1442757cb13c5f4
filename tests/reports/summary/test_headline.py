"""The headline states what is clear, and says of all else what became of it."""

import pytest

from c10k.reports.summary.markdown import markdown
from c10k.reports.summary.terminal import terminal_summary
from tests.reports.summary.conftest import alike
from tests.reports.synthetic import buffer_pool

LARGE = (10, 1_000, 10_000)
WORK_SLEEP = {
    "workloads": ("paced", "saturated", "work_sleep"),
    "described": {"workloads": [{"name": "work_sleep", "plain": False, "active": 0.1}]},
}


def starve(step):
    if step.workload == "saturated" and step.server == "threaded" and step.connections == 10_000:
        step.starved, step.starved_wait_ms = 9_308, 15_400.0
        step.median_ms = 6.75


def test_clear_differences_are_stated_and_starving_clients_counted(tell):
    stated = tell(steps=LARGE, change=alike("threaded", starve, memory=4.4 * 4_096, cpu_us=0.77))
    assert stated.headline.text == (
        "10,000 clients, one CPU, Python: the event loop needs 4.4 times less memory and serves "
        "everyone under full load; threads use 23 % less CPU while clients mostly wait."
    )
    assert stated.headline.also == ""


def test_no_percentile_is_stated_of_a_step_where_clients_starve(tell):
    stated = tell(steps=LARGE, workloads=("saturated",), change=alike("threaded", starve))
    terminal = terminal_summary(stated.measured.run)
    page = markdown(stated.measured, stated.comparisons)
    (row,) = [line for line in terminal.splitlines() if line.startswith("saturated  threaded")]
    assert row.split()[4:6] == ["—", "—"]  # p50, p99
    unserved = "9,308 of 10,000 clients unserved, median wait 8.78 s (threaded)"
    assert "6.75" not in terminal + page
    assert f"Clients without a reply under full load: {unserved}." in " ".join(terminal.split())
    assert unserved in page


def test_starving_clients_are_stated_of_every_load(tell):
    def idle(step):
        if (step.server, step.workload) == ("threaded", "paced") and step.connections == 10_000:
            step.starved, step.starved_wait_ms = 9_308, 15_400.0

    *_others, last = tell(steps=LARGE, change=alike(also=idle), **WORK_SLEEP).topics
    assert last.title == "clients without a reply while clients mostly wait"
    assert last.result[0] == "9,308"


def test_clients_that_starve_in_one_repeat_only_give_no_outcome(tell):
    def once(step):
        if step.repeat == 0:
            starve(step)

    stated = tell(steps=LARGE, change=alike("threaded", once))
    assert "serves everyone" not in stated.headline.text
    assert stated.headline.also == (
        "This run does not decide clients without a reply under full load (undecided)."
    )


def test_a_median_that_the_slowest_replies_contradict_is_not_stated_alone(tell):
    uneven = alike("threaded", median_ms=0.1, sigma=8.0)
    assert (
        "threads answer 9.9 times sooner in the median and later in the p99 while clients mostly "
        "wait" in tell(change=uneven).headline.text
    )


def test_servers_of_one_kind_have_their_names(tell):
    servers = {"aiohttp": "event loop", "gunicorn": "thread per request; event loop when idle"}
    text = tell(servers=servers, change=alike("aiohttp", cpu_us=0.5)).headline.text
    assert "aiohttp uses 2.0 times less CPU" in text
    assert "the event loop" not in text


def test_requests_without_a_body_have_no_size(tell):
    def of_http(step):
        step.protocol, step.size_bytes = "http", 0

    what = tell(change=of_http).headline.measured_what
    assert what.startswith("Clients sent requests over loopback to ")


def test_clients_that_were_never_served_stand_beside_those_that_starve(tell):
    def absent(step):
        if (step.workload, step.connections) == ("saturated", 10_000):
            step.status = "partial"
            step.connected = 6_000 if step.server == "threaded" else 9_990

    *_others, last = tell(steps=LARGE, change=alike(also=absent)).topics
    assert [value.value for value in last.values] == [4_000, 10]
    assert not last.contrast.winner


def test_equivalent_servers(tell):
    stated = tell()
    assert stated.headline.text.endswith(
        "Python: there is no difference that matters between threads and the event loop."
    )
    assert stated.headline.also == ""
    assert {topic.outcome for topic in stated.topics} == {"equivalent"}


def test_what_is_undecided_says_what_would_decide(tell):
    def wild(step):
        if step.server == "threaded":
            step.cpu_us *= (0.8, 1.3, 2.0)[step.repeat]

    stated = tell(change=alike(also=wild))
    assert stated.headline.text.endswith("this run cannot tell threads from the event loop.")
    (cpu,) = [topic.outcome for topic in stated.topics if topic.title.startswith("CPU")]
    assert cpu.endswith("would probably decide")
    assert stated.headline.also == (
        f"This run does not decide CPU per message while clients mostly wait ({cpu})."
    )


def test_one_repeat_has_figures_and_no_winner(tell):
    stated = tell(repeats=1, change=alike("threaded", memory=20_480))
    assert stated.headline.text == (
        "1,000 clients, one CPU, Python: memory per connection is 20.1 KB with threads and 4.05 KB "
        "with the event loop; CPU per message while clients mostly wait is 20.5 µs with threads "
        "and 20.5 µs with the event loop."
    )
    assert stated.headline.also == "One repeat: figures are indicative, no outcome is given."
    assert {topic.outcome for topic in stated.topics} == {"indicative"}


@pytest.mark.parametrize("server", ["threaded", "asyncio_streams"])
def test_nothing_beside_something_has_no_ratio(tell, server):
    stated = tell(change=alike(server, cpu_us=0.0))
    assert "mostly wait (undecided, as one was 0 in a repeat)." in stated.headline.also
    assert stated.topics[1].result[0] == "—"


def test_response_times_under_the_conditions_of_the_book(tell):
    def work(step):
        if step.workload == "work_sleep":
            step.median_ms = 5.4 if step.server == "threaded" else 16.2

    stated = tell(steps=LARGE, change=alike(also=work), **WORK_SLEEP)
    assert stated.headline.text.endswith(
        "threads answer 3.0 times sooner with 5 ms of work per message."
    )
    (topic,) = [each for each in stated.topics if "response" in each.title]
    assert topic.result[0] == "0.33×"
    assert topic.claim == "200 ms and 15 ms"


@pytest.mark.parametrize(
    ("more", "stated"),
    [
        ({"cpu_us": 1.25}, "the event loop uses 20 % less CPU while clients mostly wait"),
        ({"cpu_us": 1.98}, "the event loop uses 49 % less CPU while clients mostly wait"),
        ({"cpu_us": 2.0}, "the event loop uses 2.0 times less CPU while clients mostly wait"),
        ({"cpu_us": 13}, "the event loop uses 13 times less CPU while clients mostly wait"),
        ({"messages_per_s": 1.3}, "threads serve 30 % more messages under full load"),
    ],
)
def test_below_two_times_the_difference_is_in_per_cent(tell, more, stated):
    text = tell(change=alike("threaded", **more)).headline.text
    assert text == f"1,000 clients, one CPU, Python: {stated}."


def test_servers_that_are_not_the_pair_have_their_labels(tell):
    stated = tell(servers={"node": "", "nginx": ""}, change=alike("nginx", cpu_us=0.5))
    assert "Python: nginx uses 2.0 times less CPU while" in stated.headline.text


def test_of_several_servers_it_says_which_are_compared(tell):
    stated = tell(servers={"one": "", "two": "", "three": ""})
    assert stated.headline.also == "Compared are one and two, of 3 servers."


def test_one_server_has_nothing_beside_it(tell):
    stated = tell(servers={"asyncio_streams": "event loop"})
    assert stated.headline.text.startswith(
        "1,000 clients, one CPU, Python: memory per connection is 4.05 KB with the event loop; CPU "
    )
    assert stated.headline.also == "There is no other server to compare it with."
    assert stated.topics[0].result == ("4.05 KB", "with the event loop")


@pytest.mark.parametrize(
    ("spoken", "reason"),
    [
        ({"protocol": "http"}, "one replies with HTTP and two with echo: "),
        ({"size_bytes": 4_096}, "one replies with 4,096 bytes and two with 64 bytes: "),
    ],
)
def test_across_protocols_and_sizes_nothing_is_compared(tell, spoken, reason):
    def speak(step):
        vars(step).update({"protocol": "echo"} | (spoken if step.server == "one" else {}))

    stated = tell(servers={"one": "", "two": ""}, change=alike("one", speak, cpu_us=9))
    assert stated.headline.text == f"{reason}their figures stand side by side and are not compared."
    assert {topic.result for topic in stated.topics} == {("—", "not compared")}


def test_unfit_steps_decide_nothing_and_say_why(tell):
    def spoil(step):
        if step.connections == 1_000:
            step.others = 1.54

    stated = tell(change=alike("threaded", spoil, cpu_us=3))
    assert "less CPU" not in stated.headline.text
    assert stated.headline.also == (
        "This run does not decide CPU per message while clients mostly wait (not compared: "
        "disturbed), median response time while clients mostly wait (not compared: disturbed) and "
        "throughput under full load (not compared: disturbed)."
    )


@pytest.mark.parametrize(
    ("with_it", "outcome"),
    [
        ({"cpu_us": 0.5}, "confirmed"),
        ({"cpu_us": 2}, "contradicted"),
        ({}, "no difference that matters"),
        ({"loader_limited": 1}, "undecided"),
    ],
)
def test_runs_of_techniques_say_what_became_of_them(tell, with_it, outcome):
    def limited(step):
        step.loader_limited = "loader_limited" in with_it

    stated = tell(
        servers={"pooled": "event loop", "plain": "event loop"},
        workloads=("saturated",),
        change=alike("pooled", limited, **with_it),
        plan={"techniques": [buffer_pool("pooled", "plain")]},
    )
    text = f"The book's claims about techniques: buffer pool (saturated) {outcome}."
    assert (stated.headline.text, stated.headline.also, stated.topics) == (text, "", [])


def test_nothing_succeeded(tell):
    def fail(step):
        step.status, step.reason, step.connected = "failed", "port in use", 0

    stated = tell(change=fail)
    assert stated.headline.text == "Nothing could be compared: no step succeeded with every server."
    assert "port in use" in markdown(stated.measured, stated.comparisons)
    assert not stated.topics


def test_it_is_of_the_largest_step_that_both_got_through(tell):
    def die(step):
        if step.server == "threaded" and step.connections == 1_000:
            step.status, step.reason, step.connected = "failed", "out of memory", 0

    stated = tell(change=alike(also=die))
    assert stated.headline.text.startswith("100 clients, ")
