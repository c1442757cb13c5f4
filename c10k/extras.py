"""What is installed only with an extra of c10k, and is named where it is missing."""

import importlib.util
import re
from importlib.metadata import PackageNotFoundError, requires
from typing import Final

from c10k.outcome import CommandError, Status

DISTRIBUTION: Final = "c10k-bench"


def need(module: str, what: str) -> None:
    """Raise CommandError where a module that something needs is not installed."""
    if importlib.util.find_spec(module) is None:
        raise missing(module, what)


def missing(module: str, what: str) -> CommandError:
    """The error that names what something needs, and the command that installs it."""
    return CommandError(
        f"{what} needs {module}, which is not installed: `{remedy(module)}`", Status.UNABLE
    )


def remedy(module: str) -> str:
    """The command that installs a module: the first extra that has it, as the package says; all of
    them where none does, since it is then what another module needs."""
    try:
        required = requires(DISTRIBUTION) or ()
    except PackageNotFoundError:  # run from its sources
        return f"pip install {module}"
    for each in required:
        extra = re.search(r"extra == ['\"](\w+)", each)
        if extra and re.match(rf"{re.escape(module)}\b", each, re.IGNORECASE):
            return f"pip install '{DISTRIBUTION}[{extra[1]}]'"
    return f"pip install '{DISTRIBUTION}[all]'"
