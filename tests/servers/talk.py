"""How the tests call an echo server, what they say to it, and how they look at it."""

import contextlib
import os
import signal
import socket
import struct
import threading
from pathlib import Path

import psutil

from c10k.servers.catalogue import ServerSpec, parse_command, parse_spec
from c10k.servers.process import ServerProcess

RESET_ON_CLOSE = struct.pack("ii", 1, 0)


def parse(text: str) -> ServerSpec:
    """Read a SPEC, or the definition of a program that is not in the catalogue."""
    return parse_command(text, Path.cwd()) if "{port}" in text else parse_spec(text)


def receive(connection: socket.socket, size: int) -> bytes:
    """Read until size bytes are here or the peer has ended."""
    data = bytearray()
    while len(data) < size and (part := connection.recv(min(65_536, size - len(data)))):
        data += part
    return bytes(data)


def echo(connection: socket.socket, message: bytes) -> bytes:
    """Send while receiving, as a message larger than the buffers between demands."""
    sender = threading.Thread(target=connection.sendall, args=(message,))
    sender.start()
    answer = receive(connection, len(message))
    sender.join()
    return answer


def served(connection: socket.socket) -> bool:
    """Whether a byte comes back on a connection within its timeout."""
    try:
        connection.sendall(b"?")
        return connection.recv(1) == b"?"
    except OSError:
        return False


def reset(connection: socket.socket) -> None:
    """End it with a RST."""
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET_ON_CLOSE)
    connection.close()


def fill(connection: socket.socket, size: int, stall_s: float = 0.25) -> int:
    """Send x without reading until nothing is taken for so long, or `size` bytes; how many were."""
    for kind in (socket.SO_RCVBUF, socket.SO_SNDBUF):
        connection.setsockopt(socket.SOL_SOCKET, kind, 65_536)  # or it would take some megabytes
    connection.settimeout(stall_s)
    sent = 0
    with contextlib.suppress(TimeoutError):
        while sent < size:
            sent += connection.send(b"x" * 65_536)
    return sent


def tree(server: ServerProcess) -> list[psutil.Process]:
    """The processes of a server, itself first."""
    process = psutil.Process(server.pid)
    return [process, *process.children(recursive=True)]


def rss_bytes(server: ServerProcess) -> int:
    """What all of them have resident."""
    resident = 0
    for process in tree(server):
        with contextlib.suppress(psutil.NoSuchProcess):  # of a connection that has just ended
            resident += process.memory_info().rss
    return resident


def signal_all(server: ServerProcess, number: signal.Signals) -> None:
    """Send a signal to each of them."""
    for process in tree(server):
        with contextlib.suppress(ProcessLookupError):  # of a connection that has just ended
            os.kill(process.pid, number)
