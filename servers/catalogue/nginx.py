"""nginx: an event loop in each worker process."""

from collections.abc import Mapping
from typing import Final

from .program import Endpoint
from .web import BACKLOG, ROOT, WebServer, listening, user_and_group

# Paths are relative to the prefix, which is the directory that it runs in. A connection is the
# client's to close: not after so many requests, nor after so long without any.
CONFIGURATION: Final = """\
{user}
daemon off;
worker_processes {workers};
pid pid;
error_log stderr;
events {{ worker_connections {connections}; }}
http {{
    access_log {access_log};
    client_body_temp_path temporary;
    proxy_temp_path temporary;
    fastcgi_temp_path temporary;
    uwsgi_temp_path temporary;
    scgi_temp_path temporary;
    keepalive_timeout 24h;
    keepalive_requests 1000000000;
    tcp_nodelay on;
    server {{
        listen {address} backlog={backlog};
        root {root};
    }}
}}
"""
OPTIONS: Final = {
    "workers": "worker processes (1)",
    "connections": "the most that a worker holds (16384)",
}


def configure(options: Mapping[str, str], endpoint: Endpoint) -> str:
    """The text of its configuration."""
    account = user_and_group()
    return CONFIGURATION.format(
        user=f"user {' '.join(account)};" if account else "",
        workers=options.get("workers", "1"),
        connections=options.get("connections", "16384"),
        access_log="/dev/stdout" if endpoint.verbose else "off",
        address=listening(endpoint),
        backlog=BACKLOG,
        root=ROOT,
    )


# -e: until it has read its configuration it logs where Debian says, which is root's to write.
NGINX: Final = WebServer(
    "nginx", "nginx", ("-p", ".", "-e", "stderr", "-c", "nginx.conf"), configure
)
