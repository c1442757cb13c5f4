"""A TCP relay to an echo server: it holds replies back, loses messages, and keeps a record.

python -m benchmarks.reliability.relay HOST [--least-ms 20 --jitter-ms 25] [--lost 0.05]

A reply leaves a drawn time after its message came: the least, and an exponential jitter of the
given mean. The draws are spread evenly over the distribution, so that a few hundred of them have
it. A lost message is not passed on. The first message of a connection, by which the loader proves
it, is never lost and stands in no record.

Prints one line when it listens, and one when the first message came. On SIGTERM or Ctrl-C it
prints its `Record` as JSON and ends.
"""

import argparse
import asyncio
import math
import random
import signal
import socket
import struct
import time
from collections.abc import Iterator
from contextlib import suppress
from itertools import count
from typing import Final

import msgspec

LISTEN, ECHO = 9001, 9000
MESSAGE_BYTES: Final = 64
GOLDEN: Final = (math.sqrt(5) - 1) / 2
SEED: Final = 20


class Record(msgspec.Struct):
    """What the relay did: per connection when each message that it passed on arrived (in ns of
    CLOCK_MONOTONIC), and how many ns later its reply left. How many messages it lost."""

    messages: list[list[tuple[int, int]]] = []
    lost: int = 0


class Relay:
    """The relay; `run` serves until SIGTERM or SIGINT."""

    def __init__(self, least_ms: float, jitter_ms: float, lost: float) -> None:
        self.record = Record()
        self._delays_s = _delays_s(least_ms / 1e3, jitter_ms / 1e3)
        self._lost, self._random = lost, random.Random(SEED)

    async def run(self, host: str, port: int) -> None:
        """Serve, until SIGTERM or SIGINT."""
        stop = asyncio.Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            asyncio.get_running_loop().add_signal_handler(number, stop.set)
        await asyncio.start_server(self._serve, host, port, backlog=1024)
        print("listening", flush=True)
        await stop.wait()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        # If the relay is killed, its kernel forgets the connection at once: a RST, no FIN.
        client: socket.socket = writer.get_extra_info("socket")
        client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        server_reader, server_writer = await asyncio.open_connection("127.0.0.1", ECHO)
        # Until the client goes, or the relay ends.
        with suppress(asyncio.IncompleteReadError, ConnectionError, asyncio.CancelledError):
            await self._relay(reader, writer, server_reader, server_writer)
        server_writer.close()
        writer.close()

    async def _relay(
        self,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        server_reader: asyncio.StreamReader,
        server_writer: asyncio.StreamWriter,
    ) -> None:
        noted: list[tuple[int, int]] = []
        self.record.messages.append(noted)
        for number in count():
            message = await reader.readexactly(MESSAGE_BYTES)
            arrived_ns = time.monotonic_ns()
            if number and self._random.random() < self._lost:
                self.record.lost += 1
                continue
            server_writer.write(message)
            reply = await server_reader.readexactly(MESSAGE_BYTES)
            due_ns = arrived_ns + round(next(self._delays_s) * 1e9)
            await asyncio.sleep((due_ns - time.monotonic_ns()) / 1e9)
            if number:
                if not any(self.record.messages):
                    print("loaded", flush=True)
                noted.append((arrived_ns, time.monotonic_ns() - arrived_ns))
            writer.write(reply)


def _delays_s(least_s: float, jitter_s: float) -> Iterator[float]:
    share = 0.0
    while True:
        share = (share + GOLDEN) % 1
        yield least_s - jitter_s * math.log1p(-share)


def main() -> None:
    """Relay, then print the record."""
    parser = argparse.ArgumentParser()
    parser.add_argument("host")
    for name in ("--least-ms", "--jitter-ms", "--lost"):
        parser.add_argument(name, type=float, default=0.0)
    args = parser.parse_args()
    relay = Relay(args.least_ms, args.jitter_ms, args.lost)
    asyncio.run(relay.run(args.host, LISTEN))
    print(msgspec.json.encode(relay.record).decode())


if __name__ == "__main__":
    main()
