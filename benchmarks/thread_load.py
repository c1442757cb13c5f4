"""A loader with a Python thread per connection, as one would write it first.

python thread_load.py HOST PORT CONNECTIONS SECONDS SIZE: each thread sends a message, waits for its
echo, and repeats. It neither verifies nor times messages.
"""

import json
import socket
import sys
import threading
import time


def main() -> None:
    """Load for SECONDS and print the same figures as floor/load.c."""
    host, port, connections, seconds, size = sys.argv[1:]
    message = b"x" * int(size)
    sockets = [socket.create_connection((host, int(port))) for _ in range(int(connections))]
    done = [0] * len(sockets)
    began, cpu = time.monotonic(), time.process_time()
    end = began + float(seconds)

    def drive(index: int, connection: socket.socket) -> None:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        while time.monotonic() < end:
            connection.sendall(message)
            left = len(message)
            while left:
                left -= len(connection.recv(left))
            done[index] += 1

    threads = [threading.Thread(target=drive, args=each) for each in enumerate(sockets)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    elapsed, cpu = time.monotonic() - began, time.process_time() - cpu
    messages = sum(done)
    report = {"messages_per_s": messages / elapsed, "cpu_us_per_message": cpu / messages * 1e6}
    print(json.dumps(report | {"connections": len(sockets), "messages": messages}))


if __name__ == "__main__":
    main()
