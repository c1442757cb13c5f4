"""Processes forked from this one: waited for, replaced, and ended with it."""

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


class Children:
    """The processes that were forked here and have not been waited for.

    They have nothing to clean up, and block the signals that end this process: Ctrl-C, which the
    whole group gets, is for this process alone. When it ends, however that comes about, the kernel
    kills them.
    """

    def __init__(self) -> None:
        self._parent = os.getpid()
        self._pids: set[int] = set()

    def fork(self, work: Callable[[], object]) -> int:
        """Do the work in a new process, which then ends; return its id. Raises OSError."""
        # No signal may come before the child is in _pids. The child keeps this mask.
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
        """Return the ids and exit statuses of those that have ended, negative for a signal.

        Their CPU time is part of this process's own from then on.
        """
        reaped = []
        while self._pids:
            try:
                pid, status = os.waitpid(-1, os.WNOHANG)
            except ChildProcessError:  # the handler of a signal in this loop reaped the last
                break
            if pid == 0:
                break
            self._pids.remove(pid)
            ended_by = os.WTERMSIG(status)  # os.waitstatus_to_exitcode() came with Python 3.9
            reaped.append((pid, -ended_by or os.WEXITSTATUS(status)))
        return reaped

    def end(self) -> NoReturn:
        """Kill all of them, then end this process."""
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)  # no handler reaps from here on
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
        except Exception:  # noqa: BLE001 - none may return into the parent's code
            sys.excepthook(*sys.exc_info())
        finally:
            os._exit(1)


def supervise(
    number: int,
    work: Callable[[int, Callable[[], None]], object],
    started: Callable[[], object],
    log: Log,
) -> NoReturn:
    """Keep a number of worker processes running until SIGTERM or SIGINT.

    `work` gets the worker's index and a function to call once it serves; when all have called it,
    `started` is called. A worker that ends is replaced. A fork that fails is tried again. Both
    happen after a short pause.
    """
    signal.pthread_sigmask(signal.SIG_BLOCK, SIGNALS)
    children = Children()
    vacant = list(range(number))
    working: dict[int, int] = {}  # process id: index
    here, there = socket.socketpair()  # the workers have `there` open until they serve

    def fill() -> None:
        try:
            while vacant:
                working[children.fork(partial(work, vacant[-1], there.close))] = vacant[-1]
                vacant.pop()
        except (OSError, MemoryError) as error:
            log.shortage(error)

    fill()
    there.close()
    here.recv(1)  # returns once no worker has `there` open
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
