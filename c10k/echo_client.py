"""The connection of `c10k client`, which sends what a person types and shows what comes back.

It generates no load: that is c10k.loadgen. Any thread may send on it, and none waits for a reply.
"""

import asyncio
import os
import socket
from asyncio import FIRST_COMPLETED
from collections.abc import Callable
from concurrent.futures import Future
from threading import Condition, Thread, current_thread
from typing import Any, Final, Self

QUEUE_BYTES: Final = 65_536
"""From so many bytes on that are queued, senders wait: they would fill the memory."""

READ_BYTES: Final = 65_536


class ConversationError(Exception):
    """Why the conversation ended early, and how many bytes had not come back; in one line."""


class UnreachableError(ConversationError):
    """Why it never began: the reason for each address that was tried, in one line."""


class EchoClient:
    """A connection that an event loop in a thread of its own opens, writes and reads.

    - `host`, `port`: a new client connects there at once, and tries the host's addresses in turn.
    - `received`: is called in the client's thread with bytes as they come. The client reads and
      sends nothing until it returns; an exception from it ends the conversation.
    - `connect_timeout_s`: how long each address may take, s.
    - `patience_s`: how long a closing client waits without a byte before it ends, s.

    As a context manager it closes and waits for the end, and raises what `ended` does. If the body
    fails, it breaks off instead. Creating one raises nothing: `connected` and `ended` say what
    went wrong.
    """

    connected: Future[str]
    """The address that answered, or the error that `ended` has, as UnreachableError."""

    ended: Future[None]
    """Done when the client was closed and as many bytes came as were sent. Its exception is a
    ConversationError, or what `received` raised."""

    failures: list[str]
    """Address and reason of each attempt to connect that failed."""

    def __init__(
        self,
        host: str,
        port: int,
        received: Callable[[bytes], object],
        *,
        connect_timeout_s: float = 5,
        patience_s: float = 10,
    ) -> None:
        self.connected = Future()
        self.ended = Future()
        self.failures = []
        self._host, self._port = host, port
        self._received = received
        self._connect_timeout_s = connect_timeout_s
        self._patience_s = patience_s
        self._room = Condition()  # guards the next three, and the loop against calls once closed
        self._closed = False
        self._queued_bytes = 0
        self._accepted_bytes = 0
        self._received_bytes = 0
        self._heard_at = 0.0
        self._queue: asyncio.Queue[bytes | None] = asyncio.Queue()
        self._closing = asyncio.Event()
        self._loop = asyncio.new_event_loop()
        self._conversation = self._loop.create_task(self._converse())
        # A daemon: a resolver may block it for long, a pipe that nobody reads for ever.
        self._thread = Thread(target=self._run, daemon=True)
        self._thread.start()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        try:
            if kind is None:
                self.close()
                self.ended.result()
        finally:
            with self._room:
                if not self._loop.is_closed():
                    self._loop.call_soon_threadsafe(self._conversation.cancel)

    def send_message(self, message: bytes) -> None:
        """Queue bytes; any thread may call it, and none waits for a reply.

        It waits while more than QUEUE_BYTES are queued, except in the client's own thread, which
        sends them. Raises what `ended` does, or ConversationError after `close`.
        """
        with self._room:
            if current_thread() is not self._thread:
                self._room.wait_for(lambda: self._closed or self._queued_bytes <= QUEUE_BYTES)
            if self._closed:
                if self.ended.done():
                    self.ended.result()
                raise ConversationError("the client is closed")
            self._queued_bytes += len(message)
            self._accepted_bytes += len(message)
            self._loop.call_soon_threadsafe(self._queue.put_nowait, message)

    def close(self) -> None:
        """Send what is queued, half-close, and read what still comes; any thread may call it.

        It returns at once: `ended` says when that is done. Closing again does nothing.
        """
        with self._room:
            if not self._closed:
                self._closed = True
                self._room.notify_all()
                self._loop.call_soon_threadsafe(self._queue.put_nowait, None)
                self._loop.call_soon_threadsafe(self._closing.set)

    def _run(self) -> None:
        self._loop.run_until_complete(asyncio.wait([self._conversation]))
        if self._conversation.cancelled():
            error: BaseException | None = ConversationError("the conversation was broken off")
        else:
            error = self._conversation.exception()
        if error is None:
            self.ended.set_result(None)
        else:
            if not self.connected.done():
                self.connected.set_exception(error)
            self.ended.set_exception(error)
        with self._room:
            self._closed = True
            self._room.notify_all()
            self._loop.close()

    async def _converse(self) -> None:
        connection, address = await self._connect()
        self.connected.set_result(address)
        with connection:
            reading = asyncio.create_task(self._read(connection))
            silence = asyncio.create_task(self._fall_silent())
            writing = asyncio.create_task(self._write(connection))
            try:
                # A write that fails ends nothing: bytes that came before it are still to be read.
                done, _ = await asyncio.wait([reading, silence], return_when=FIRST_COMPLETED)
                reason = done.pop().result()
            finally:
                tasks: list[asyncio.Task[Any]] = [reading, silence, writing]
                for task in tasks:
                    task.cancel()
                await asyncio.wait(tasks)
        missing_bytes = self._accepted_bytes - self._received_bytes
        if missing_bytes > 0:
            raise ConversationError(f"{reason}; {missing_bytes:,} bytes had not come back")
        if not self._closed:
            raise ConversationError(reason)

    async def _connect(self) -> tuple[socket.socket, str]:
        """Connect to the first address that answers; return the connection and the address.

        The resolver may take a minute to give up. It runs in this thread, a daemon: the interpreter
        waits for an executor's thread before it exits.
        """
        addresses: list[Any] = []
        try:
            addresses = socket.getaddrinfo(self._host, self._port, type=socket.SOCK_STREAM)
        except UnicodeError:
            self.failures.append("no host can have such a name")
        except OSError as error:
            self.failures.append(str(error.strerror))
        for family, kind, protocol, _, address in addresses:
            try:
                connection = socket.socket(family, kind, protocol)
                await self._open(connection, address)
            except TimeoutError:
                self.failures.append(f"{address[0]}: no answer in {self._connect_timeout_s:g} s")
            except OSError as error:  # asyncio's text names the address, not the reason
                self.failures.append(f"{address[0]}: {os.strerror(error.errno or 0)}")
            else:
                return connection, address[0]
        raise UnreachableError(
            f"cannot reach {self._host} port {self._port}: {'; '.join(self.failures)}"
        )

    async def _open(self, connection: socket.socket, address: tuple[Any, ...]) -> None:
        try:
            connection.setblocking(False)
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)  # each leaves at once
            async with asyncio.timeout(self._connect_timeout_s):
                await self._loop.sock_connect(connection, address)
        except BaseException:
            connection.close()
            raise

    async def _read(self, connection: socket.socket) -> str:
        """Pass on what comes until nothing more can come; return the reason."""
        while True:
            try:
                data = await self._loop.sock_recv(connection, READ_BYTES)
            except OSError as error:
                return f"the connection broke: {error.strerror}"
            if not data:
                return "the server closed the connection"
            self._received_bytes += len(data)
            self._received(data)
            self._heard_at = self._loop.time()
            await asyncio.sleep(0)  # sock_recv does not yield while there is more

    async def _write(self, connection: socket.socket) -> None:
        """Send what is queued, message by message, to the end of the queue."""
        try:
            while (message := await self._queue.get()) is not None:
                await self._loop.sock_sendall(connection, message)
                with self._room:
                    self._queued_bytes -= len(message)
                    self._room.notify_all()
            connection.shutdown(socket.SHUT_WR)
        except OSError:
            pass  # the reader will learn it, too

    async def _fall_silent(self) -> str:
        """Return once the client is closing and `patience_s` have passed without a byte."""
        await self._closing.wait()
        self._heard_at = self._loop.time()
        while (left_s := self._heard_at + self._patience_s - self._loop.time()) > 0:
            await asyncio.sleep(left_s)
        return f"the server was silent for {self._patience_s:g} s"
