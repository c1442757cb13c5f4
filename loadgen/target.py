"""The target of a load: HOST:PORT, unix:PATH, tcp://host:port, http://host:port/path or ws://…."""

import os
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlsplit

EXAMPLES = "such as 127.0.0.1:9000 or http://127.0.0.1:8080/page"

PROTOCOLS: Final = {"http": "http", "ws": "websocket", "tcp": ""}  # by scheme

LONGEST_PATH: Final = 108  # sizeof(sockaddr_un.sun_path), unix(7)


@dataclass(frozen=True)
class Target:
    """Where to connect."""

    host: str  #: a name or an address
    port: int  #: 80 of an http:// or ws:// URL without one
    protocol: str = ""  #: `http` of an http:// URL, `websocket` of a ws:// URL, else empty
    path: str = ""  #: path and query of such a URL, else empty


def parse_target(text: str) -> Target:
    """Read HOST:PORT, unix:PATH or a URL. Raises ValueError with one line and examples."""
    if text.startswith("unix:"):
        if not 0 < len(os.fsencode(text)) - len("unix:") < LONGEST_PATH:
            raise ValueError(f"the path of a Unix socket has from 1 to {LONGEST_PATH - 1} bytes")
        return Target(text, 0)
    scheme, _, rest = text.partition("://") if "://" in text else ("tcp", "", text)
    scheme = scheme.lower()
    if scheme in ("https", "wss"):
        raise ValueError(
            f"TLS is not there yet: load http://, ws:// or tcp://, {EXAMPLES}; got {text!r}"
        )
    if scheme not in PROTOCOLS:
        raise ValueError(f"the target is http://, ws:// or tcp://, {EXAMPLES}; got {text!r}")
    protocol = PROTOCOLS[scheme]
    try:
        parts = urlsplit(f"//{rest}")
        port = 80 if protocol and parts.port is None else parts.port
    except ValueError:  # of brackets that do not match, or a port beyond 65535
        parts, port = urlsplit(""), None
    beyond = "" if protocol else parts.path + parts.query + parts.fragment
    if not parts.hostname or not port or "@" in parts.netloc or beyond:
        raise ValueError(f"the target is HOST:PORT or a URL, {EXAMPLES}; got {text!r}")
    if not protocol:
        return Target(parts.hostname, port)
    query = f"?{parts.query}" if parts.query else ""
    path = parts.path or ("/" if query else "")
    return Target(parts.hostname, port, protocol, path + query)
