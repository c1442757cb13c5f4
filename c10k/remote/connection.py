"""The connection to an agent: starts it on its host, asks it, and hands on its samples."""

import os
import subprocess
import tempfile
import threading
from collections.abc import Callable, Mapping
from contextlib import suppress
from itertools import count
from queue import Empty, SimpleQueue
from typing import Any, Final, Self

from c10k.loadgen.telemetry import ProcessGoneError
from c10k.outcome import CommandError, Status
from c10k.remote import archive, ssh
from c10k.remote.lines import Lines
from c10k.servers.process import ServerStartError, launcher

START_S: Final = 30.0  # until the agent says what its host is
ANSWER_S: Final = 300.0  # as long as it may take to build a server
END_S: Final = 10.0  # for the agent to end its servers, and ssh after it
TAIL_BYTES: Final = 65_536  # of what they print as errors


class AgentLostError(ProcessGoneError):
    """The agent, or the way to it, is lost, with all servers that it started."""


class ConnectError(CommandError):
    """No agent can be started there: ssh's own reason, and the remedy."""

    def __init__(self, message: str) -> None:
        super().__init__(message, Status.UNABLE)


class StartError(ServerStartError):
    """What the agent says of a server that did not start."""

    def __init__(self, message: str, log_tail: str) -> None:
        RuntimeError.__init__(self, message)
        self.log_tail = log_tail


class Connection:
    """A started agent. One thread asks; samples arrive in another.

    `description` is what it says of its host. `lost` says why the connection has ended, once it
    has: the servers have, too. Raises ConnectError.
    """

    def __init__(self, host: str, python: str = "") -> None:
        self.host = host
        self.lost = ""
        self._ids = count(1)
        self._answers: SimpleQueue[Mapping[str, Any]] = SimpleQueue()
        self._observers: dict[int, Callable[[dict[str, Any]], None]] = {}
        # A file, not a pipe: what ssh and the agent print as errors is read only at the end.
        self._errors = tempfile.TemporaryFile()  # noqa: SIM115 (closed with the connection)
        command = [*launcher(), *ssh.command(host, python)]
        self._ssh = subprocess.Popen(
            command,
            bufsize=0,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._errors,
            start_new_session=True,  # Ctrl-C is for this command: ssh must outlive the servers
        )
        assert self._ssh.stdin
        assert self._ssh.stdout
        self._lines = Lines(self._ssh.stdout.fileno(), self._ssh.stdin.fileno())
        self._reader = threading.Thread(target=self._receive, name="agent", daemon=True)
        try:
            threading.Thread(target=self._send_archive, daemon=True).start()
            self._reader.start()
            self.description = self._described()
        except BaseException:
            self.close()
            raise

    def ask(self, of: int, name: str, *args: object, **kwargs: object) -> Any:  # noqa: ANN401 (what the method returns)
        """What a method of an object there returns, or what an attribute of it is.

        Raises AgentLostError, and what the method raises: ProcessGoneError, ServerStartError, or
        OSError in the place of all others.
        """
        number = next(self._ids)
        request = {"id": number, "of": of, "name": name, "args": args, "kwargs": kwargs}
        with suppress(OSError):  # then the answers end, too
            self._lines.send(request)
        while True:
            answer = self._answer(ANSWER_S)
            if answer["id"] == number:  # else of a request that was interrupted
                break
        if "error" not in answer:
            return answer["result"]
        kind, message = answer["error"], answer["message"]
        if kind == ProcessGoneError.__name__:
            raise ProcessGoneError(message)
        if kind == ServerStartError.__name__:
            raise StartError(message, answer["log_tail"])
        raise OSError(f"on {self.host}: {kind}: {message}")

    def number(self) -> int:
        """A number for a further object there."""
        return next(self._ids)

    def observe(self, number: int, take: Callable[[dict[str, Any]], None]) -> None:
        """Hand each sample of an observer to a function, in the thread that receives them."""
        self._observers[number] = take

    def close(self) -> None:
        """End the agent, with what it started, and the connection."""
        self._lines.close()
        self.lost = self.lost or "it was closed"
        assert self._ssh.stdin
        self._ssh.stdin.close()  # which the agent notices
        try:
            self._ssh.wait(END_S)
        except subprocess.TimeoutExpired:
            self._ssh.terminate()  # launch.py kills it soon
            self._ssh.wait()
        self._reader.join(END_S)
        assert self._ssh.stdout
        self._ssh.stdout.close()
        self._errors.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _described(self) -> Mapping[str, Any]:
        try:
            description: Mapping[str, Any] = self._answer(START_S)["result"]
        except AgentLostError:
            said = self.lost.rstrip(".")
            line = f"no server can be started on {self.host}: {said}"
            raise ConnectError(f"{line}; {ssh.remedy(said, self.host)}") from None
        self._lines.beat()
        return description

    def _answer(self, timeout_s: float) -> Mapping[str, Any]:
        """The next answer. Raises AgentLostError."""
        with suppress(Empty):
            answer = self._answers.get(timeout=timeout_s)
            if answer:
                return answer
            self._answers.put({})  # for those who ask later
            raise self._lost_error()
        self.lost = f"no answer within {timeout_s:g} s"
        raise self._lost_error()

    def _lost_error(self) -> AgentLostError:
        return AgentLostError(f"the agent on {self.host} was lost: {self.lost}")

    def _send_archive(self) -> None:
        """In a thread: ssh does not read before it is connected."""
        assert self._ssh.stdin
        rest = memoryview(archive.packed())
        with suppress(OSError, ValueError):  # it has ended
            while rest:
                rest = rest[self._ssh.stdin.write(rest) or 0 :]

    def _receive(self) -> None:
        why = ""
        try:
            for message in self._lines.received(first_s=START_S):
                if "sample" in message:
                    self._observers[message["observer"]](message["sample"])
                else:
                    self._answers.put(message)
        except OSError as error:
            why = str(error)
        finally:
            self.lost = self.lost or self._why(why)
            self._answers.put({})

    def _why(self, otherwise: str) -> str:
        """Why it ended: the last that ssh or the agent printed, else that."""
        with suppress(subprocess.TimeoutExpired):
            self._ssh.wait(1.0)
        size = os.fstat(self._errors.fileno()).st_size
        begin = max(0, size - TAIL_BYTES)
        # Not read(), which would move where ssh writes.
        printed = os.pread(self._errors.fileno(), TAIL_BYTES, begin).decode(errors="replace")
        said = [line.strip() for line in printed.splitlines() if line.strip()]
        if said:
            return said[-1]
        return otherwise or f"ssh ended with status {self._ssh.returncode}"
