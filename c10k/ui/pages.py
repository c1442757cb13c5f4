"""The pages beside Locust's own: Server, Latency, Chapter, and the report of the stored run."""

from functools import cache
from typing import TYPE_CHECKING, Final

from flask import Blueprint, Flask, Response, abort, redirect, request, send_from_directory
from jinja2 import Environment, PackageLoader, StrictUndefined

from c10k.ui.live import Live

if TYPE_CHECKING:
    from werkzeug.wrappers import Response as AnyResponse

PREFIX: Final = "/c10k"
PAGES: Final = {"server": "Server", "latency": "Latency", "chapter": "Chapter"}
OURS: Final = "default-src 'self'"
REPORT: Final = "default-src 'none'; img-src 'self' data:; font-src data:; " + "; ".join(
    f"{kind} 'unsafe-inline'" for kind in ("script-src", "style-src")
)
"""A report is one file, with its script and style in it. It asks for nothing else."""
PLACE: Final = '<div id="root"></div>'
"""Where Locust's own page begins: our links stand before it."""


def add_pages(app: Flask, live: Live) -> None:
    """Add our pages, and the links to them to Locust's page."""
    blueprint = Blueprint("c10k", __name__, url_prefix=PREFIX, static_folder="static")

    @blueprint.route("/")
    def first() -> "AnyResponse":
        return redirect(f"{PREFIX}/server")

    @blueprint.route(f"/<any({','.join(PAGES)}):page>")
    def page(page: str) -> Response:
        html = _templates().get_template(f"{page}.html.j2").render(page=page, pages=PAGES)
        return _protected(Response(html), OURS)

    @blueprint.route("/live")
    def points() -> Response:
        after = request.args.get("after", 0, int)
        return _fresh(Response(live.since(after), mimetype="application/json"))

    @blueprint.route("/tables")
    def tables() -> Response:
        return _fresh(Response(live.tables))

    @blueprint.route("/style.css")
    def style() -> Response:
        return Response(_style(), mimetype="text/css")

    @blueprint.route("/report/", defaults={"path": "index.html"})
    @blueprint.route("/report/<path:path>")
    def report(path: str) -> "AnyResponse":
        if live.run is None:
            abort(404, "no run is stored yet: start a test")
        return _protected(_fresh(send_from_directory(live.run / "report", path)), REPORT)

    @app.after_request
    def link(response: Response) -> Response:
        """Put the links to our pages on Locust's."""
        if request.endpoint == "locust.index" and response.mimetype == "text/html":
            bar = _templates().get_template("bar.html.j2").render(page="", pages=PAGES)
            response.set_data(response.get_data(as_text=True).replace(PLACE, bar + PLACE, 1))
        return response

    app.register_blueprint(blueprint)


def _fresh(response: Response) -> Response:
    response.headers["Cache-Control"] = "no-store"
    return response


def _protected(response: Response, policy: str) -> Response:
    response.headers["Content-Security-Policy"] = policy
    return response


@cache
def _templates() -> Environment:
    return Environment(
        loader=PackageLoader("c10k.ui"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


@cache
def _style() -> str:
    """The look of a report, whose scheme may be chosen as on Locust's page."""
    from c10k.reports.style import COLOURS

    colours = "".join(
        f"--{name}:light-dark({light},{dark});" for name, (light, dark) in COLOURS.items()
    )
    report, _, _ = _templates().loader.get_source(_templates(), "ui.css")  # type: ignore[union-attr]  # it has one
    return f":root{{{colours}}}\n{report}"
