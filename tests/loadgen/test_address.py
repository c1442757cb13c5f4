"""Which addresses are this host's own."""

import socket

import psutil
import pytest

from c10k.loadgen.address import Address


@pytest.mark.parametrize("host", ["127.0.0.1", "127.9.9.9", "::1", "0.0.0.0", "::ffff:127.0.0.1"])
def test_loopback_is_this_host(host):
    assert Address.resolve(host, 9).is_of_this_host


def test_so_is_what_an_interface_has():
    own = {
        entry.address
        for entries in psutil.net_if_addrs().values()
        for entry in entries
        if entry.family in (socket.AF_INET, socket.AF_INET6)
    }
    assert own
    assert all(Address.resolve(host, 9).is_of_this_host for host in own)
