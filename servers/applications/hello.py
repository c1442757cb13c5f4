"""The application that the HTTP servers run: it answers each request with the same 64 bytes.

A framework would add its own cost to each request, and hide the server's.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable
from typing import Any

BODY = b"x" * 63 + b"\n"  # as long as the messages of an echo

Message = dict[str, Any]


async def asgi(
    scope: Message,
    receive: Callable[[], Awaitable[Message]],
    send: Callable[[Message], Awaitable[None]],
) -> None:
    """Answer a request, or the start and the end of the server (ASGI 3.0)."""
    if scope["type"] == "lifespan":
        for _ in range(2):
            event = await receive()
            await send({"type": f"{event['type']}.complete"})
        return
    headers = [(b"content-type", b"text/plain"), (b"content-length", b"%d" % len(BODY))]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": BODY})


def wsgi(_environ: Message, start_response: Callable[..., Any]) -> Iterable[bytes]:
    """Answer a request (PEP 3333)."""
    headers = [("Content-Type", "text/plain"), ("Content-Length", str(len(BODY)))]
    start_response("200 OK", headers)
    return [BODY]
