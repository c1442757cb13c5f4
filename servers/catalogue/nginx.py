"""nginx: event loop per worker process."""

from collections.abc import Mapping
from typing import Final

from ..framework.log import name_of
from ..framework.options import TLS, WORKERS, ServerOption, between, defaults, named
from ..framework.quantities import count
from ..framework.tls import CERTIFICATE, KEY
from .program import Endpoint
from .web import BACKLOG, ROOT, WebServer, user_and_group

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
        listen {address} backlog={backlog}{tls};
        root {root};
    }}
}}
"""
TLS_CONFIGURATION: Final = f""" ssl;
        ssl_certificate {CERTIFICATE};
        ssl_certificate_key {KEY};
        ssl_protocols TLSv1.2 TLSv1.3;
        ssl_session_cache off;
        ssl_session_tickets off"""
OPTIONS: Final = named(
    WORKERS.by_default("1", "worker processes"),
    # At least 2: nginx counts its listener.
    ServerOption(
        "connections", between(count, "2", "10m"), "the most that a worker holds", "16384"
    ),
    TLS,
)


def configure(options: Mapping[str, str], endpoint: Endpoint) -> str:
    """Return the text of its configuration."""
    account = user_and_group()
    tls = TLS_CONFIGURATION if options.get("tls") == "on" else ""
    return CONFIGURATION.format(
        user=f"user {' '.join(account)};" if account else "",
        access_log="/dev/stdout" if endpoint.verbose else "off",
        address=name_of((endpoint.host, endpoint.port)),
        backlog=BACKLOG,
        root=ROOT,
        **{**defaults(OPTIONS), **options, "tls": tls},
    )


# -e: until it has read its configuration it logs where Debian says, which is root's to write.
NGINX: Final = WebServer(
    "nginx", "nginx", ("-p", ".", "-e", "stderr", "-c", "nginx.conf"), configure
)
