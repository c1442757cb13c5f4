"""The directory of a new run, and who else measures meanwhile."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from datetime import datetime
from itertools import count
from pathlib import Path

from c10k.host.run_lock import OneRun, OtherRun
from c10k.outcome import CommandError, Status
from c10k.output.files import RUNS
from c10k.results.store import RunWriter


def named() -> Path:
    """Where a run that begins now goes."""
    return RUNS / f"{datetime.now():%Y-%m-%d_%H%M%S}"  # noqa: DTZ005 (a name for people)


def made(directory: Path) -> Path:
    """Make the directory, with a number behind its name if several runs begin in one second."""
    for number in count(1):
        made = directory if number == 1 else directory.with_name(f"{directory.name}_{number}")
        with suppress(FileExistsError):
            made.mkdir(parents=True)
            break
    return made


@contextmanager
def one_run(directory: Path, *, force: bool) -> Iterator[OneRun]:
    """Claim the machine for a run. CommandError where another has it, unless by `force`."""
    with OneRun(directory, force=force) as one:
        if one.other and not force:
            raise CommandError(
                f"another run is under way on this machine ({one.other}): two at once distort "
                "each other; wait for its end, or measure regardless with --force",
                Status.UNABLE,
            )
        yield one


def record_others(writer: RunWriter, others: Iterable[OtherRun]) -> None:
    """Add runs that were under way at the same time to the environment warnings."""
    added = [
        {
            "code": "other_run",
            "message": f"another run measured at the same time ({other})",
            "remedy": "measure again while nothing else runs: two runs at once distort each other",
        }
        for other in others
    ]
    if added:
        writer.update_manifest(warnings=[*writer.manifest["warnings"], *added])
