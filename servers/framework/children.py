"""Processes forked from this one: known, waited for, and ended with it."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import sys
from collections.abc import Callable
from functools import partial
from typing import NoReturn

from ..launch import die_with
from .accepting import SHORTAGE_PAUSE_S
from .log import Log
from .signals import ENDINGS

SIGNALS = (*ENDINGS, signal.SIGCHLD)


def exit_status(status: int) -> int:
    """Read a wait status: the exit status, negative for a signal."""
    return -os.WTERMSIG(status) if os.WIFSIGNALED(status) else os.WEXITSTATUS(status)


class Children:
    """The processes that were forked here and have not been waited for.

    They have nothing to tidy up: no signal reaches them but the SIGKILL that ends them when this
    process does, however it ends. Ctrl-C, which the whole group gets, is for this process.
    """

    def __init__(self) -> None:
        self._parent = os.getpid()
        self._pids: set[int] = set()

    def fork(self, work: Callable[[], object]) -> int:
        """Do the work in a new process, which then ends; its id. Raises OSError where there can be
        none."""
        # No signal before the child is known. It keeps this mask.
        mask = signal.pthread_sigmask(signal.SIG_BLOCK, SIGNALS)
        try:
            pid = os.fork()
            if pid == 0:
                self._become(work)
            self._pids.add(pid)
        finally:
            signal.pthread_sigmask(signal.SIG_SETMASK, mask)
        return pid

    def reap(self) -> list[tuple[int, int]]:
        """Wait for those that have ended: their ids, and exit statuses, negative for a signal.

        What they have spent is in this process's sums from then on.
        """
        reaped = []
        while self._pids:
            try:
                pid, status = os.waitpid(-1, os.WNOHANG)
            except ChildProcessError:  # a signal that came in this loop has had the last waited for
                break
            if pid == 0:
                break
            self._pids.remove(pid)
            reaped.append((pid, exit_status(status)))
        return reaped

    def end(self) -> NoReturn:
        """End all of them, then this process."""
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)  # from here on nobody else waits for them
        for pid in self._pids:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        with contextlib.suppress(ChildProcessError):
            while True:
                os.wait()
        os._exit(0)

    def _become(self, work: Callable[[], object]) -> NoReturn:
        try:
            die_with(self._parent, signal.SIGKILL)
            work()
            os._exit(0)
        except Exception:  # noqa: BLE001 - whatever it is, it must not go on in the parent's code
            sys.excepthook(*sys.exc_info())
        finally:
            os._exit(1)


def supervise(
    number: int,
    work: Callable[[int, Callable[[], None]], object],
    started: Callable[[], object],
    log: Log,
) -> NoReturn:
    """Keep so many processes at the work until SIGTERM or SIGINT.

    Each is given its index and what it is to call when it serves; `started` is called when all do.
    Another takes the place of one that ends, and where there can be no process now it is tried
    again, both a moment later.
    """
    signal.pthread_sigmask(signal.SIG_BLOCK, SIGNALS)
    children = Children()
    vacant = list(range(number))
    working: dict[int, int] = {}  # the index of each process
    here, there = socket.socketpair()  # whose other end all have, until they serve

    def fill() -> None:
        try:
            while vacant:
                working[children.fork(partial(work, vacant[-1], there.close))] = vacant[-1]
                vacant.pop()
        except (OSError, MemoryError) as error:
            log.shortage(error)

    fill()
    there.close()
    here.recv(1)  # nothing, once nobody has the other end
    started()
    while True:
        received = signal.sigtimedwait(SIGNALS, SHORTAGE_PAUSE_S if vacant else 3600)
        if received is None:
            fill()
        elif received.si_signo in ENDINGS:
            children.end()
        for pid, status in children.reap():
            vacant.append(working.pop(pid))
            log(f"worker {pid} ended with status {status}: another takes its place")
