"""Counters and memory of the host, made to change by threads and connections of the tests."""

import socket
from contextlib import ExitStack
from dataclasses import astuple
from math import isnan

import psutil
import pytest

from c10k.loadgen.telemetry import HostCounters, HostMemory, host, kernel_growth
from tests.loadgen.conftest import until

pytestmark = pytest.mark.system

FILES = {
    "/proc/meminfo": "MemTotal: 99 kB\nSlab:  30 kB\nSReclaimable: 10 kB\nKernelStack:  16 kB\n"
    "PageTables:  8 kB\nHugePages_Total:  0\n",
    "/proc/net/sockstat": "sockets: used 9\nTCP: inuse 1 orphan 0 tw 0 alloc 1 mem 7\nUDP: mem 5\n",
    "/proc/net/netstat": "TcpExt: ListenOverflows ListenDrops\nTcpExt: 3 4\nIpExt: InOctets\n"
    "IpExt: 9\n",
    "/proc/net/snmp": "Ip: Forwarding\nIp: 1\nTcp: InSegs RetransSegs\nTcp: 8 5\n",
    "/proc/stat": "cpu  1 2 3 4 5 6 7 250 9 10\ncpu0 1 2 3 4 5 6 7 8 9 10\n",
}


def test_reads_what_the_kernel_writes(monkeypatch):
    monkeypatch.setattr(host, "read", FILES.__getitem__)
    monkeypatch.setattr("os.sysconf", {"SC_PAGE_SIZE": 4096, "SC_CLK_TCK": 100}.__getitem__)
    assert HostMemory.read() == HostMemory(
        kernel_stack_bytes=16 << 10,
        page_tables_bytes=8 << 10,
        slab_bytes=30 << 10,
        slab_reclaimable_bytes=10 << 10,
        tcp_memory_bytes=7 * 4096,
    )
    assert HostCounters.read() == HostCounters(
        listen_overflows=3, listen_drops=4, retransmits=5, steal_s=2.5, busy_s=0.06
    )


def test_what_the_kernel_does_not_report_is_not_a_number(monkeypatch):
    def missing(path):
        raise FileNotFoundError(path)

    monkeypatch.setattr(host, "read", missing)
    assert all(isnan(value) for value in astuple(HostMemory.read()))
    assert all(isnan(value) for value in astuple(HostCounters.read()))


def test_threads_take_kernel_memory_of_the_whole_host(start_child):
    def grows():
        before = HostMemory.read()
        start_child().start_threads(300)
        growth = kernel_growth(before, HostMemory.read())
        return growth["kernel_stack_delta_bytes"] >= 300 * 4096 and growth["slab_delta_bytes"] > 0

    until(grows)  # as others' threads may end at the same time
    assert HostMemory.read().slab_bytes == pytest.approx(psutil.virtual_memory().slab, rel=0.5)


def test_kernel_delta_is_the_sum_of_what_grew():
    growth = kernel_growth(HostMemory(1, 2, 3, 1, 4), HostMemory(101, 12, 1003, 1, 4))
    assert growth == {
        "kernel_delta_bytes": 1110,
        "kernel_stack_delta_bytes": 100,
        "slab_delta_bytes": 1000,
        "tcp_memory_delta_bytes": 0,
    }


def test_counts_connections_that_find_an_accept_queue_full():
    before = HostCounters.read()
    with ExitStack() as stack:
        listener = stack.enter_context(socket.socket())
        listener.bind(("127.0.0.1", 0))
        listener.listen(0)
        for _ in range(5):
            client = stack.enter_context(socket.socket())
            client.setblocking(False)
            client.connect_ex(listener.getsockname())
        until(lambda: HostCounters.read().listen_overflows > before.listen_overflows)
        until(lambda: HostCounters.read().listen_drops > before.listen_drops)
        # The unanswered SYNs are sent again after a second.
        until(lambda: HostCounters.read().retransmits > before.retransmits)
