"""A fleet's windows, its opening and its schedule, as every engine drives them."""

import socket
import threading
import time
from itertools import repeat

import pytest

from c10k.loadgen.fleet import KINDS, Fleet, Snapshot
from c10k.loadgen.native.test_support import due_times
from c10k.loadgen.workload import Workload
from tests.loadgen.conftest import (
    PATIENCE_S,
    drained,
    echo,
    loaded,
    recorded,
    threads_named,
    total,
    until,
)
from tests.loadgen.misbehaving import Delaying

pytestmark = pytest.mark.system

CLOSED = Workload("closed")


def window(fleet, seconds):
    fleet.snapshot()
    time.sleep(seconds)
    return fleet.snapshot()


def planned(arrivals, workload, connections, epoch_ns=0):
    """The schedule of a fleet of one thread: (connection, number, due_ns)."""
    found = due_times(
        arrivals,
        connections=connections,
        fleet=connections,
        index=0,
        shards=1,
        period_ns=1e9 / workload.rate_per_connection,
        poisson=workload.arrivals == "poisson",
        seed=workload.seed,
        epoch_ns=epoch_ns,
    )
    return [arrival[:3] for arrival in found]


class TestClosedLoop:
    def test_every_message_is_verified_and_recorded_once(self, serve, fleet):
        connections = 7
        with loaded(fleet(serve(echo), CLOSED, threads=3), connections) as driven:
            snapshot = window(driven, 0.5)
        assert snapshot.messages > 20
        assert snapshot.errors == {}
        assert snapshot.starved == 0
        assert abs(snapshot.sent - snapshot.messages) <= connections  # under way at either end
        assert set(snapshot.counts) == set(snapshot.sums_ns) == set(KINDS)
        response = recorded(snapshot, "response")
        assert response.total == snapshot.messages
        exact_ns = snapshot.sums_ns["response"] / snapshot.messages
        assert response.mean_ns == pytest.approx(exact_ns, rel=1e-3, abs=512)
        assert snapshot.counts["service"] == snapshot.counts["response"]
        assert total(snapshot, "send_lag") == 0
        assert snapshot.littles_law_ratio(connections) == pytest.approx(1, abs=0.2)

    def test_snapshots_add_up_to_all_messages(self, serve, fleet):
        with loaded(fleet(serve(echo), CLOSED), 10) as driven:
            snapshots = []
            for _ in range(3):
                time.sleep(0.05)
                snapshots.append(driven.snapshot())
            snapshots.append(drained(driven))
            assert sum(snapshot.messages for snapshot in snapshots) == driven.progress().messages
        assert all(snapshot.messages > 0 for snapshot in snapshots[:3])

    @pytest.mark.parametrize("size", [1, 64, 1024, 65_537, 1_000_000])
    def test_messages_of_any_size_come_back(self, serve, fleet, size):
        with loaded(fleet(serve(echo), Workload("sized", size_bytes=size)), 2) as driven:
            until(lambda: driven.progress().messages >= 10)
            assert driven.snapshot().errors == {}

    def test_a_starved_connection_is_counted_and_its_wait_so_far_recorded(self, serve, fleet):
        starve, starved, served = threading.Event(), threading.Event(), threading.Event()
        chosen = threading.Lock()

        def handler(connection):
            unlucky = chosen.acquire(blocking=False)
            while data := connection.recv(65536):
                if unlucky and starve.is_set():
                    starved.set()
                    served.wait(PATIENCE_S)
                connection.sendall(data)

        with loaded(fleet(serve(handler), CLOSED), 2) as driven:
            starve.set()
            assert starved.wait(PATIENCE_S)
            snapshot = window(driven, 0.5)
            served.set()
        assert snapshot.starved == 1
        assert total(snapshot, "waiting") == 1
        assert recorded(snapshot, "waiting").max_ns >= 0.5e9
        # A half; more where a busy machine kept back a reply until the window had begun.
        assert 0.3 < snapshot.littles_law_ratio(2) < 0.9


class TestConnections:
    def test_each_connect_is_timed_once(self, serve, fleet):
        driven = fleet(serve(echo), CLOSED)
        driven.resize(50)
        opened = driven.wait_open(PATIENCE_S)
        snapshot = driven.snapshot()
        assert (opened.connected, opened.failed) == (50, 0)
        assert opened.setup_s > 0
        assert total(snapshot, "connect") == 50
        assert snapshot.messages == 0  # the first echoes prove the connections, and are no samples

    def test_the_fleet_grows_and_shrinks_under_load(self, serve, fleet):
        with loaded(fleet(serve(echo), CLOSED), 5) as driven:
            for size in (40, 3, 20):
                driven.resize(size)
                until(lambda size=size: driven.progress().ready == size)
                assert window(driven, 0.05).messages > 0
            assert driven.snapshot().errors == {}

    def test_setting_up_takes_as_long_as_the_threads_that_open_connections(self, serve, fleet):
        driven = fleet(serve(echo), CLOSED, threads=3)
        driven.resize(1)  # two threads have none
        assert 0 < driven.wait_open(PATIENCE_S).setup_s < PATIENCE_S
        time.sleep(0.5)
        driven.resize(2)  # the first was opened long ago
        assert 0 < driven.wait_open(PATIENCE_S).setup_s < 0.5
        driven.resize(1)
        assert driven.wait_open(PATIENCE_S).setup_s == 0

    def test_a_bounded_number_waits_for_its_first_echo_until_the_load_begins(self, serve, fleet):
        waiting = threading.Semaphore(0)

        def mute(connection):
            waiting.release()
            connection.recv(65536)
            connection.recv(65536)

        driven = fleet(serve(mute), CLOSED, in_flight=5)
        driven.resize(50)
        opened = driven.wait_open(0.2)
        accepted = 0
        while waiting.acquire(timeout=0.1):
            accepted += 1
        assert accepted == 5
        driven.load()
        assert (opened.connected, opened.failed) == (0, 50)
        assert driven.snapshot().errors == {"never_opened": 50}
        assert driven.progress().failed == 50

    def test_slow_ones_are_waited_for_while_others_come(self, serve, fleet):
        served = []

        def fewer_and_fewer(connection):
            connection.settimeout(60)
            if len(served) < 4:
                time.sleep(0.2)
                served.append(True)
                connection.sendall(connection.recv(65536))
            connection.recv(65536)

        began = time.monotonic()
        driven = fleet(serve(fewer_and_fewer), CLOSED, in_flight=1)
        driven.resize(6)
        assert driven.wait_open(PATIENCE_S, still_s=0.7).connected == 4
        assert time.monotonic() - began < PATIENCE_S

    def test_closing_ends_every_connection_and_thread(self, serve, fleet):
        ended = threading.Semaphore(0)

        def count(connection):
            echo(connection)
            ended.release()

        until(lambda: not threads_named("c10k-fleet"))  # of the test before
        with loaded(fleet(serve(count), CLOSED, threads=2), 30):
            assert len(threads_named("c10k-fleet")) == 2
        for _ in range(30):
            assert ended.acquire(timeout=PATIENCE_S)
        until(lambda: not threads_named("c10k-fleet"))

    def test_ipv6(self, fleet):
        try:
            listener = socket.create_server(("::1", 0), family=socket.AF_INET6)
        except OSError:
            # A host without IPv6 must refuse the connection, and say so.
            driven = fleet(("::1", 9), CLOSED)
            driven.resize(1)
            assert driven.wait_open(PATIENCE_S).failed == 1
            return
        with listener:
            threading.Thread(target=lambda: echo(listener.accept()[0]), daemon=True).start()
            with loaded(fleet(listener.getsockname()[:2], CLOSED), 1) as driven:
                until(lambda: driven.progress().messages > 0)

    def test_bytes_that_nobody_asked_for_are_excess(self, serve, fleet):
        def talkative(connection):
            for _ in range(2):  # the first echo and the first of the schedule
                connection.sendall(connection.recv(65536))
            time.sleep(0.2)
            connection.sendall(b"!")
            connection.recv(1)

        idle = Workload("idle", rate_per_connection=0.01, reconnect=False)
        with loaded(fleet(serve(talkative), idle), 1) as driven:
            until(lambda: driven.progress().failed == 1)
            assert driven.snapshot().errors == {"excess": 1}


def test_an_address_that_does_not_resolve_is_an_os_error():
    with pytest.raises(OSError, match=r"[Nn]ame"):
        Fleet(("no-such-host.invalid", 1), CLOSED)


class TestOpenLoop:
    @pytest.mark.parametrize("spin", [False, True])
    def test_as_many_messages_are_due_as_the_schedule_says(self, serve, fleet, spin):
        workload = Workload("open", rate_per_connection=10)
        with loaded(fleet(serve(echo), workload, spin=spin), 40) as driven:
            parts = [driven.snapshot()]
            time.sleep(0.3)
            parts += driven.snapshot(), drained(driven)
        # What is due is noticed when the loader runs, which a busy host may keep from it for a bit.
        assert parts[1].due == pytest.approx(400 * parts[1].seconds, abs=80)
        for part in parts:
            assert part.errors == {}
            assert total(part, "send_lag") == part.sent
            assert total(part, "response") == part.messages + part.lost
            assert total(part, "service") == part.messages
        assert sum(part.messages - part.sent for part in parts) == 0
        response, service, lag = (
            sum(part.sums_ns[kind] for part in parts)
            for kind in ("response", "service", "send_lag")
        )
        # What a busy host left unsent at the end is lost, with its wait.
        assert (response - service == lag) == (sum(part.lost for part in parts) == 0)

    @pytest.mark.parametrize("arrivals", ["uniform", "poisson"])
    def test_connections_send_in_the_order_of_the_schedule(self, fleet, arrivals):
        server = Delaying(repeat(0.0))
        workload = Workload("open", rate_per_connection=20, arrivals=arrivals, seed=3)
        with server.serving() as address, loaded(fleet(address, workload, in_flight=1), 5):
            until(lambda: len(server.senders) >= 5 + 30)
        probes, sent = list(server.senders[:5]), list(server.senders[5:35])
        assert probes == [0, 1, 2, 3, 4]
        order = [connection for connection, _, _ in planned(30, workload, 5)]
        # Two that are due together change places if the first finds its connection busy.
        displaced = sum(a != b for a, b in zip(sent, order, strict=True))
        assert displaced <= (9 if arrivals == "poisson" else 0)  # another order: 24

    @pytest.mark.parametrize("arrivals", ["uniform", "poisson"])
    def test_messages_behind_a_busy_connection_keep_their_due_times(self, serve, fleet, arrivals):
        """While the server stalls they queue; when sent, their lag is from when each was due."""
        workload = Workload("open", rate_per_connection=100, arrivals=arrivals, seed=5)
        arrived_ns = []

        def stalling(connection):
            while data := connection.recv(64):
                arrived_ns.append(time.monotonic_ns())
                if len(arrived_ns) == 2:  # the first proves the connection
                    time.sleep(0.3)
                connection.sendall(data)

        with loaded(fleet(serve(stalling), workload), 1) as driven:
            epoch_ns = time.monotonic_ns()
            time.sleep(0.5)
            snapshot = drained(driven)
        sent_ns = arrived_ns[1:]
        assert len(sent_ns) == snapshot.messages > 25
        due_ns = [due for _, _, due in planned(len(sent_ns), workload, 1, epoch_ns)]
        lag_ns = sum(sent_ns) - sum(due_ns)
        assert lag_ns > 2e9
        # They arrive a little after they were sent, and the epoch is known to a millisecond or so.
        assert snapshot.sums_ns["send_lag"] == pytest.approx(lag_ns, abs=len(sent_ns) * 20e6)


def test_snapshots_of_several_turns_are_one(serve, fleet):
    """Loaded and drained twice: nothing is pending between the turns, and nothing is lost."""
    driven = fleet(serve(echo), CLOSED)
    driven.resize(3)
    assert driven.wait_open(PATIENCE_S).connected == 3
    driven.snapshot()
    turns = []
    for _ in range(2):
        driven.load()
        time.sleep(0.1)
        driven.drain()
        turns.append(driven.snapshot())
    both = Snapshot.of_all(turns)
    assert both.messages == both.sent == sum(turn.messages for turn in turns) > 0
    assert both.seconds == pytest.approx(sum(turn.seconds for turn in turns))
    assert (both.began_ns, both.pending, both.lost, both.errors) == (turns[0].began_ns, 0, 0, {})
    assert recorded(both, "response").total == both.messages
    assert both.sums_ns["response"] == sum(turn.sums_ns["response"] for turn in turns)
    assert Snapshot.of_all(turns[:1]).counts == turns[0].counts
