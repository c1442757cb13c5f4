"""The target of a load: HOST:PORT, unix:PATH or a URL of http, https, tcp or tls."""

import os
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlsplit

EXAMPLES = "such as 127.0.0.1:9000 or http://127.0.0.1:8080/page"

SCHEMES: Final = {"http": 80, "https": 443, "tcp": None, "tls": None}
"""With the port of a URL without one."""

LONGEST_PATH: Final = 108  # sizeof(sockaddr_un.sun_path), unix(7)


@dataclass(frozen=True)
class Target:
    """Where to connect."""

    host: str  #: a name or an address
    port: int  #: 80 of an http:// URL without one, 443 of an https:// URL
    protocol: str = ""  #: `http` of an http:// or https:// URL, else empty
    path: str = ""  #: path and query of such a URL, else empty
    tls: bool = False  #: of an https:// or tls:// URL


def parse_target(text: str) -> Target:
    """Read HOST:PORT, unix:PATH or a URL. Raises ValueError with one line and examples."""
    if text.startswith("unix:"):
        if not 0 < len(os.fsencode(text)) - len("unix:") < LONGEST_PATH:
            raise ValueError(f"the path of a Unix socket has from 1 to {LONGEST_PATH - 1} bytes")
        return Target(text, 0)
    scheme, _, rest = text.partition("://") if "://" in text else ("tcp", "", text)
    scheme = scheme.lower()
    if scheme not in SCHEMES:
        raise ValueError(
            f"the target is http://, https://, tcp:// or tls://, {EXAMPLES}; got {text!r}"
        )
    http, tls = scheme.startswith("http"), scheme in ("https", "tls")
    try:
        parts = urlsplit(f"//{rest}")
        port = SCHEMES[scheme] if parts.port is None else parts.port
    except ValueError:  # of brackets that do not match, or a port beyond 65535
        parts, port = urlsplit(""), None
    beyond = "" if http else parts.path + parts.query + parts.fragment
    if not parts.hostname or not port or "@" in parts.netloc or beyond:
        raise ValueError(f"the target is HOST:PORT or a URL, {EXAMPLES}; got {text!r}")
    if not http:
        return Target(parts.hostname, port, tls=tls)
    query = f"?{parts.query}" if parts.query else ""
    path = parts.path or ("/" if query else "")
    return Target(parts.hostname, port, "http", path + query, tls)
