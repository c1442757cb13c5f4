"""Who may ask what of the UI.

Locust allows any page of the web to call it: its CORS is open, there is no token in its forms, and
a GET stops a test. So here every request is checked before Locust sees it, and what leaves is
stripped of CORS.
"""

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlsplit

from flask import Flask, Response, request

if TYPE_CHECKING:
    from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

SAFE: Final = ("GET", "HEAD", "OPTIONS")
CHANGING: Final = ("/stop", "/stats/reset")  # some releases of Locust have them by GET, too
HEADERS: Final = {
    "Referrer-Policy": "same-origin",  # from which _comes_from_here() tells who asks
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}
CORS: Final = "access-control-"


def guard(app: Flask, hosts: Iterable[str]) -> None:
    """Let only requests to one of these hosts through, and let only pages of this UI change
    anything.

    The names of `hosts` have no port, which an ssh tunnel may change.
    """
    names = frozenset(hosts)

    @app.before_request
    def check() -> tuple[str, int] | None:
        if (name := _name(request.host)) not in names:
            return (
                f"this UI is not called {name!r:.100}: open it by the address that c10k ui says\n",
                421,
            )
        if _changes() and not _comes_from_here():
            return (
                "only the pages of this UI may change anything; a program must send the header "
                f"Origin: {_origin()}\n",
                403,
            )
        return None

    @app.after_request
    def protect(response: Response) -> Response:
        for header, value in HEADERS.items():
            response.headers.setdefault(header, value)
        return response

    app.wsgi_app = _without_cors(app.wsgi_app)  # type: ignore[assignment, method-assign]  # as Flask's documentation has it


def _changes() -> bool:
    return request.method not in SAFE or request.path.rstrip("/") in CHANGING


def _comes_from_here() -> bool:
    """Whether a page of this very origin asks: by Sec-Fetch-Site, where the browser sends it, and
    by Origin or, of a GET, Referer."""
    if request.headers.get("Sec-Fetch-Site", "same-origin") != "same-origin":
        return False
    source = urlsplit(request.headers.get("Origin") or request.headers.get("Referer") or "")
    return f"{source.scheme}://{source.netloc}" == _origin()


def _origin() -> str:
    return f"{request.scheme}://{request.host}"


def _name(host: str) -> str:
    """The name in a Host header; empty where that is none."""
    try:
        return urlsplit(f"//{host}").hostname or ""
    except ValueError:
        return ""


def _without_cors(app: "WSGIApplication") -> "WSGIApplication":
    """The application without the headers that flask-cors adds after all hooks of Flask."""

    def stripped(environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        def start(status: str, headers: list[tuple[str, str]], *error: Any) -> Callable[..., Any]:  # noqa: ANN401 (as WSGI has it)
            kept = [each for each in headers if not each[0].lower().startswith(CORS)]
            return start_response(status, kept, *error)

        return app(environ, start)

    return stripped
