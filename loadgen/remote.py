"""A shard in a process of its own: descriptors are limited a process, and so is the interpreter.

The parent sends a command's name and arguments through a socket pair; the child answers with what
it returned or raised. The child ends when its end of the pair does, however the parent ended.
"""

import json
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from multiprocessing.connection import Connection, Pipe
from typing import Any, Final, cast

from c10k.loadgen.address import Address
from c10k.loadgen.descriptors import raise_soft_descriptor_limit
from c10k.loadgen.engines import shard_class
from c10k.loadgen.shard import Shard, ShardSnapshot, ShardStatus
from c10k.loadgen.workload import Workload

# How long a child may take to close its connections before it is killed.
QUIT_S: Final = 10.0

# It finds its modules where this process does.
CHILD: Final = (
    "import json, sys; sys.path[:] = json.loads(sys.argv[1]); "
    "from c10k.loadgen.remote import serve; serve(int(sys.argv[2]))"
)


class RemoteShard:
    """The methods of `c10k.loadgen.shard.Shard`, obeyed by one in a child process.

    Its errors are raised here. A child that dies makes an OSError of the next call. Any thread may
    call; a call that KeyboardInterrupt cuts short leaves an answer behind that nobody takes, so it
    should not be the main thread.
    """

    def __init__(
        self,
        engine: str,
        target: Address,
        workload: Workload,
        *,
        index: int,
        shards: int,
        in_flight: int,
        cpu: int | None,
        spin: bool,
    ) -> None:
        self._turn = threading.Lock()
        self._status = ShardStatus(0, 0, 0, 0, 0, 0, 0)
        self._pipe, theirs = Pipe()
        command = [sys.executable, "-P", "-c", CHILD, json.dumps(sys.path), str(theirs.fileno())]
        try:
            with theirs, _interrupts_held():
                self._child = subprocess.Popen(
                    command, stdin=subprocess.DEVNULL, pass_fds=[theirs.fileno()]
                )
        except BaseException:
            self._pipe.close()
            raise
        try:
            options = {
                "index": index,
                "shards": shards,
                "in_flight": in_flight,
                "cpu": cpu,
                "spin": spin,
            }
            self._ask("create", engine, target, workload, options)
        except BaseException:
            self.quit()
            raise

    @property
    def pid(self) -> int:
        """The process id of the child."""
        return self._child.pid

    def resize(self, target: int, active: int, fleet_active: int, epoch_ns: int) -> None:
        """Grow or shrink."""
        self._ask("resize", target, active, fleet_active, epoch_ns)

    def load(self, epoch_ns: int) -> None:
        """Give up on connections without a first reply, and let the others begin."""
        self._ask("load", epoch_ns)

    def stop(self) -> None:
        """Send nothing new."""
        self._ask("stop")

    def snapshot(self) -> ShardSnapshot:
        """What was recorded since the last snapshot; begin anew."""
        return cast("ShardSnapshot", self._ask("snapshot"))

    def peek(self) -> ShardStatus:
        """Where the shard stands, or stood when it quit: who watches it may go on."""
        try:
            self._status = cast("ShardStatus", self._ask("peek"))
        except OSError:
            if not self._pipe.closed:
                raise
        return self._status

    def response_counts(self) -> bytes:
        """The response times since the last snapshot, as far as recorded."""
        return cast("bytes", self._ask("response_counts"))

    def quit(self) -> None:
        """Close every connection and end the child."""
        if self._pipe.closed:
            return
        # The pipe's end is the order to quit: it needs no answer. Who still waits for one has it.
        taken = self._turn.acquire(timeout=QUIT_S)
        self._pipe.close()
        if taken:
            self._turn.release()
        try:
            self._child.wait(QUIT_S)
        except subprocess.TimeoutExpired:
            self._child.kill()
            self._child.wait()

    def _ask(self, command: str, *arguments: object) -> Any:  # noqa: ANN401 (what the command returns)
        with self._turn:
            try:
                self._pipe.send((command, arguments))
                answer, error = self._pipe.recv()
            except (EOFError, OSError) as lost:
                raise OSError(f"a process of the fleet ended: {self._how_it_ended()}") from lost
        if error is not None:
            raise error
        return answer

    def _how_it_ended(self) -> str:
        with suppress(subprocess.TimeoutExpired):
            code = self._child.wait(QUIT_S)
            return f"signal {-code}" if code < 0 else f"exit status {code}"
        return "it does not answer any more"


@contextmanager
def _interrupts_held() -> Iterator[None]:
    """A child that is started now never takes a SIGINT, not even before its first line: Ctrl-C in
    a terminal goes to all of its processes, and the parent is the one to end the others."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def serve(descriptor: int) -> None:
    """The child: create a shard as told, and obey until the pipe ends."""
    raise_soft_descriptor_limit()
    with Connection(descriptor) as pipe, suppress(EOFError, OSError):
        _, (engine, target, workload, options) = pipe.recv()
        try:
            shard = shard_class(engine)(target, workload, **options)
        except Exception as error:  # noqa: BLE001 (raised in the parent)
            pipe.send((None, error))
            return
        try:
            pipe.send((None, None))
            while True:
                command, arguments = pipe.recv()
                pipe.send(_handle_command(shard, command, arguments))
        finally:
            shard.quit()


def _handle_command(
    shard: Shard, command: str, arguments: tuple[Any, ...]
) -> tuple[Any, Exception | None]:
    try:
        return getattr(shard, command)(*arguments), None
    except Exception as error:  # noqa: BLE001 (raised in the parent)
        return None, error
