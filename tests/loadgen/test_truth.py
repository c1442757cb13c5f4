"""What the fleet reports, beside what the server really did.

For every misbehaving server the report is derived by hand. In a closed loop whose first `PROBES`
messages prove the connections and are no samples:

    sent     = received by the server - probes
    messages = sent - messages not answered as they should be
    errors   = one a connection misbehaved to, under its cause; the others go on
    lost     = the messages not answered as they should be

What got no reply at all is a sample, too, with the time until its connection ended; what got a
wrong one is none. These connections stay closed; `TestReconnecting` opens them again.
"""

import os
import signal
import socket
import threading
import time
from itertools import repeat

import numpy as np
import pytest
from msgspec.structs import replace

from c10k.loadgen.workload import Workload
from c10k.results.histogram import BUCKET_LOW_NS, Histogram, indices
from c10k.servers.catalogue import parse_spec
from tests.loadgen.conftest import PATIENCE_S, echo, over, recorded, until
from tests.loadgen.misbehaving import (
    MISBEHAVIOURS,
    Delaying,
    Misbehaving,
    Swapped,
    a_part,
    flipped,
    half_close_after,
    receive,
    reset,
)

pytestmark = pytest.mark.system

CLOSED = Workload("closed", reconnect=False)
PROBES = CONNECTIONS = 5
THREADS = 2  # with 3 and 2 of the connections
BEFORE = 40  # messages of all connections before one misbehaves, the probes among them
CATCH_UP_S = 0.05  # what all that has waited takes to be sent and echoed
SLACK_S = 5.0  # what a busy machine may take to run a thread


@pytest.fixture
def server_process(tmp_path):
    """A real echo server, in a process of its own."""
    with parse_spec("asyncio_streams").process(log=tmp_path / "log") as process:
        yield process


def begin(fleet, connections=CONNECTIONS):
    """Open the connections, all of which must open, and load them."""
    fleet.resize(connections)
    assert fleet.wait_open(PATIENCE_S).connected == connections
    fleet.load()


class Report:
    """The sum of some snapshots."""

    def __init__(self, *snapshots):
        self.sent = sum(snapshot.sent for snapshot in snapshots)
        self.messages = sum(snapshot.messages for snapshot in snapshots)
        self.lost = sum(snapshot.lost for snapshot in snapshots)
        self.pending = snapshots[-1].pending
        self.due = sum(snapshot.due for snapshot in snapshots)
        self.seconds = sum(snapshot.seconds for snapshot in snapshots)
        causes = {cause for snapshot in snapshots for cause in snapshot.errors}
        self.errors = {
            cause: sum(snapshot.errors.get(cause, 0) for snapshot in snapshots) for cause in causes
        }
        self.response, self.service, self.connect = (
            Histogram().merged(*(recorded(snapshot, kind) for snapshot in snapshots))
            for kind in ("response", "service", "connect")
        )


def greeting(connection):
    connection.sendall(b"220 ready\r\n")
    while connection.recv(65536):
        pass


def once(connection):
    """Echo the probe alone, and close."""
    half_close_after(connection, receive(connection, 64), b"")
    connection.recv(1)


def never_reading(_connection):
    time.sleep(5)


class TestDelays:
    """The server answers late, and knows how late.

    By hand: a response takes the delay and the way there and back, with what it takes to wake up.
    No response can be faster than its delay; hence no percentile can be lower than that of the
    delays given. Nor can it be much higher: of the messages a share e at most has a longer way than
    the (1 - e)-quantile of ways, so the q-quantile of the response is at most the (q + e)-quantile
    of the delays plus that. The way is measured just before, at the same pace, with no delay.

    A neighbour on the machine may come between the two, so that the best of five tries counts for
    the upper bound. The lower one holds always.
    """

    def test_in_a_closed_loop_a_fixed_delay_is_the_median(self, fleet):
        self.compare(fleet, CLOSED, 8, lambda: repeat(0.02), [50])

    def test_in_an_open_loop_percentiles_are_those_of_the_delays_given(self, fleet):
        """Replies overtake one another: every connection waits for its own."""

        def lognormal():
            rng = np.random.default_rng(20)
            while True:
                yield min(0.01 * rng.lognormal(0, 0.5), 0.06)

        workload = Workload("open", rate_per_connection=10)
        self.compare(fleet, workload, 80, lognormal, [25, 50, 75, 90, 99])

    def compare(self, fleet, workload, connections, delays, percentiles):
        wanted = np.array(percentiles, dtype=float)
        few = np.minimum(5, (100 - wanted) / 2)
        pace = replace(workload, rate_per_connection=workload.rate_per_connection or 49)
        for _ in range(5):
            _, way = self.measure(fleet, pace, connections, repeat(0.0))
            given_ns, service = self.measure(fleet, workload, connections, delays())
            half = 50 / len(given_ns)  # a histogram's rank is rounded, numpy's rounded up
            at_least = np.percentile(given_ns, wanted - half, method="inverted_cdf")
            at_most = np.percentile(given_ns, wanted + few, method="inverted_cdf")
            at_most = at_most * 1.01 + way.percentiles_ns(100 - few)
            found = service.percentiles_ns(wanted)
            assert (found >= at_least).all()
            if (BUCKET_LOW_NS[indices(found)] <= at_most).all():
                return
        pytest.fail(f"the fleet says {found} ns where at most {at_most} are possible")

    def measure(self, fleet, workload, connections, delays):
        """The delays given to the samples, and the service times of these."""
        server = Delaying(delays)
        with server.serving() as address:
            driven = fleet(address, workload, threads=THREADS)
            begin(driven, connections)
            time.sleep(0.4)
            driven.drain()
            report = Report(driven.snapshot())
            driven.close()
        given_ns = [ns for given in server.given_ns for ns in given[1:]]  # the first is the probe
        assert report.errors == {}
        assert report.sent == report.messages == report.service.total == len(given_ns) > 100
        # What was queued at the end is lost: a response time without a service time.
        slower = report.service.counts.cumsum() + report.lost
        assert (report.response.counts.cumsum() <= slower).all()
        return given_ns, report.service

    def test_a_message_is_timed_to_its_last_byte(self, serve, fleet):
        """Ten bytes at once and the rest 20 ms later is a response of 20 ms."""

        def in_two(connection):
            while True:
                message = receive(connection, 64)
                connection.sendall(message[:10])
                time.sleep(0.02)
                connection.sendall(message[10:])

        driven = fleet(serve(in_two), CLOSED)
        begin(driven)
        time.sleep(0.3)
        driven.drain()
        report = Report(driven.snapshot())
        assert report.errors == {}
        assert report.response.total == report.messages > CONNECTIONS
        assert report.response.min_ns >= 20e6 * 0.999


class TestStall:
    """A server frozen for S seconds in a window of W; an open loop of N connections, rate r each.

    By hand: arrivals are uniform, so the share of messages that is due in the stall is S / W, and
    what is due t seconds into it waits S - t. A message therefore waits over x seconds with
    probability (S - x) / W, and the q-quantile of the response time is S - (1 - q) W.

    The service time begins when a message is sent, and a connection has one under way at most: of
    N r W messages only N wait, a share of 1 / (r W). Its percentiles do not see the stall.

    What waited is sent when the stall ends, and takes some ms: hence few connections. On a busy
    machine it takes longer, or as long as a time-out: hence five tries.
    """

    CONNECTIONS, RATE = 4, 50

    def stall(self, server, seconds):
        """Freeze it; how long at least, and at most: it goes on when the system lets it."""
        with socket.create_connection((server.host, server.port), timeout=30) as witness:
            before = time.monotonic()
            os.kill(server.pid, signal.SIGSTOP)
            began = time.monotonic()
            time.sleep(seconds)
            ended = time.monotonic()
            os.kill(server.pid, signal.SIGCONT)
            witness.sendall(b"?")
            assert witness.recv(1) == b"?"
            return ended - began, time.monotonic() - before

    def test_response_percentiles_are_those_derived_by_hand(self, fleet, server_process):
        """Of two fleets, one times out in the stall, after S / 2 or more: each of its connections
        loses the message that is under way, the first that was due in the stall. It is opened
        again, which the kernel does without the server; all others wait for the end of the stall as
        they do without time-outs. So of the waits that are longer than the time-out the N longest
        are missing, one of each connection: S - (1 - q) W - 1 / r. Shorter ones are as many as
        without.
        """
        for tries_left in reversed(range(5)):
            try:
                for each in self.measure(fleet, server_process):
                    self.check(*each)
                break
            except AssertionError:
                if not tries_left:
                    raise

    def measure(self, fleet, server):
        """Of each fleet how long it was stalled, its time-out, and its snapshots."""
        fleets = []
        for timeout_s in (30.0, 0.7):
            workload = Workload("open", rate_per_connection=self.RATE, timeout_s=timeout_s)
            fleets.append(fleet((server.host, server.port), workload, threads=THREADS))
            begin(fleets[-1], self.CONNECTIONS)
        time.sleep(0.2)
        before = [driven.snapshot() for driven in fleets]
        time.sleep(0.5)
        stalled_s = self.stall(server, 1.0)
        time.sleep(0.5)
        windows = [driven.snapshot() for driven in fleets]
        for driven in fleets:
            driven.drain(PATIENCE_S)
            assert driven.progress().ready == self.CONNECTIONS
        after = [driven.snapshot() for driven in fleets]
        for driven in fleets:
            driven.close()
        stalled = [(stalled_s, driven.workload.timeout_s) for driven in fleets]
        return [
            (*each, *snapshots)
            for each, *snapshots in zip(stalled, before, windows, after, strict=True)
        ]

    def check(self, stalled_s, timeout_s, before, window, after):
        """What one fleet reports is what is derived by hand."""
        shortest_s, longest_s = stalled_s
        whole, window = Report(before, window, after), Report(window)
        offered = self.CONNECTIONS * self.RATE
        lost = self.CONNECTIONS if timeout_s < shortest_s else 0
        assert window.errors == ({"timeout": lost} if lost else {})
        assert window.lost == lost  # and later what is queued when it stops
        assert whole.due == whole.messages + whole.lost == whole.response.total
        assert whole.pending == 0
        assert abs(window.due - offered * window.seconds) <= 2 * THREADS
        for percentile in (80, 90, 95, 99):  # with S = 1 and W = 2 some 0.6, 0.8, 0.9 and 0.98 s
            without_s = (1 - percentile / 100) * window.seconds
            if lost and shortest_s - without_s > timeout_s:
                without_s += 1 / self.RATE
            said_s = window.response.percentile_ns(percentile) / 1e9
            assert said_s >= 0.95 * (shortest_s - without_s)
            assert said_s <= 1.05 * (longest_s - without_s) + CATCH_UP_S
        # Those that were due in the stall with over 100 ms of it to come.
        waited = over(window.response, 100_000_000) / offered
        assert 0.9 * (shortest_s - 0.1) <= waited <= 1.1 * (longest_s - 0.1) + CATCH_UP_S

        # Coordinated omission: a message per connection, 1 %, and the p95 sees none of it. (With
        # time-outs it is lost, and one that was sent anew with the stall's end may be late.)
        slow = over(window.service, 100_000_000)
        assert self.CONNECTIONS <= slow <= 2 * self.CONNECTIONS
        assert window.service.max_ns >= 0.9 * min(1.0, timeout_s) * 1e9
        assert window.service.percentile_ns(95) <= 0.1e9


class TestOneMisbehaviour:
    """One message of many is not echoed as it should be; its connection fails, the others go on."""

    @pytest.mark.parametrize(
        ("misbehave", "cause"), MISBEHAVIOURS.values(), ids=MISBEHAVIOURS.keys()
    )
    def test_it_is_counted_once_and_at_once(self, serve, fleet, misbehave, cause):
        server = Misbehaving({BEFORE + 1: misbehave})
        self.drive(fleet(serve(server), CLOSED, threads=THREADS), server, cause)

    def test_silence_after_a_part_is_a_timeout_when_its_time_is_up(self, serve, fleet):
        server = Misbehaving({BEFORE + 1: a_part})
        workload = Workload("impatient", timeout_s=0.5, reconnect=False)
        self.drive(fleet(serve(server), workload, threads=THREADS), server, "timeout")
        patience_s = (server.gone_ns[0] - server.hurt_ns[0]) / 1e9
        # The clock runs from the sending, a little before the arrival.
        assert 0.4 < patience_s < 0.5 + SLACK_S

    def test_messages_swapped_between_two_connections_fail_both(self, serve, fleet):
        swap = Swapped()
        server = Misbehaving({BEFORE + 1: swap, BEFORE + 2: swap})
        self.drive(fleet(serve(server), CLOSED, threads=THREADS), server, "corrupt", failures=2)

    @pytest.mark.parametrize("place", [0, 65_535, 65_536, 199_999])
    def test_a_wrong_byte_anywhere_in_a_large_message(self, serve, fleet, place):
        size = 200_000
        server = Misbehaving({BEFORE + 1: flipped(place)}, size)
        workload = Workload("large", size_bytes=size, reconnect=False)
        self.drive(fleet(serve(server), workload), server, "corrupt")

    def test_one_wrong_byte_in_five_thousand_messages(self, serve, fleet):
        """Found, counted once, and attributed; every other message is a sample."""
        server = Misbehaving({2_500: flipped(17)})
        self.drive(fleet(serve(server), CLOSED), server, "corrupt", messages=5_000)

    def drive(self, driven, server, cause, failures=1, messages=BEFORE):
        begun = time.monotonic()
        begin(driven)
        until(lambda: len(server.gone) == failures)
        assert sorted(server.gone) == sorted(server.hurt), "another connection was blamed"
        took_s = (server.gone_ns[-1] - server.hurt_ns[0]) / 1e9
        assert took_s < SLACK_S or cause == "timeout"
        # The server may know of a reset, which was its own doing, before the client does.
        until(lambda: driven.progress().failed == failures)
        assert driven.progress().ready == CONNECTIONS - failures

        snapshots = [driven.snapshot()]
        before = server.received
        until(lambda: server.received >= max(before + 20, messages))
        snapshots.append(driven.snapshot())
        assert snapshots[-1].messages > 0
        assert snapshots[-1].errors == {}, "the others were hurt"
        driven.drain()
        report = Report(*snapshots, driven.snapshot())
        assert report.errors == {cause: failures}
        assert report.sent == server.received - PROBES
        assert report.messages == report.sent - failures
        assert report.lost == failures
        unanswered = 0 if cause in ("corrupt", "excess") else failures
        assert report.response.total == report.messages + unanswered
        assert len(server.gone) == failures
        assert time.monotonic() - begun < 2 * PATIENCE_S

    def test_the_end_of_file_after_a_whole_message_ends_the_next(self, serve, fleet):
        """By hand: the last echo is a sample; one more message is sent and lost."""
        server = Misbehaving({BEFORE + 1: half_close_after})
        driven = fleet(serve(server), CLOSED, threads=THREADS)
        begin(driven)
        until(lambda: driven.progress().failed == 1)
        driven.drain()
        report = Report(driven.snapshot())
        assert report.errors == {"closed_by_server": 1}
        assert report.messages == server.received - PROBES
        assert report.sent == report.messages + 1
        assert report.lost == 1
        assert server.gone == server.hurt

    def test_messages_due_on_a_connection_that_stays_closed_wait_in_vain(self, serve, fleet):
        """By hand: when one of five has ended, one of five due messages is not sent. Each waits
        from when it was due to the end, evenly spread over that time."""
        server = Misbehaving({BEFORE + 1: half_close_after})
        driven = fleet(serve(server), Workload("open", rate_per_connection=40, reconnect=False))
        begin(driven)
        until(lambda: driven.progress().failed == 1)
        before = driven.snapshot()
        assert before.errors == {"closed_by_server": 1}
        time.sleep(0.5)
        snapshot = driven.snapshot()
        report = Report(snapshot)
        assert report.errors == {}
        # What is due is noticed when the loader runs, which a busy machine may keep from it.
        assert report.due == pytest.approx(CONNECTIONS * 40 * report.seconds, abs=15)
        assert report.sent == pytest.approx(report.due * 4 / 5, abs=4)
        waiting = recorded(snapshot, "waiting")
        assert waiting.total == snapshot.pending == pytest.approx(40 * report.seconds, abs=6)
        shortest_s, longest_s = report.seconds, report.seconds + before.seconds
        assert shortest_s - 0.1 <= waiting.max_ns / 1e9 <= longest_s
        assert 0.4 * shortest_s <= waiting.mean_ns / 1e9 <= 0.5 * longest_s + 0.1
        driven.drain()
        report = Report(before, snapshot, driven.snapshot())
        assert (report.pending, report.due) == (0, report.messages + report.lost)
        assert report.lost == pytest.approx(snapshot.pending, abs=4)


class TestReconnecting:
    """A connection that fails is opened again, proves itself once more, and goes on."""

    @pytest.mark.parametrize("name", ["middle byte", "half close", "reset"])
    def test_one_failure_costs_one_message_and_one_probe(self, serve, fleet, name):
        misbehave, cause = MISBEHAVIOURS[name]
        server = Misbehaving({BEFORE + 1: misbehave})
        driven = fleet(serve(server), Workload("closed"), threads=THREADS)
        begin(driven)
        until(lambda: len(server.gone) == 1 and driven.progress().ready == CONNECTIONS)
        before = driven.progress().messages
        until(lambda: driven.progress().messages >= before + 50)
        driven.drain()
        report = Report(driven.snapshot())
        assert (driven.progress().failed, driven.progress().opening) == (0, 0)
        assert report.errors == {cause: 1}
        assert report.lost == 1
        assert report.sent == report.messages + 1 == server.received - PROBES - 1
        assert report.response.total == report.messages + (cause != "corrupt")
        assert report.connect.total == CONNECTIONS + 1

    def test_messages_wait_in_order_for_a_server_that_comes_back(self, serve, fleet, tmp_path):
        """By hand: it is away for S seconds of W. What is due in that time waits for the rest of
        it, whatever is refused meanwhile, so that a share of (S - x) / W waits over x seconds. Lost
        is what was under way when it went, one message per connection at most.
        """
        connections, rate = 4, 50
        spec = parse_spec("asyncio_streams")
        with spec.process(log=tmp_path / "first") as server:
            port = server.port
            driven = fleet((server.host, port), Workload("open", rate_per_connection=rate))
            begin(driven, connections)
            time.sleep(0.2)
            went = time.monotonic()
            os.kill(server.pid, signal.SIGKILL)
            until(lambda: driven.progress().failed == connections)
            gone = time.monotonic()
            time.sleep(0.6)
        back = time.monotonic()
        serve(echo, port)
        until(lambda: driven.progress().ready == connections)
        served = time.monotonic()
        time.sleep(0.2)
        driven.drain(PATIENCE_S)
        report = Report(driven.snapshot())
        assert report.errors.pop("connect_refused") >= connections
        assert set(report.errors) <= {"closed_by_server", "reset"}
        # Its connections end before its listener, which may take some of them up once more.
        assert connections <= sum(report.errors.values()) <= 2 * connections
        assert report.due == report.messages + report.lost == report.response.total
        assert report.lost <= connections
        for x_s in (0.1, 0.3, 0.5):
            waited = over(report.response, int(x_s * 1e9)) / (connections * rate)
            # What has waited is sent one after the other when it is back, which takes some time.
            assert back - gone - x_s - 0.05 <= waited <= served - went - x_s + 0.25

    def test_what_is_due_on_connections_that_never_opened_waits_in_vain(self, serve, fleet):
        """By hand: two of five are served, so three of five due messages are lost, and wait for
        half of the time on average."""
        pool = threading.Semaphore(2)

        def full(connection):
            if pool.acquire(blocking=False):
                echo(connection)
            while connection.recv(65536):
                pass

        driven = fleet(serve(full), Workload("open", rate_per_connection=40))
        driven.resize(CONNECTIONS)
        until(lambda: driven.progress().ready == 2)
        driven.snapshot()
        driven.load()
        time.sleep(0.5)
        driven.drain()
        report = Report(driven.snapshot())
        assert report.errors.keys() == {"never_opened"}
        assert report.due == report.messages + report.lost == report.response.total
        assert report.lost == pytest.approx(report.due * 3 / 5, abs=5)
        assert report.response.percentile_ns(70) / 1e9 == pytest.approx(report.seconds / 2, rel=0.2)

    def test_a_server_that_ends_every_connection_is_not_hammered(self, serve, fleet):
        """By hand: each connection brings its probe and is opened again every 0.1 s or more."""

        alive = threading.Event()

        def until_then(connection):
            (once if alive.is_set() else echo)(connection)

        driven = fleet(serve(until_then), Workload("open", rate_per_connection=1))
        begin(driven)
        alive.set()
        began = time.monotonic()
        driven.resize(CONNECTIONS + 1)
        time.sleep(0.5)
        report = Report(driven.snapshot())
        assert report.connect.total <= CONNECTIONS + (time.monotonic() - began) / 0.1 + 1

    def test_it_goes_on_after_a_drain(self, serve, fleet):
        """By hand: what fails while nothing is sent stays closed until there is load again."""
        server = Misbehaving({BEFORE + 1: reset})
        driven = fleet(serve(server), Workload("closed"))
        begin(driven)
        until(lambda: server.received >= BEFORE + 20)
        driven.drain()
        driven.load()
        before = driven.progress().messages
        until(lambda: driven.progress().messages > before + 20)
        until(lambda: driven.progress().ready == CONNECTIONS)


class TestEveryConnection:
    """The server treats all connections alike."""

    def test_an_echo_in_single_bytes_is_one_message_and_one_sample(self, serve, fleet):
        size = 16
        echoed = []

        def in_single_bytes(connection):
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            while True:
                message = receive(connection, size)
                echoed.append(message)
                for place in range(size):
                    connection.sendall(message[place : place + 1])

        workload = Workload("small", size_bytes=size)
        driven = fleet(serve(in_single_bytes), workload, threads=THREADS)
        begin(driven)
        until(lambda: driven.progress().messages >= 100)
        driven.drain()
        report = Report(driven.snapshot())
        assert report.errors == {}
        assert report.sent == report.messages == report.response.total == len(echoed) - PROBES

    @pytest.mark.parametrize(
        ("handler", "cause"),
        [(greeting, "corrupt"), (once, "closed_by_server"), (never_reading, "timeout")],
    )
    def test_where_no_probe_or_only_that_is_echoed_nothing_is_loaded(
        self, serve, fleet, handler, cause
    ):
        """By hand: each accepts, so all connect, and fail once; none has a message to send on."""
        workload = Workload("impatient", timeout_s=0.3, reconnect=False)
        driven = fleet(serve(handler), workload, threads=THREADS)
        begun = time.monotonic()
        driven.resize(CONNECTIONS)
        opened = driven.wait_open(PATIENCE_S)
        until(lambda: driven.progress().failed == CONNECTIONS)
        took_s = time.monotonic() - begun
        driven.load()
        report = Report(driven.snapshot())
        if handler is not once:  # whose one echo proves it
            assert (opened.connected, opened.failed) == (0, CONNECTIONS)
        assert 0.3 * (cause == "timeout") <= took_s < 0.3 + SLACK_S
        assert report.errors == {cause: CONNECTIONS}
        assert report.sent == report.messages == report.response.total == 0
        assert report.connect.total == CONNECTIONS

    def test_a_server_that_stops_reading_a_message_too_large_for_any_buffer(self, serve, fleet):
        """By hand: each sends one message, of which the kernel takes a part, and gets no echo."""
        ended = threading.Event()
        size = 16 * 1024 * 1024

        def once(connection):
            connection.sendall(receive(connection, size))
            ended.wait(60)

        workload = Workload("impatient", size_bytes=size, timeout_s=1.0)
        driven = fleet(serve(once), workload)
        begin(driven, 2)
        begun = time.monotonic()
        until(lambda: driven.progress().failed == 2)
        took_s = time.monotonic() - begun
        report = Report(driven.snapshot())
        ended.set()
        assert 0.5 <= took_s < 1.0 + SLACK_S
        assert report.errors == {"timeout": 2}
        assert (report.sent, report.messages) == (2, 0)

    def test_what_is_not_connected_when_the_load_begins_is_distinguished_from_what_gets_no_reply(
        self, fleet
    ):
        """By hand: without an accept(), the kernel connects backlog + 1 = 1."""
        with socket.create_server(("127.0.0.1", 0), backlog=0) as listener:
            driven = fleet(listener.getsockname(), CLOSED)
            driven.resize(CONNECTIONS)
            driven.wait_open(0.5)
            driven.load()
            report = Report(driven.snapshot())
        assert report.errors == {"never_opened": 1, "connect_timeout": CONNECTIONS - 1}

    def test_a_server_that_accepts_slowly_is_slow_to_open_not_to_connect(self, serve, fleet):
        """It accepts one each 50 ms. The kernel connects up to backlog + 1 = 2 without it.

        By hand: connecting takes no time, the first echo waits for the accept, so opening ends with
        the last accept.
        """
        accepted_ns = []

        def handler(connection):
            accepted_ns.append(time.monotonic_ns())
            echo(connection)

        driven = fleet(serve(handler, backlog=1, every_s=0.05), CLOSED, in_flight=2)
        asked_ns = time.monotonic_ns()
        driven.resize(6)
        opened = driven.wait_open(PATIENCE_S)
        report = Report(driven.snapshot())
        assert (opened.connected, opened.failed) == (6, 0)
        assert opened.setup_s >= 5 * 0.05
        assert opened.setup_s == pytest.approx((accepted_ns[-1] - asked_ns) / 1e9, abs=0.2)
        assert report.connect.total == 6
        assert report.connect.max_ns < 500e6
        assert report.errors == {}

    def test_a_full_backlog_costs_a_connect_its_retransmission(self, serve, fleet):
        """Four at once, where the kernel queues two: the others' SYN is dropped.

        By hand: it is sent again after 1 s (RFC 6298, 2.1) and then finds room.
        """
        driven = fleet(serve(echo, backlog=1, every_s=0.1), CLOSED, in_flight=4)
        driven.resize(4)
        opened = driven.wait_open(PATIENCE_S)
        connect = Report(driven.snapshot()).connect
        assert (opened.connected, opened.failed) == (4, 0)
        assert connect.total == 4
        assert 1 <= over(connect, 950_000_000) <= 2
        assert over(connect, 500_000_000) == over(connect, 950_000_000)
        assert opened.setup_s > 0.95

    def test_a_server_that_dies_in_the_window(self, fleet, server_process):
        """By hand: each connection has one message under way and ends once; later ones are refused.

        Whether the kernel sends an end of file or a reset depends on what it had not read yet.
        """
        address = (server_process.host, server_process.port)
        driven = fleet(address, CLOSED, threads=THREADS)
        begin(driven, 10)
        until(lambda: driven.progress().messages >= 100)
        os.kill(server_process.pid, signal.SIGKILL)
        until(lambda: driven.progress().failed == 10)
        report = Report(driven.snapshot())
        assert set(report.errors) <= {"closed_by_server", "reset"}
        assert sum(report.errors.values()) == 10
        assert report.sent == report.messages + report.lost == report.response.total
        assert report.lost == 10

        driven.resize(15)
        until(lambda: driven.progress().failed == 15)
        assert driven.snapshot().errors == {"connect_refused": 5}
