"""Runs of a history that never were: their figures, and what they are of."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from c10k.reports.comparisons.pairs import CPU
from c10k.reports.history.series import Setting, StoredRun, Subject
from c10k.reports.model.quantity import Quantity
from c10k.results import changes

BEGUN = datetime(2026, 9, 1, 2, tzinfo=UTC)
HERE = Setting("Example CPU (abc)", "profile standard")
SUBJECT = Subject("threaded", "saturated", 1_000, CPU)


@pytest.fixture(autouse=True)
def few_permutations(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(changes, "_PERMUTATIONS", (2_000,))


@pytest.fixture
def runs() -> Callable[..., list[StoredRun]]:
    """A run per value of a subject, one a day, each of a commit of its own."""

    def made(values, subject=SUBJECT, setting=HERE, unfit=(), commit="{:07x}") -> list[StoredRun]:
        return [
            StoredRun(
                Path(f"run-{number}"),
                commit.format(number),
                BEGUN + timedelta(days=number),
                setting,
                {subject: Quantity(value, value / 1.1, value * 1.1)},
                frozenset({subject} if number in unfit else ()),
            )
            for number, value in enumerate(values)
        ]

    return made
