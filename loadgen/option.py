"""Declaring an option: what stands in the type of a struct's field."""

from collections.abc import Callable
from typing import Any

from msgspec import Meta


def option(help_: str = "", spelling: str | Callable[[str], Any] = "", **more: Any) -> Meta:  # noqa: ANN401 (as Meta has them)
    """The declaration of an option: bounds `ge`, `gt`, `le` and `min_length`; what else it may hold
    is listed in c10k/options.py, which reads it.
    """
    bounds = {key: more.pop(key) for key in ("ge", "gt", "le", "min_length") if key in more}
    extra = {"spelling": spelling, **more} if spelling else more
    return Meta(description=help_, extra=extra, **bounds)
