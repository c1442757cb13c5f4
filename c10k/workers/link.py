"""What `c10k run` has of the master's process: it starts it, and asks workers through it.

A thread receives what the master sends. Questions are numbered, so that an answer that comes too
late, or to a question that was interrupted, is dropped.
"""

import json
import subprocess
import sys
import threading
from collections.abc import Mapping
from concurrent.futures import Future, InvalidStateError
from contextlib import suppress
from dataclasses import dataclass
from itertools import count
from multiprocessing.connection import Connection, Pipe
from queue import SimpleQueue
from typing import Any, Final

from c10k import VERSION
from c10k.experiment.loader import Member, WorkerLostError
from c10k.host.clock import ClockOffset
from c10k.outcome import CommandError, Status
from c10k.results.schema import one_line
from c10k.workers.messages import Hello

ANSWER_S: Final = 30.0  # how long a worker may take to handle a command
START_S: Final = 30.0  # the master, which imports Locust
END_S: Final = 5.0

# It finds its modules where this process does.
CHILD: Final = (
    "import json, sys; sys.path[:] = json.loads(sys.argv[1]); "
    "from c10k.workers.master import serve; serve(int(sys.argv[2]))"
)
ERRORS: Final[Mapping[str, type[Exception]]] = {"MemoryError": MemoryError}


@dataclass(eq=False, kw_only=True)
class Worker(Member):
    """A worker that joined."""

    id: str
    hello: Hello
    clock: ClockOffset
    lost: str = ""  # why, once it is

    def __str__(self) -> str:
        return f"{self.name} on {one_line(self.hello.hostname)}"


class MasterLink:
    """The master, listening at an address until this is closed. Raises CommandError if it cannot.

    `news` has the workers that joined, and a line for each one that was refused.
    """

    def __init__(self, host: str, port: int, boot_id: str) -> None:
        self.news: SimpleQueue[Worker | str] = SimpleQueue()
        self._boot_id = boot_id
        self._workers: dict[str, Worker] = {}
        self._questions: dict[int, tuple[str, Future[Any]]] = {}
        self._numbers = count()
        self._turn = threading.Lock()  # of whoever sends, or changes the two above
        self._child, self._pipe = _started()
        try:
            self._pipe.send((VERSION, host, port))
            if not self._pipe.poll(START_S):
                raise CommandError(f"Locust's master did not start within {START_S:g} s")
            match self._pipe.recv():
                case ("failed", why):
                    raise CommandError(f"Locust's master cannot listen: {why}", Status.UNABLE)
        except (EOFError, OSError) as error:
            self.close("the master could not start")
            raise CommandError("Locust's master could not start", Status.UNABLE) from error
        except BaseException:
            self.close("the master could not start")
            raise
        self._receiver = threading.Thread(target=self._receive, name="c10k-master", daemon=True)
        self._receiver.start()

    def ask(self, worker: Worker, command: str, *arguments: object) -> Any:  # noqa: ANN401 (what the command returns)
        """What the worker's shard answers to a command. Raises WorkerLostError, or as the shard."""
        return self._asked(worker, "ask", worker.id, command, arguments)

    def clock(self, worker: Worker) -> ClockOffset:
        """The worker's clock, measured now. Raises WorkerLostError."""
        return ClockOffset(*self._asked(worker, "clock", worker.id))

    def drop(self, worker: Worker, why: str) -> None:
        """Drop a worker: it gets the reason, and ends."""
        self._lose(worker.id, why)
        with self._turn, suppress(OSError):
            self._pipe.send(("drop", worker.id, why))

    def close(self, why: str) -> None:
        """End the master, which tells all workers why."""
        with self._turn, suppress(OSError):  # it has ended
            self._pipe.send(("end", why))
        try:
            self._child.wait(END_S)
        except subprocess.TimeoutExpired:
            self._child.kill()
            self._child.wait()
        self._pipe.close()

    def _asked(self, worker: Worker, kind: str, *question: object) -> Any:  # noqa: ANN401 (the answer)
        answer: Future[Any] = Future()
        number = next(self._numbers)
        with self._turn:
            if worker.lost:
                raise _lost(worker)
            self._questions[number] = worker.id, answer
            self._pipe.send((kind, number, *question))
        try:
            return answer.result(ANSWER_S)
        except TimeoutError:
            self.drop(worker, f"no answer for {ANSWER_S:g} s")
            raise _lost(worker) from None
        finally:
            self._questions.pop(number, None)

    def _receive(self) -> None:
        try:
            while True:
                match self._pipe.recv():
                    case ("joined", worker, hello, name, clock):
                        self._join(worker, hello, name, ClockOffset(*clock))
                    case ("refused", why):
                        self.news.put(one_line(why))
                    case ("lost", worker, why):
                        self._lose(worker, why)
                    case ("answer", number, answer, error):
                        self._answer(number, answer, error)
        except (EOFError, OSError):
            for worker in list(self._workers):
                self._lose(worker, "the master has ended")

    def _join(self, worker: str, hello: Hello, name: str, clock: ClockOffset) -> None:
        here = hello.boot_id == self._boot_id
        joined = Worker(name, here, id=worker, hello=hello, clock=clock)
        self._workers[worker] = joined
        self.news.put(joined)

    def _answer(self, number: int, answer: object, error: object) -> None:
        worker, question = self._questions.get(number, ("", None))
        if question is None:
            return
        with suppress(InvalidStateError):  # the worker has just been given up
            if error is None:
                question.set_result(answer)
            else:
                kind, text = error if isinstance(error, list) and len(error) == 2 else ("", error)
                name = self._workers[worker].name
                question.set_exception(ERRORS.get(str(kind), OSError)(f"{name}: {text}"))

    def _lose(self, worker: str, why: str) -> None:
        with self._turn:
            self._workers[worker].lost = one_line(why)
            waiting = [answer for asked, answer in self._questions.values() if asked == worker]
        for answer in waiting:
            with suppress(InvalidStateError):  # it has come
                answer.set_exception(_lost(self._workers[worker]))


def _lost(worker: Worker) -> WorkerLostError:
    return WorkerLostError(f"{worker} was lost: {worker.lost}")


def _started() -> tuple[subprocess.Popen[bytes], Connection]:
    """The master's process, and this process's end of the pipe to it.

    Ctrl-C in a terminal does not reach it: it is in a session of its own, and ends with the pipe.
    """
    pipe, theirs = Pipe()
    command = [sys.executable, "-P", "-c", CHILD, json.dumps(sys.path), str(theirs.fileno())]
    try:
        with theirs:
            child = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                pass_fds=[theirs.fileno()],
                start_new_session=True,
            )
    except BaseException:
        pipe.close()
        raise
    return child, pipe
