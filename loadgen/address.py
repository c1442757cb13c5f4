"""Where the fleet connects to, and from."""

import errno
import os
import socket
import struct
import sys
from dataclasses import dataclass
from ipaddress import ip_address
from typing import Final, Self

CONNECTIONS_PER_SOURCE: Final = 10_000
"""How many connections share a source address, where there are several addresses.

Each has some 28,000 ephemeral ports, but Linux first searches half of them for a free one, and the
search takes longer the fuller they are: 40,000 connections took 13 to 22 s to open with 20,000 per
address, 2 s with 10,000. A closed connection holds its port for up to a minute, so where
connections come and go, each takes the address after the one before it."""

UNIX: Final = "unix:"
"""What the host of a Unix socket begins with."""

SOURCES: Final = 249
"""Further addresses of loopback to connect from: room for 2,500,000 connections."""


@dataclass(frozen=True)
class Address:
    """A socket address, and the name that it was found by."""

    family: int  #: socket.AF_INET or socket.AF_INET6
    host: str  #: the address in digits
    port: int  #: from 0 to 65,535
    scope: int = 0  #: the interface, of a link-local IPv6 address
    name: str = ""  #: what it was found by

    @classmethod
    def resolve(cls, host: str, port: int) -> Self:
        """The first address of a host. Raises OSError where it has none."""
        return cls.resolve_all(host, port)[0]

    @classmethod
    def resolve_all(cls, host: str, port: int) -> list[Self]:
        """The addresses of a host, at least one; of `unix:PATH` or `unix:@NAME`, an abstract name,
        that Unix socket. Raises OSError where it has none.
        """
        if host.startswith(UNIX):
            return [cls(socket.AF_UNIX, host.removeprefix(UNIX), 0, 0, host)]
        try:
            found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        except UnicodeError:  # too long, or with nothing between two dots
            raise OSError(errno.EINVAL, "no host can have such a name") from None
        return [
            cls(family, str(where[0]), int(where[1]), int(where[3]) if len(where) > 3 else 0, host)
            for family, _, _, _, where in found
        ]

    @property
    def is_of_this_host(self) -> bool:
        """Whether traffic to it stays on this host."""
        if self.family == socket.AF_UNIX:
            return True
        address = ip_address(self.host.partition("%")[0])
        address = getattr(address, "ipv4_mapped", None) or address
        if address.is_loopback or address.is_unspecified:
            return True
        import psutil  # which some systems lack, where nothing asks this

        own = (entry.address for each in psutil.net_if_addrs().values() for entry in each)
        return str(address) in {text.partition("%")[0] for text in own}

    @property
    def packed(self) -> bytes:
        """The kernel's struct sockaddr_in, _in6 or _un (ip(7), ipv6(7), unix(7))."""
        if self.family == socket.AF_UNIX:
            return struct.pack("=H", self.family) + self.unix_path
        if self.family == socket.AF_INET6:
            packed = struct.pack("!HI", self.port, 0) + socket.inet_pton(self.family, self.host)
            return struct.pack("=H", self.family) + packed + struct.pack("=I", self.scope)
        packed = struct.pack("!H4s8x", self.port, socket.inet_aton(self.host))
        return struct.pack("=H", self.family) + packed

    @property
    def socket_address(self) -> bytes | tuple[str, int] | tuple[str, int, int, int]:
        """What Python's sockets take for it."""
        if self.family == socket.AF_UNIX:
            return self.unix_path
        if self.family == socket.AF_INET6:
            return self.host, self.port, 0, self.scope
        return self.host, self.port

    @property
    def unix_path(self) -> bytes:
        """The path of a Unix socket as the kernel takes it: an abstract name begins with a 0."""
        path = os.fsencode(self.host)
        return b"\0" + path[1:] if path.startswith(b"@") else path

    @property
    def authority(self) -> str:
        """Host and port as in a URL (RFC 3986, 3.2)."""
        if self.family == socket.AF_UNIX:
            return "localhost"
        host = f"[{self.name}]" if ":" in self.name else self.name
        return f"{host}:{self.port}"

    @property
    def sources(self) -> "tuple[Address, ...]":
        """More addresses of this host to connect from, where the target is IPv4 loopback.

        On Linux all of 127.0.0.0/8 is loopback, and each address has its own ephemeral ports.
        """
        if (
            sys.platform == "linux"
            and self.family == socket.AF_INET
            and self.host.startswith("127.")
        ):
            return tuple(Address(self.family, f"127.0.1.{last + 1}", 0) for last in range(SOURCES))
        return ()
