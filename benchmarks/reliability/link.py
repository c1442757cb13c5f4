"""Two hosts with a link between them, and the faults that a link can have.

The hosts are network namespaces. Each fault is a context: it is there within, and gone afterwards.
"""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Final, Self

from benchmarks.reliability.namespaces import inside_of, ip, run

CLIENT, SERVER, NOBODY = "10.99.1.2", "10.99.1.1", "10.99.1.3"
# What the kernel puts around the bytes of a segment: Ethernet, IPv4, TCP with time stamps.
HEADER_BYTES: Final = 14 + 20 + 32
SEGMENT_BYTES: Final = 1_500 - 20 - 32

_LOSS: Final = """
table ip loss {{
  counter dropped {{ }}
  chain arriving {{
    type filter hook prerouting priority raw
    iifname uplink ip length >= {length} numgen random mod 10000 < {share} counter name dropped drop
  }}
}}
"""
_SILENCE: Final = """
table inet silence {
  chain arriving { type filter hook prerouting priority raw; policy drop; }
  chain leaving { type filter hook output priority raw; policy drop; }
}
"""
# Takes ports that the kernel would choose for connections.
_TAKE: Final = """
import socket, sys
taken = [socket.socket() for _ in range(int(sys.argv[1]))]
for each in taken:
    each.bind(("", 0))
print(flush=True)
sys.stdin.read()
"""
PORTS: Final = 100


class Link:
    """The link, and its ends `client` and `server`; both are gone when the context ends."""

    def __init__(self) -> None:
        self.client, self.server = (f"c10k{os.getpid()}-{end}" for end in ("client", "server"))
        self._stack = ExitStack()

    def __enter__(self) -> Self:
        with self._stack:
            for name in (self.client, self.server):
                ip("netns", "add", name)
                self._stack.callback(ip, "netns", "delete", name)
            ends = ("link", "add", "uplink", "type", "veth", "peer", "uplink", "netns", self.server)
            ip("-n", self.client, *ends)
            for name, address in ((self.client, CLIENT), (self.server, SERVER)):
                ip("-n", name, "address", "add", f"{address}/24", "dev", "uplink")
                ip("-n", name, "link", "set", "lo", "up")
                ip("-n", name, "link", "set", "uplink", "up")
            # Without the probe that TCP sends before it doubles its time-out: waits are 200 ms,
            # 600 ms, 1.4 s, …
            probes = "/proc/sys/net/ipv4/tcp_early_retrans"
            run(*inside_of(self.client, "sh", "-c", f"echo 0 > {probes}"))
            self._stack = self._stack.pop_all()
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def command(self, host: str, *module: object) -> list[str]:
        """The command that runs a Python module on a host; it need not wait for others' CPU."""
        python = ("nice", "--adjustment=-20", sys.executable, "-m")
        return inside_of(host, *python, *map(str, module))

    @contextmanager
    def running(self, host: str, *module: object) -> Iterator[subprocess.Popen[str]]:
        """A Python module on a host, once it has printed its first line."""
        command = self.command(host, *module)
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
            try:
                assert process.stdout
                assert process.stdout.readline(), f"{module[0]} did not start"
                yield process
            finally:
                if process.poll() is None:
                    process.terminate()
                    process.communicate()

    @contextmanager
    def losing(self, share: float, payload_bytes: int) -> Iterator[None]:
        """Packets with at least this payload are lost on the way to the server, at random."""
        length = payload_bytes + HEADER_BYTES - 14  # as IP counts it
        with self._filtered(_LOSS.format(length=length, share=round(share * 10_000)), "ip loss"):
            yield

    def lost(self) -> int:
        """How many packets `losing` has lost."""
        words = run(*inside_of(self.server, "nft", "list", "counter", "ip", "loss", "dropped"))
        return int(words.split("packets")[1].split()[0])

    @contextmanager
    def silent(self) -> Iterator[None]:
        """Nothing arrives at the server's host, and nothing leaves it: no FIN, no RST."""
        with self._filtered(_SILENCE, "inet silence"):
            yield

    @contextmanager
    def slow(self, bits_per_s: int) -> Iterator[None]:
        """The way from the server carries so many bits per second, headers included."""
        device = ("dev", "uplink", "root")
        bucket = ("tbf", "rate", f"{bits_per_s}bit", "burst", "16kb", "limit", "4mb")
        run("tc", "-n", self.server, "qdisc", "add", *device, *bucket)
        try:
            yield
        finally:
            run("tc", "-n", self.server, "qdisc", "delete", *device)

    @contextmanager
    def down(self) -> Iterator[None]:
        """The link is down, at the client's end."""
        ip("-n", self.client, "link", "set", "uplink", "down")
        try:
            yield
        finally:
            ip("-n", self.client, "link", "set", "uplink", "up")

    @contextmanager
    def few_ports(self, free: int) -> Iterator[None]:
        """The client's host has 100 ports for connections, and programs that hold all but a few."""
        usable = "/proc/sys/net/ipv4/ip_local_port_range"
        before = run(*inside_of(self.client, "cat", usable))
        shell = inside_of(self.client, "sh", "-c")
        run(*shell, f"echo 50000 {50_000 + PORTS - 1} > {usable}")
        take = inside_of(self.client, sys.executable, "-c", _TAKE, str(PORTS - free))
        try:
            with subprocess.Popen(
                take, text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE
            ) as holder:
                assert holder.stdout
                assert holder.stdout.readline(), "the ports cannot be taken"
                yield
        finally:
            run(*shell, f"echo {before.strip()} > {usable}")

    @contextmanager
    def _filtered(self, rules: str, table: str) -> Iterator[None]:
        subprocess.run(inside_of(self.server, "nft", "-f", "-"), input=rules, text=True, check=True)
        try:
            yield
        finally:
            run(*inside_of(self.server, "nft", "delete", "table", *table.split()))
