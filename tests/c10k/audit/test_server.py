"""What the exact server writes down of a message."""

import socket
import threading
import time

from c10k.audit.behaviours import Answer, Behaviour
from c10k.audit.server import ECHO_BYTES, ExactServer


def test_a_message_arrives_when_the_kernel_has_it_also_before_its_connection_is_accepted():
    server = ExactServer(Behaviour("slow", "", lambda _, at_s: Answer(at_s), (), accept_s=0.3))
    stop = threading.Event()
    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=server.serve, args=(listener, stop.is_set))
        thread.start()
        try:
            for waits_s in (0.0, 0.2):  # the second client waits for being accepted
                with socket.create_connection(listener.getsockname(), timeout=20) as client:
                    began_ns = time.monotonic_ns()
                    client.sendall(bytes(ECHO_BYTES))
                    assert client.recv(ECHO_BYTES, socket.MSG_WAITALL) == bytes(ECHO_BYTES)
                assert server.answered_ns[-1] - server.arrived_ns[-1] >= waits_s * 1e9
                assert began_ns <= server.arrived_ns[-1] <= server.accepted_ns[-1] + 0.2e9
        finally:
            stop.set()
            thread.join()
