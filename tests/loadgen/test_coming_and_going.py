"""Connections that are closed and opened again, that stay silent, that come from elsewhere."""

import socket
import threading
import time
from array import array
from itertools import count

import pytest

from c10k.loadgen.address import Address
from c10k.loadgen.workload import Workload
from tests.loadgen.conftest import PATIENCE_S, drained, echo, loaded, recorded, total, until

pytestmark = pytest.mark.system


class Counting:
    """An echo server's handler that notes how many messages each connection brought."""

    def __init__(self):
        self.messages = []
        self.ended = []

    def __call__(self, connection):
        place = len(self.messages)
        self.messages.append(0)
        while data := connection.recv(64):
            self.messages[place] += 1
            connection.sendall(data)
        self.ended.append(place)


class TestChurn:
    def test_a_connection_ends_after_its_share_of_messages(self, serve, fleet):
        server = Counting()
        workload = Workload("churn", messages_per_connection=3)
        with loaded(fleet(serve(server), workload), 1) as driven:
            until(lambda: driven.progress().messages >= 30)
            snapshot = drained(driven)
            assert (driven.progress().ready, driven.progress().failed) == (1, 0)
        assert snapshot.errors == {}
        assert snapshot.opened == len(server.messages) >= 10
        assert server.messages[0] == 1 + 3  # the first proves the connection
        assert set(server.messages[1:-1]) == {3}
        assert total(snapshot, "first_echo") == snapshot.opened
        assert snapshot.sent == snapshot.messages == total(snapshot, "response")

    def test_in_a_closed_loop_the_next_message_is_due_when_it_connects(self, serve, fleet):
        """Its response time holds the connect, its service time does not."""
        workload = Workload("churn", messages_per_connection=1)
        with loaded(fleet(serve(echo), workload), 1) as driven:
            until(lambda: driven.progress().messages >= 20)
            snapshot = drained(driven)
        for kind in ("response", "service", "send_lag"):
            assert total(snapshot, kind) == snapshot.messages
        lag_ns = snapshot.sums_ns["response"] - snapshot.sums_ns["service"]
        assert lag_ns == snapshot.sums_ns["send_lag"]
        # Every connect but the first is part of a message's waiting to be sent.
        first_ns = recorded(snapshot, "connect").max_ns
        assert lag_ns >= snapshot.sums_ns["connect"] - first_ns > 0

    def test_in_an_open_loop_it_stays_closed_until_the_next_message_is_due(self, serve, fleet):
        server = Counting()
        workload = Workload("churn", rate_per_connection=10, messages_per_connection=1)
        with loaded(fleet(serve(server), workload), 4) as driven:
            until(lambda: driven.progress().messages >= 4)
            until(lambda: len(server.ended) >= 4)  # each after its first message
            assert driven.progress().ready == 4
            snapshot = driven.snapshot()
            until(lambda: driven.progress().messages >= 12)
            later = drained(driven)
        assert snapshot.opened + later.opened == len(server.messages)
        assert snapshot.errors == later.errors == {}
        assert 4 + snapshot.messages + later.messages == sum(server.messages)

    def test_a_message_that_waits_behind_another_opens_it_at_once(self, serve, fleet):
        def slow(connection):
            while data := connection.recv(64):
                time.sleep(0.1)
                connection.sendall(data)

        workload = Workload("churn", rate_per_connection=20, messages_per_connection=1)
        with loaded(fleet(serve(slow), workload), 1) as driven:
            time.sleep(0.6)
            snapshot = drained(driven)
        # 20/s are due, 10/s are answered: the longer it goes on, the longer they have waited.
        assert 4 <= snapshot.messages <= 7
        assert recorded(snapshot, "response").max_ns >= 200e6
        assert recorded(snapshot, "service").max_ns < 200e6

    @pytest.mark.parametrize("reconnect", [False, True])
    def test_a_message_that_is_refused_a_connection_fails_or_waits(self, serve, fleet, reconnect):
        with socket.create_server(("127.0.0.1", 0)) as listener:
            address = listener.getsockname()

            def once():
                connection, _ = listener.accept()
                listener.close()
                with connection:
                    echo(connection)

            threading.Thread(target=once, daemon=True).start()
            rate = 20 if reconnect else None
            workload = Workload(
                "churn", rate_per_connection=rate, messages_per_connection=2, reconnect=reconnect
            )
            with loaded(fleet(address, workload), 1) as driven:
                until(lambda: driven.progress().failed == 1)
                assert (driven.progress().ready, driven.progress().opening) == (0, 0)
                if reconnect:
                    serve(echo, address[1])
                    until(lambda: driven.progress().messages >= 6)
                snapshot = drained(driven)
        assert snapshot.errors.keys() == {"connect_refused"}
        if reconnect:
            assert snapshot.due == snapshot.messages + snapshot.lost
            assert snapshot.messages == snapshot.sent
        else:
            assert (snapshot.messages, snapshot.errors["connect_refused"]) == (2, 1)


class TestActive:
    def test_only_the_active_connections_send(self, serve, fleet):
        server = Counting()
        with loaded(fleet(serve(server), Workload("some", active=0.3), threads=2), 10) as driven:
            until(lambda: driven.progress().messages >= 100)
            snapshot = drained(driven)
        assert snapshot.starved == 0
        assert len(server.messages) == 10
        assert sorted(server.messages)[:7] == [1] * 7
        assert all(count > 1 for count in sorted(server.messages)[7:])

    def test_the_schedule_is_theirs_alone(self, serve, fleet):
        workload = Workload("some", rate_per_connection=50, active=0.25)
        with loaded(fleet(serve(echo), workload), 20) as driven:
            driven.snapshot()
            time.sleep(0.4)
            snapshot = driven.snapshot()
        assert snapshot.due == pytest.approx(5 * 50 * snapshot.seconds, abs=25)


class TestSources:
    def peers(self, serve, fleet, workload, connections):
        seen = []

        def note(connection):
            seen.append(connection.getpeername()[0])
            echo(connection)

        with loaded(fleet(serve(note), workload, in_flight=1), connections) as driven:
            until(lambda: driven.progress().messages >= connections)
            assert drained(driven).errors == {}
        return seen

    def test_connections_that_come_and_go_take_turns_at_all_addresses(self, serve, fleet):
        workload = Workload("churn", rate_per_connection=10, messages_per_connection=1)
        sources = [source.host for source in Address.resolve("127.0.0.1", 1).sources]
        peers = self.peers(serve, fleet, workload, 20)
        turns = ["127.0.0.1", *sources]
        assert peers[:20] == (turns * 2)[:20]

    def test_beyond_so_many_they_come_from_the_next(self, serve, fleet, monkeypatch):
        for engine in ("native", "portable"):
            module = "state" if engine == "portable" else "engine"
            monkeypatch.setattr(f"c10k.loadgen.{engine}.{module}.CONNECTIONS_PER_SOURCE", 4)
        peers = self.peers(serve, fleet, Workload("many"), 10)
        assert peers == ["127.0.0.1"] * 4 + ["127.0.1.1"] * 4 + ["127.0.1.2"] * 2


def test_growing_under_an_open_load_makes_no_late_message_of_what_is_not_open_yet(serve, fleet):
    workload = Workload("open", rate_per_connection=20)
    with loaded(fleet(serve(echo), workload), 2) as driven:
        for size in (30, 5, 40):
            driven.resize(size)
            until(lambda size=size: driven.progress().ready == size)
        driven.snapshot()
        time.sleep(0.3)
        snapshot = driven.snapshot()
        assert driven.progress().failed == 0
    assert snapshot.errors == {}
    assert snapshot.due == pytest.approx(40 * 20 * snapshot.seconds, abs=40)


@pytest.mark.parametrize(
    "engine", ["native", "native in processes", "portable", "portable in processes"], indirect=True
)
class TestSeveralProcesses:
    """The commands of a fleet, wherever its shards are."""

    def test_a_life(self, serve, fleet):
        places = count()

        def handler(connection):
            if next(places) < 7:
                echo(connection)
            connection.recv(64)  # and no echo

        with fleet(serve(handler), Workload("open", rate_per_connection=20)) as driven:
            driven.resize(7)
            opened = driven.wait_open(PATIENCE_S)
            assert (opened.connected, opened.failed) == (7, 0)
            assert total(driven.snapshot(), "connect") == 7
            driven.load()
            until(lambda: driven.progress().messages >= 20)
            driven.resize(3)
            until(lambda: driven.progress().ready == 3)
            assert sum(array("q", driven.response_counts())) >= 20
            snapshot = drained(driven)
            driven.resize(7)
            assert driven.wait_open(PATIENCE_S).failed == 4
            failures = driven.snapshot()
        assert snapshot.messages == total(snapshot, "response") >= 20
        assert snapshot.cpu_s > 0
        assert snapshot.errors == {}
        assert failures.errors == {"closed_by_server": 4}  # two of each process
