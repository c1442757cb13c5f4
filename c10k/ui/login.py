"""The login, for a UI that other machines reach: one user, whose password `c10k ui` knows.

Locust's --web-login brings the page; what it needs is here.
"""

import hmac
import secrets
import time
from collections import deque
from typing import Final

from flask import Blueprint, Flask, current_app, redirect, request, session, url_for
from flask_login import LoginManager, UserMixin, current_user, login_user
from werkzeug.wrappers import Response

OPEN: Final = ("locust.login", "locust.send_assets", "login.submit")
"""What may be asked without a login."""
WRONG: Final = 5  # logins that may be wrong, of one address
WITHIN_S: Final = 60.0
ADDRESSES: Final = 10_000  # that are remembered


class OneUser(UserMixin):  # type: ignore[misc]  # flask_login has no types
    """The user of this UI."""

    id = "user"


class WrongLogins:
    """Counts the wrong logins of the last minute by address."""

    def __init__(self) -> None:
        self._times: dict[str, deque[float]] = {}

    def too_many(self, address: str) -> bool:
        """Whether this address must wait."""
        times = self._times.get(address, deque())
        while times and times[0] < time.monotonic() - WITHIN_S:
            times.popleft()
        if not times:
            self._times.pop(address, None)
        return len(times) >= WRONG

    def add(self, address: str) -> None:
        """Count one; the address that was wrong first is forgotten where there are too many."""
        self._times.setdefault(address, deque()).append(time.monotonic())
        if len(self._times) > ADDRESSES:
            self._times.pop(next(iter(self._times)))


def require_login(app: Flask, manager: LoginManager, user: str, password: str) -> str:
    """Answer nothing but the login page until somebody logs in; the path that the page submits to.

    The session ends with the process, or when the browser is closed.
    """
    app.secret_key = secrets.token_bytes(32)
    app.config.update(
        SESSION_COOKIE_NAME="c10k_ui",
        SESSION_COOKIE_HTTPONLY=True,
        SESSION_COOKIE_SAMESITE="Strict",
    )
    manager.user_loader(lambda _: OneUser())
    wrong = WrongLogins()
    blueprint = Blueprint("login", __name__)

    @app.before_request
    def check() -> Response | None:
        if request.endpoint in OPEN or current_user.is_authenticated:
            return None
        refused: Response = current_app.login_manager.unauthorized()  # type: ignore[attr-defined]  # flask_login adds it
        return refused

    @blueprint.route("/login-submit", methods=["POST"])
    def submit() -> Response | tuple[str, int, dict[str, str]]:
        address = request.remote_addr or ""
        if wrong.too_many(address):
            wait = {"Retry-After": f"{WITHIN_S:.0f}"}
            return "too many wrong logins: wait a minute, then try again\n", 429, wait
        # Both are compared, so that the time tells nothing of which is wrong.
        right = _same(request.form.get("username", ""), user) & _same(
            request.form.get("password", ""), password
        )
        if not right:
            wrong.add(address)
            session["auth_error"] = "wrong user or password"
            return redirect(url_for("locust.login"))
        session.pop("auth_error", None)
        login_user(OneUser())
        return redirect(url_for("locust.index"))

    app.register_blueprint(blueprint)
    return "/login-submit"


def _same(one: str, other: str) -> bool:
    return hmac.compare_digest(one.encode(), other.encode())
