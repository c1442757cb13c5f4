"""`c10k load` over a faulty link: it reports what was injected, and errors by their cause."""

import pytest

from benchmarks.reliability import network
from benchmarks.reliability.link import Link
from benchmarks.reliability.namespaces import missing

pytestmark = [pytest.mark.hosts, pytest.mark.system, pytest.mark.xdist_group("hosts")]

# What a busy machine may add: to a time, to the messages that are under way, and to those that seem
# to have been sent again, as TCP does after 0.2 s, because everything stood still for so long.
BUSY = {"{:,.1f} ms": 50, "{:,}": 6, "{:,} packets": 20}


@pytest.fixture(scope="module")
def link():
    if why := missing(*network.PROGRAMS):
        pytest.skip(why)
    with Link() as made:
        yield made


def check(rows):
    """What is reported is what was injected."""
    for row in rows:
        allowed = network.TOLERANCE * row.injected + BUSY.get(row.form, 0)
        assert row.reported == pytest.approx(row.injected, abs=allowed), str(row)


def test_delay_and_jitter(link):
    check(network.delay(link, 2))


def test_lost_messages_are_those_that_were_dropped_and_time_out(link):
    check(network.lost_messages(link, 2))


def test_lost_packets_are_sent_again_and_cost_time_alone(link):
    check(network.lost_packets(link, 4))


def test_a_slow_link_is_filled(link):
    check(network.slow_link(link, 3))


def test_what_waits_while_the_link_is_down_is_counted_with_its_wait(link):
    check(network.link_down(link, 2))


def test_where_ports_run_out_the_others_are_served(link):
    check(network.few_ports(link, 1))


def test_a_half_open_peer_is_a_timeout_then_a_reset_and_no_host_is_unreachable(link):
    check(network.half_open(link, 1))
    check(network.restarted(link, 2))
    check(network.no_host(link))
