import socket
import threading
import time
from contextlib import contextmanager

import pytest
from msgspec.structs import replace

from c10k.loadgen.fleet import KINDS, Fleet
from c10k.loadgen.native.test_support import due_times
from c10k.loadgen.workload import Workload
from c10k.results.histogram import Histogram
from tests.conftest import threads_called
from tests.loadgen.conftest import PATIENCE_S, echo, ordered_echo, until

pytestmark = pytest.mark.usefixtures("on_every_engine")

CLOSED = Workload("closed")


def recorded(snapshot, kind):
    return Histogram.from_buffer(snapshot.counts[kind])


@contextmanager
def opened(address, workload=CLOSED, connections=10, **options):
    """A fleet under load, all of whose connections must have opened."""
    with Fleet(address, workload, **options) as fleet:
        fleet.resize(connections)
        assert fleet.wait_open(PATIENCE_S).connected == connections
        fleet.load()
        yield fleet


def schedule_of(workload, connections, epoch_ns=0):
    """The arguments of due_times for a fleet of one thread."""
    return {
        "connections": connections,
        "fleet": connections,
        "index": 0,
        "shards": 1,
        "period_ns": 1e9 / workload.rate_per_connection,
        "poisson": workload.arrivals == "poisson",
        "seed": workload.seed,
        "epoch_ns": epoch_ns,
    }


def totals(fleet, seconds=0.3):
    fleet.snapshot()
    time.sleep(seconds)
    return fleet.snapshot()


class TestClosedLoop:
    def test_every_message_is_echoed_verified_and_recorded_once(self, serve):
        with opened(serve(echo), connections=20) as fleet:
            snapshot = totals(fleet)
        assert snapshot.messages > 20
        assert snapshot.errors == {}
        assert snapshot.starved == 0
        assert abs(snapshot.sent - snapshot.messages) <= 20  # what is under way at either end
        assert recorded(snapshot, "response").total == snapshot.messages
        assert snapshot.counts["service"] == snapshot.counts["response"]
        assert recorded(snapshot, "send_lag").total == 0

    def test_littles_law_holds(self, serve):
        with opened(serve(echo), connections=20) as fleet:
            snapshot = totals(fleet, 1.0)
        assert snapshot.littles_law_ratio(20) == pytest.approx(1, abs=0.05)

    def test_the_mean_of_the_histogram_is_the_exact_mean(self, serve):
        with opened(serve(echo)) as fleet:
            snapshot = totals(fleet)
        assert recorded(snapshot, "response").mean_ns == pytest.approx(
            snapshot.mean_ns("response"), rel=1e-3, abs=512
        )

    def test_cuts_add_up_to_all_messages(self, serve):
        with opened(serve(echo)) as fleet:
            snapshots = []
            for _ in range(3):
                time.sleep(0.05)
                snapshots.append(fleet.snapshot())
            fleet.drain()
            snapshots.append(fleet.snapshot())
            assert sum(snapshot.messages for snapshot in snapshots) == fleet.progress().messages
        assert all(snapshot.messages > 0 for snapshot in snapshots[:3])

    @pytest.mark.parametrize("size", [1, 64, 1024, 65_537, 1_000_000])
    def test_messages_of_any_size_come_back(self, serve, size):
        with opened(serve(echo), Workload("sized", size_bytes=size), 2) as fleet:
            until(lambda: fleet.progress().messages >= 10)
            assert fleet.snapshot().errors == {}

    def test_several_threads_share_the_connections(self, serve):
        with opened(serve(echo), connections=7, threads=3) as fleet:
            snapshot = totals(fleet)
        assert snapshot.messages > 7
        assert recorded(snapshot, "response").total == snapshot.messages
        assert snapshot.errors == {}


class TestConnections:
    def test_each_connect_is_timed_once(self, serve):
        with Fleet(serve(echo), CLOSED) as fleet:
            fleet.resize(50)
            opened = fleet.wait_open(PATIENCE_S)
            snapshot = fleet.snapshot()
        assert opened.connected == 50
        assert opened.failed == 0
        assert opened.setup_s > 0
        assert recorded(snapshot, "connect").total == 50
        assert snapshot.messages == 0  # the first echoes prove the connections, and are no samples

    def test_the_fleet_grows_and_shrinks_under_load(self, serve):
        with opened(serve(echo), connections=5) as fleet:
            for size in (40, 3, 20):
                fleet.resize(size)
                until(lambda size=size: fleet.progress().ready == size)
                assert totals(fleet, 0.05).messages > 0
            assert fleet.snapshot().errors == {}

    def test_setting_up_takes_as_long_as_the_threads_that_open_connections(self, serve):
        with Fleet(serve(echo), CLOSED, threads=3) as fleet:
            fleet.resize(1)  # two threads have none
            assert 0 < fleet.wait_open(PATIENCE_S).setup_s < PATIENCE_S
            time.sleep(1)
            fleet.resize(2)  # the first was opened long ago
            assert 0 < fleet.wait_open(PATIENCE_S).setup_s < 1
            fleet.resize(1)
            assert fleet.wait_open(PATIENCE_S).setup_s == 0

    def test_only_a_bounded_number_waits_for_its_first_echo(self, serve):
        waiting = threading.Semaphore(0)

        def mute(connection):
            waiting.release()
            connection.recv(65536)
            connection.recv(65536)

        with Fleet(serve(mute), CLOSED, in_flight=5) as fleet:
            fleet.resize(50)
            fleet.wait_open(0.3)
            accepted = 0
            while waiting.acquire(timeout=0.1):
                accepted += 1
            assert accepted == 5

    def test_closing_ends_every_connection(self, serve):
        ended = threading.Semaphore(0)

        def count(connection):
            echo(connection)
            ended.release()

        with opened(serve(count), connections=30):
            pass
        for _ in range(30):
            assert ended.acquire(timeout=PATIENCE_S)

    def test_an_address_that_does_not_resolve_is_an_os_error(self):
        with pytest.raises(OSError, match=r"[Nn]ame"):
            Fleet(("no-such-host.invalid", 1), CLOSED)

    def test_ipv6(self):
        try:
            listener = socket.create_server(("::1", 0), family=socket.AF_INET6)
        except OSError:
            # A host without IPv6 must refuse the connection, and say so.
            with Fleet(("::1", 9), CLOSED) as fleet:
                fleet.resize(1)
                assert fleet.wait_open(PATIENCE_S).failed == 1
            return
        with listener:
            threading.Thread(target=lambda: echo(listener.accept()[0]), daemon=True).start()
            with opened(listener.getsockname()[:2], connections=1) as fleet:
                assert totals(fleet, 0.1).messages > 0


def check_due(snapshot, rate):
    """What is due is noticed when the loader runs, which a busy host may keep from it for a bit."""
    assert snapshot.due == pytest.approx(rate * snapshot.seconds, abs=0.3 * rate)


class TestOpenLoop:
    def test_as_many_messages_are_due_as_the_schedule_says(self, serve):
        with opened(serve(echo), Workload("open", rate_per_connection=50), 8) as fleet:
            snapshot = totals(fleet, 1.0)
        check_due(snapshot, 8 * 50)
        assert recorded(snapshot, "send_lag").total == snapshot.sent
        assert (
            recorded(snapshot, "response").total
            == recorded(snapshot, "service").total
            == snapshot.messages
        )
        assert snapshot.errors == {}

    def test_response_is_service_plus_send_lag(self, serve):
        with opened(serve(echo), Workload("open", rate_per_connection=100), 4) as fleet:
            time.sleep(0.5)
            fleet.drain()  # everything that was sent has come home
            snapshot = fleet.snapshot()
        assert snapshot.messages == snapshot.sent
        lag_ns = snapshot.sums_ns["response"] - snapshot.sums_ns["service"]
        assert lag_ns == snapshot.sums_ns["send_lag"]

    def test_the_connections_take_turns(self):
        arrivals = []
        with (
            ordered_echo(arrivals) as address,
            Fleet(address, Workload("open", rate_per_connection=20), in_flight=1) as fleet,
        ):
            fleet.resize(5)
            fleet.wait_open(PATIENCE_S)
            probes = len(arrivals)
            fleet.load()
            until(lambda: len(arrivals) >= probes + 50)
        turns = arrivals[probes : probes + 50]
        assert arrivals[:probes] == [0, 1, 2, 3, 4]
        assert turns == [0, 1, 2, 3, 4] * 10

    def test_poisson_arrivals_come_in_the_order_of_their_seed(self):
        arrivals = []
        workload = Workload("open", rate_per_connection=20, arrivals="poisson", seed=3)
        with ordered_echo(arrivals) as address, Fleet(address, workload, in_flight=1) as fleet:
            fleet.resize(5)
            fleet.wait_open(PATIENCE_S)
            fleet.load()
            until(lambda: len(arrivals) >= 5 + 30)
        planned = [connection for connection, _, _ in due_times(30, **schedule_of(workload, 5))]
        # Two that are due together change places if the first finds its connection busy.
        displaced = sum(a != b for a, b in zip(arrivals[5:35], planned, strict=True))
        assert displaced <= 10  # another order would displace 24

    @pytest.mark.parametrize("arrivals", ["uniform", "poisson"])
    def test_messages_behind_a_busy_connection_keep_their_due_times(self, serve, arrivals):
        """While the server stalls they queue; when sent, their lag is from when each was due."""
        workload = Workload("open", rate_per_connection=100, arrivals=arrivals, seed=5)
        arrived_ns = []

        def stalling(connection):
            while data := connection.recv(64):
                arrived_ns.append(time.monotonic_ns())
                if len(arrived_ns) == 2:  # the first proves the connection
                    time.sleep(0.5)
                connection.sendall(data)

        with opened(serve(stalling), workload, 1) as fleet:
            epoch_ns = time.monotonic_ns()
            time.sleep(0.8)
            fleet.drain()
            snapshot = fleet.snapshot()
        sent_ns = arrived_ns[1:]
        assert len(sent_ns) == snapshot.messages > 40
        due_ns = [
            due for _, _, due in due_times(len(sent_ns), **schedule_of(workload, 1, epoch_ns))
        ]
        lag_ns = sum(sent_ns) - sum(due_ns)
        assert lag_ns > 5e9
        # They arrive a little after they were sent, and the epoch is known to a millisecond or so.
        assert snapshot.sums_ns["send_lag"] == pytest.approx(lag_ns, abs=len(sent_ns) * 20e6)

    @pytest.mark.parametrize("spin", [False, True])
    def test_spinning_sends_the_same(self, serve, spin):
        workload = Workload("open", rate_per_connection=50)
        with opened(serve(echo), workload, 8, spin=spin) as fleet:
            snapshot = totals(fleet, 0.5)
        check_due(snapshot, 8 * 50)
        assert snapshot.errors == {}


class TestFailures:
    """Each misbehaviour is counted under its cause, and none hangs the fleet."""

    def causes(self, address, workload=CLOSED, connections=1):
        workload = replace(workload, reconnect=False)
        with Fleet(address, workload) as fleet:
            fleet.resize(connections)
            fleet.wait_open(PATIENCE_S)
            fleet.load()
            until(lambda: fleet.progress().failed == connections)
            return fleet.snapshot().errors

    def test_bytes_that_nobody_asked_for(self, serve):
        def talkative(connection):
            for _ in range(2):  # the first echo and the first of the schedule
                connection.sendall(connection.recv(65536))
            time.sleep(0.2)
            connection.sendall(b"!")
            connection.recv(1)

        idle = Workload("idle", rate_per_connection=0.01)
        assert self.causes(serve(talkative), idle) == {"excess": 1}

    def test_nobody_listens(self):
        with socket.create_server(("127.0.0.1", 0)) as listener:
            address = listener.getsockname()
        assert self.causes(address, connections=5) == {"connect_refused": 5}

    def test_no_first_echo_until_the_load_begins(self, serve):
        def mute(connection):
            connection.recv(65536)
            connection.recv(1)

        with Fleet(serve(mute), CLOSED, in_flight=3) as fleet:
            fleet.resize(10)
            opened = fleet.wait_open(0.2)
            fleet.load()
            assert (opened.connected, opened.failed) == (0, 10)
            assert fleet.snapshot().errors == {"never_opened": 10}
            assert fleet.progress().failed == 10


def test_those_that_do_not_come_are_waited_for_while_others_do(serve):
    served = []

    def fewer_and_fewer(connection):
        connection.settimeout(60)
        if len(served) < 5:
            time.sleep(0.3)
            served.append(True)
            connection.sendall(connection.recv(65536))
        connection.recv(65536)

    began = time.monotonic()
    with Fleet(serve(fewer_and_fewer), CLOSED, in_flight=1) as fleet:
        fleet.resize(7)
        assert fleet.wait_open(PATIENCE_S, still_s=1).connected == 5
    assert time.monotonic() - began < PATIENCE_S


def test_a_starved_connection_is_counted_and_its_wait_so_far_recorded(serve):
    starve = threading.Event()
    chosen = threading.Lock()

    def handler(connection):
        unlucky = chosen.acquire(blocking=False)
        while data := connection.recv(65536):
            if unlucky and starve.is_set():
                time.sleep(1.5)
            connection.sendall(data)

    with opened(serve(handler), connections=2) as fleet:
        starve.set()
        time.sleep(0.3)
        snapshot = totals(fleet, 0.5)
        fleet.drain(PATIENCE_S)
    assert snapshot.starved == 1
    assert recorded(snapshot, "waiting").total == 1
    assert recorded(snapshot, "waiting").max_ns >= 0.5e9
    assert snapshot.littles_law_ratio(2) == pytest.approx(0.5, abs=0.1)


def test_every_kind_is_a_histogram_of_the_shared_layout(serve):
    with opened(serve(echo)) as fleet:
        snapshot = totals(fleet, 0.05)
    assert set(snapshot.counts) == set(snapshot.sums_ns) == set(KINDS)
    for kind in KINDS:
        assert recorded(snapshot, kind).total >= 0


def test_the_thread_ends_with_the_fleet(serve):
    until(lambda: not fleet_threads())  # of the test before: see await_end_of_threads
    with opened(serve(echo), connections=1, threads=2):
        assert len(fleet_threads()) == 2
    until(lambda: not fleet_threads())


def fleet_threads():
    # Python tells the system a thread's name from 3.14 on.
    told = {thread.native_id for thread in threading.enumerate() if thread.name == "c10k-fleet"}
    return told | threads_called("c10k-fleet")
