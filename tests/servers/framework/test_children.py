"""Processes that a server forks and waits for."""

import os

import pytest

from c10k.servers.framework.children import Children

pytestmark = pytest.mark.system


def test_the_last_may_be_waited_for_while_another_is(monkeypatch):
    """SIGCHLD may come while its handler runs, which then begins again within itself."""
    children = Children()
    forked = {children.fork(lambda: None) for _ in range(2)}
    for pid in forked:
        os.waitid(os.P_PID, pid, os.WEXITED | os.WNOWAIT)
    wait, within = os.waitpid, []

    def waitpid(*arguments):
        found = wait(*arguments)
        monkeypatch.setattr(os, "waitpid", wait)
        within.extend(children.reap())
        return found

    monkeypatch.setattr(os, "waitpid", waitpid)
    reaped = children.reap() + within
    assert sorted(reaped) == sorted((pid, 0) for pid in forked)
    assert children.reap() == []
