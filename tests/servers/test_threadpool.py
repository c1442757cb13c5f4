"""What clients beyond the pool experience."""

import socket

import pytest

from tests.servers.talk import served


def test_who_comes_while_all_workers_are_busy_waits_until_one_leaves(serve, connect, wait_until):
    server = serve("threadpool,workers=2", verbose=True)
    first, second = connect(server), connect(server)
    assert served(first)
    assert served(second)
    third, fourth = connect(server), connect(server)
    for waiting in (third, fourth):
        waiting.sendall(b"!")
    wait_until(lambda: "2 wait" in server.log_tail())
    peer = f"127.0.0.1:{third.getsockname()[1]}"
    assert f"threadpool: {peer}: all 2 workers are busy: 1 wait\n" in server.log.read_text()
    assert f"{peer}: connected" not in server.log.read_text()
    third.settimeout(0.2)
    with pytest.raises(TimeoutError):
        third.recv(1)
    assert served(first), "while those who have a worker are served"

    third.settimeout(15)
    first.close()
    assert third.recv(1) == b"!"
    assert f"{peer}: connected" in server.log.read_text()
    third.shutdown(socket.SHUT_WR)
    assert fourth.recv(1) == b"!", "in the order in which they came"


def test_a_growing_queue_is_told_of_as_often_as_it_doubles(serve, connect, wait_until):
    server = serve("threadpool,workers=1")
    connections = [connect(server) for _ in range(11)]
    wait_until(lambda: server.log_tail().endswith("8 wait"))
    assert [line.split()[-2] for line in server.log_tail().splitlines()[1:]] == list("1248")
    for connection in connections:
        assert served(connection)
        connection.close()
