"""A shard in a process of its own, which has its own limit of descriptors and interpreter.

The parent sends a command's name and arguments through a socket pair; the child answers with what
it returned or raised. The child ends when its end of the pair does, however the parent ended.
"""

import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from multiprocessing.connection import Connection, Pipe
from typing import Any, Final, cast

from c10k.loadgen.descriptors import raise_soft_descriptor_limit
from c10k.loadgen.engines import shard_class
from c10k.loadgen.shard import ShardSettings, ShardSnapshot, ShardStatus

# How long a child may take to close its connections before it is killed.
QUIT_S: Final = 10.0

# It finds its modules where this process does.
CHILD: Final = (
    "import json, sys; sys.path[:] = json.loads(sys.argv[1]); "
    "from c10k.loadgen.remote import serve; serve(int(sys.argv[2]))"
)


class RemoteShard:
    """A `c10k.loadgen.shard.Shard` that hands its calls to one in a child process.

    Its errors are raised here; once the child has died, a call raises OSError. Any thread but the
    main one may call: a KeyboardInterrupt within a call would leave its answer to the next one.
    """

    def __init__(self, engine: str, settings: ShardSettings) -> None:
        self._turn = threading.Lock()
        self._status = ShardStatus(0, 0, 0, 0, 0, 0, 0)
        self._pipe, theirs = Pipe()
        for end in (self._pipe, theirs):
            os.set_blocking(end.fileno(), True)  # where gevent made the pair, it is not
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
            self._ask("create", engine, settings)
        except BaseException:
            self.quit()
            raise

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
        """The state of the shard, or its last one once it has quit, when others may still poll."""
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
        # The pipe's end makes the child quit. A call that still waits for its answer gets it first.
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
    """Block SIGINT in a child that is started meanwhile, from its first line on.

    Ctrl-C in a terminal goes to all processes there, and the parent ends its children.
    """
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def serve(descriptor: int) -> None:
    """The child: create the shard, and handle commands until the pipe ends."""
    raise_soft_descriptor_limit()
    with Connection(descriptor) as pipe, suppress(EOFError, OSError):
        _, (engine, settings) = pipe.recv()
        try:
            shard = shard_class(engine)(settings)
        except Exception as error:  # noqa: BLE001 (raised in the parent)
            pipe.send((None, error))
            return
        try:
            pipe.send((None, None))
            while True:
                command, arguments = pipe.recv()
                answer, raised = None, None
                try:
                    answer = getattr(shard, command)(*arguments)
                except Exception as error:  # noqa: BLE001 (raised in the parent)
                    raised = error
                pipe.send((answer, raised))
        finally:
            shard.quit()
