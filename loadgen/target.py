"""The target of a load: HOST:PORT, unix:PATH or a URL of tcp, http or ws, over TLS or not."""

import os
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlsplit

EXAMPLES = "such as 127.0.0.1:9000 or http://127.0.0.1:8080/page"

SCHEMES: Final = {
    "tcp": (None, "", False),
    "tls": (None, "", True),
    "http": (80, "http", False),
    "https": (443, "http", True),
    "ws": (80, "websocket", False),
    "wss": (443, "websocket", True),
}
"""With the port of a URL without one, the protocol, and whether it is over TLS."""

LONGEST_PATH: Final = 108  # sizeof(sockaddr_un.sun_path), unix(7)


@dataclass(frozen=True)
class Target:
    """Where to connect."""

    host: str  #: a name or an address
    port: int  #: of a URL without one 80, or 443 over TLS
    protocol: str = ""  #: `http` or `websocket`, as the URL says, else empty
    path: str = ""  #: path and query of such a URL, else empty
    tls: bool = False  #: of a tls://, https:// or wss:// URL


def parse_target(text: str) -> Target:
    """Read HOST:PORT, unix:PATH or a URL. Raises ValueError with one line and examples."""
    if text.startswith("unix:"):
        if not 0 < len(os.fsencode(text)) - len("unix:") < LONGEST_PATH:
            raise ValueError(f"the path of a Unix socket has from 1 to {LONGEST_PATH - 1} bytes")
        return Target(text, 0)
    scheme, _, rest = text.partition("://") if "://" in text else ("tcp", "", text)
    scheme = scheme.lower()
    if scheme not in SCHEMES:
        known = ", ".join(f"{each}://" for each in SCHEMES)
        raise ValueError(f"the target is one of {known}, {EXAMPLES}; got {text!r}")
    port, protocol, tls = SCHEMES[scheme]
    try:
        parts = urlsplit(f"//{rest}")
        port = port if parts.port is None else parts.port
    except ValueError:  # of brackets that do not match, or a port beyond 65535
        parts, port = urlsplit(""), None
    beyond = "" if protocol else parts.path + parts.query + parts.fragment
    if not parts.hostname or not port or "@" in parts.netloc or beyond:
        raise ValueError(f"the target is HOST:PORT or a URL, {EXAMPLES}; got {text!r}")
    if not protocol:
        return Target(parts.hostname, port, tls=tls)
    query = f"?{parts.query}" if parts.query else ""
    path = parts.path or ("/" if query else "")
    return Target(parts.hostname, port, protocol, path + query, tls)
