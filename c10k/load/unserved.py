"""Why no connection was served, and what to do."""

import http.client
import socket

from c10k.loadgen.address import Address
from c10k.loadgen.fleet import Snapshot
from c10k.loadgen.tls import Tls, server_name
from c10k.loadgen.workload import Workload


def reason(
    target: str,
    address: Address,
    workload: Workload,
    opening: Snapshot,
    tls: Tls | None = None,
) -> str:
    """One line; `opening` holds the errors."""
    # Of many connections, those that wait for the first to be served say nothing of the server.
    cause = max(opening.errors, key=lambda each: (each != "never_opened", opening.errors[each]))
    if cause == "http_status" and (status := _status(address, workload, tls)):
        asked, served = f"GET {workload.path}", "2xx"
        if workload.protocol == "websocket":
            asked, served = f"the WebSocket handshake for {workload.path}", "101"
        return (
            f"{target} answered {status} to {asked}, and only {served} is served: "
            "name another path, or mend the server"
        )
    if cause == "tls_certificate":
        return (
            f"the certificate of {target} does not verify: trust it, or who signed it, by --tls-ca "
            "FILE, and name the host as it does; or load it unverified by --tls-insecure"
        )
    if cause == "tls_handshake":
        return (
            f"no connection to {target} was served (tls_handshake): does what listens there speak "
            "TLS 1.2 or 1.3?"
        )
    if cause in ("unreachable", "connect_timeout"):
        return (
            f"no connection to {target} was made ({cause}): is the host up, does a server accept "
            "connections there, and does no firewall drop them?"
        )
    remedy = f"does what listens there speak {workload.protocol}?"
    if workload.protocol == "echo" and address.family == socket.AF_UNIX:
        remedy = "is an echo server listening there?"
    elif workload.protocol == "echo":
        remedy = (
            "is an echo server listening there? "
            f"`c10k serve asyncio_streams --port {address.port}` starts one"
        )
    return f"no connection to {target} was served ({cause}): {remedy}"


def _status(address: Address, workload: Workload, tls: Tls | None) -> str:
    """The status of one more request, since the fleet counts statuses and keeps none; empty where
    there is no answer."""
    headers = {"Host": address.authority}
    if workload.protocol == "websocket":
        headers |= {"Upgrade": "websocket", "Connection": "Upgrade"}
        headers |= {"Sec-WebSocket-Version": "13", "Sec-WebSocket-Key": "AAAAAAAAAAAAAAAAAAAAAA=="}
    if tls:
        connection: http.client.HTTPConnection = http.client.HTTPSConnection(
            server_name(address), address.port, timeout=5, context=tls.context()
        )
    else:
        connection = http.client.HTTPConnection("localhost", address.port, timeout=5)
    try:
        if not tls:
            connection.sock = socket.socket(address.family)
            connection.sock.settimeout(5)
            connection.sock.connect(address.socket_address)
        connection.request("GET", workload.path, headers=headers)
        status = connection.getresponse().status
    except (OSError, http.client.HTTPException):
        return ""
    finally:
        connection.close()
    phrase = http.client.responses.get(status)
    return f"{status} ({phrase})" if phrase else f"{status}"
