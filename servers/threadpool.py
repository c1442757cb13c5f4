"""Bounded thread pool: an echo server whose clients wait while all threads are busy.

A fixed number of threads starts with the server. The main thread accepts connections and puts them
into a queue. A free thread takes one and serves it with blocking calls until its client leaves. So
the pool costs its threads and their stacks, however many clients come; a connection that waits
costs a socket and a place in the queue. The kernel and the queue take any number of connections: a
client beyond the pool connects at once, but no thread reads what it sends until an earlier client
has left. Choose this model where connections are short and an overload must not exhaust the
machine. Where clients stay connected, it serves as many of them as it has threads.

python -m servers.threadpool --port 9000 --workers 64
"""

from __future__ import annotations

import _thread
import queue
import socket
import sys
import threading

from .framework.accepting import accepted_alone
from .framework.blocking import echo
from .framework.command_line import CommandLine
from .framework.signals import end_at_once_on_signals


class Pool:
    """The workers, and the connections that wait for one."""

    def __init__(self, command_line: CommandLine) -> None:
        self._command_line = command_line
        self._log = command_line.log
        self._workers: int = command_line.options.workers
        self._queue: queue.SimpleQueue[tuple[socket.socket, str]] = queue.SimpleQueue()
        self._lock = threading.Lock()
        self._connections = 0
        self._logged = 0

    def start(self) -> None:
        """Start the workers. Raises RuntimeError if the system gives no thread."""
        for _ in range(self._workers):
            _thread.start_new_thread(self._work, ())

    def add(self, connection: socket.socket, peer: str) -> None:
        """Queue a connection for the next free worker."""
        with self._lock:
            self._connections += 1
            waiting = self._connections - self._workers
        if waiting > 0:
            self._log_waiting(waiting, peer)
        self._queue.put((connection, peer))

    def _log_waiting(self, waiting: int, peer: str) -> None:
        """Log how many wait: each time if verbose, else when their number has doubled."""
        if self._log.verbose or waiting >= 2 * self._logged:
            self._logged = waiting
            self._log(f"{peer}: all {self._workers} workers are busy: {waiting} wait")

    def _work(self) -> None:
        while True:
            connection, peer = self._queue.get()
            echo(connection, peer, self._command_line)
            with self._lock:
                self._connections -= 1


def main() -> None:
    """Serve until SIGTERM or SIGINT."""
    command_line = CommandLine("threadpool", __doc__)
    end_at_once_on_signals()
    listener = command_line.listen()
    pool = Pool(command_line)
    try:
        pool.start()
    except (RuntimeError, MemoryError) as error:
        sys.exit(f"threadpool: cannot start the workers: {error}")
    command_line.announce(listener)
    for connection, peer in accepted_alone(listener, command_line.log):
        pool.add(connection, peer)


if __name__ == "__main__":
    main()
