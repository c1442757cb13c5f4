"""Locust, which workers need and c10k alone does not."""

import importlib.util

from c10k.outcome import CommandError, Status


def check_locust() -> None:
    """Raise CommandError where it is not installed."""
    if importlib.util.find_spec("locust") is None:
        raise CommandError(
            "workers need Locust, which is not installed: `pip install 'c10k-bench[locust]'`",
            Status.UNABLE,
        )
