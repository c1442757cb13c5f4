"""The directory of a run: written so that it can be read whenever the writer dies.

A step is first added to `latency.hlog`, then to `journal.jsonl`, which makes it count, and then to
the Parquet tables, which are replaced whole. Each is on the disk before the next is touched. The
journal says how much of the log is valid, so that pieces of a step that never counted are ignored,
and overwritten by the next one.
"""

import fcntl
import json
import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from io import FileIO
from pathlib import Path
from typing import Any, Final, Self

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from c10k.results import histogram_log
from c10k.results.aggregate import Recording, merged
from c10k.results.histogram import Histogram
from c10k.results.histogram_log import Tag
from c10k.results.manifest import RUN_SCHEMA, check_contents, check_manifest
from c10k.results.schema import (
    KEY,
    MISSING,
    SAMPLES,
    STEPS,
    WINDOWS,
    RunError,
    Table,
    check_frame,
    complete,
)
from c10k.results.shape import COUNT, TEXT, Shape, misfits, parsed

__all__ = ["Key", "Run", "RunError", "RunWriter", "StepRecord", "newest_run", "read_run"]

MANIFEST: Final = "run.json"
JOURNAL: Final = "journal.jsonl"
LOG: Final = "latency.hlog"
TABLES: Final[dict[str, Table]] = {"samples": SAMPLES, "windows": WINDOWS, "steps": STEPS}
"""In the order they are written: steps last, so that whoever finds a step finds all of it."""

Key = tuple[str, str, int, int]
"""server, workload, repeat, connections: what names a step."""

_ARROW = {"float64": pa.float64(), "int64": pa.int64(), "bool": pa.bool_(), "str": pa.string()}


@dataclass(frozen=True)
class StepRecord:
    """All that one step measured.

    step: a row of the steps; columns that were not measured may be left out.
    windows, samples: rows of those tables; the step's key and the window's number are filled in.
    histograms: for each window response, service, send_lag and waiting; connect and first_echo
    once, or where connections come and go for each window.
    """

    step: Mapping[str, Any]
    windows: Sequence[Mapping[str, Any]] = ()
    samples: Sequence[Mapping[str, Any]] = ()
    histograms: Sequence[Recording | tuple[str, float, float, Histogram]] = ()

    @property
    def key(self) -> Key:
        """What names the step."""
        step = self.step
        return step["server"], step["workload"], step["repeat"], step["connections"]

    def tables(self) -> dict[str, dict[str, list[Any]]]:
        """Its part of each table, by columns; RunError where a row does not fit the schema."""
        key = dict(zip(KEY, self.key, strict=True))
        rows: dict[str, Sequence[Mapping[str, Any]]] = {
            "samples": [{**row, **key} for row in self.samples],
            "windows": [{"window": i, **row, **key} for i, row in enumerate(self.windows)],
            "steps": [self.step],
        }
        return {name: _columns(TABLES[name], rows[name]) for name in TABLES}


class RunWriter:
    """Writes one run. Call `create` for a new one, or come from `open` to go on with an old one.

    Every method raises RunError, in one line, for what cannot be written (a full disk, no
    permission); what was appended before stays readable. One process at a time holds a run; it is
    given free by `close` or by leaving the `with` block.
    """

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self._manifest: dict[str, Any] = {}
        self._tables: dict[str, pa.Table] = {}
        self._done: set[Key] = set()
        self._files = ExitStack()

    def create(self, manifest: Mapping[str, Any]) -> Self:
        """Begin a run with this manifest; `schema`, `created_at` and the end are added to it."""
        if (self.directory / MANIFEST).exists():
            raise RunError(f"{self.directory} holds a run already: resume it or name another")
        begun = {
            "schema": RUN_SCHEMA,
            "created_at": datetime.now(UTC).isoformat(timespec="milliseconds"),
            "finished_at": None,
            "interrupted": False,
        }
        self._manifest = check_manifest(begun | {**manifest}, MANIFEST)
        with _writing(self.directory):
            self.directory.mkdir(parents=True, exist_ok=True)
        self._begin(new=True)
        self._write_manifest()  # last: only now the directory is a run
        return self

    @classmethod
    def open(cls, directory: Path) -> Self:
        """Go on with a run: half-written ends are cut, the tables brought up to date."""
        writer = cls(directory)
        writer._manifest = _read_manifest(directory)
        writer._begin(new=False)
        return writer

    def _begin(self, *, new: bool) -> None:
        with _writing(self.directory), ExitStack() as files:
            self._journal = files.enter_context(_open_for_update(self.directory / JOURNAL))
            try:
                fcntl.flock(self._journal, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError as error:
                raise RunError(f"{self.directory} is being written by another process") from error
            journal, journal_end = ([], 0) if new else _read_journal(self.directory)
            started_at = datetime.fromisoformat(self._manifest["created_at"])
            head = b"" if journal else histogram_log.header(started_at).encode()
            self._log = files.enter_context(_open_for_update(self.directory / LOG))
            self._log_end = _write_at(self._log, _log_end(journal), head)
            self._journal_end = _write_at(self._journal, journal_end, b"")
            self._done = {_key(line) for line in journal}
            self._tables = _journal_tables(self.directory, journal)
            self._replace_tables()
            self._files = files.pop_all()

    def close(self) -> None:
        """Give the run free; closing twice is harmless."""
        self._files.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @property
    def manifest(self) -> Mapping[str, Any]:
        """What run.json holds."""
        return self._manifest

    def done(self) -> set[Key]:
        """The steps that are in the journal, by (server, workload, repeat, connections)."""
        return set(self._done)

    def steps(self) -> list[dict[str, Any]]:
        """The rows of these, with NaN where nothing was measured."""
        frame = self._tables["steps"].to_pandas()
        return [
            {str(name): value for name, value in row.items()} for row in frame.to_dict("records")
        ]

    def append_step(self, record: StepRecord) -> None:
        """Put a step on the disk, where it survives a crash; RunError if it is there already."""
        if record.key in self._done:
            raise RunError(f"{self.directory} has this step already: {record.key}")
        columns = record.tables()
        lines = (
            histogram_log.line(Tag(*record.key, kind), start_s, length_s, histogram)
            for kind, start_s, length_s, histogram in record.histograms
        )
        with _writing(self.directory / LOG):
            log_end = _write_at(self._log, self._log_end, "".join(lines).encode())
        line = json.dumps({"log_end": log_end, **columns}, allow_nan=False)
        with _writing(self.directory / JOURNAL):
            self._journal_end = _write_at(self._journal, self._journal_end, f"{line}\n".encode())
        self._log_end = log_end
        self._done.add(record.key)
        added = _arrow_tables([columns])
        self._tables = {
            name: pa.concat_tables([table, added[name]]).combine_chunks()
            for name, table in self._tables.items()
        }
        self._replace_tables()

    def update_manifest(self, **changes: object) -> None:
        """Change keys of run.json."""
        self._manifest = check_manifest(self._manifest | changes, MANIFEST)
        self._write_manifest()

    def _write_manifest(self) -> None:
        text = json.dumps(self._manifest, indent=2, ensure_ascii=False)
        _replace(self.directory / MANIFEST, f"{text}\n".encode())

    def _replace_tables(self) -> None:
        for name, table in self._tables.items():
            written = pa.BufferOutputStream()
            pq.write_table(table, written)
            _replace(_parquet(self.directory, name), written.getvalue())


@dataclass(frozen=True)
class Run:
    """A run as it was read: the description and the three tables of `c10k.results.schema`."""

    directory: Path
    manifest: dict[str, Any]
    steps: pd.DataFrame
    windows: pd.DataFrame
    samples: pd.DataFrame
    _lines: Mapping[Tag, list[histogram_log.Line]] = field(repr=False)

    def histograms(
        self, server: str, workload: str, connections: int, kind: str, repeat: int | None = None
    ) -> Histogram:
        """The values of one kind in a step, of one repeat or of all; empty when there are none.

        The response times of the tables are those of the kinds response and waiting together.
        """
        wanted = (server, workload, connections, kind)
        return Histogram().merged(
            *(
                merged(kind, (histogram for _, _, histogram in self._intervals(tag)))
                for tag in self._lines
                if (tag.server, tag.workload, tag.connections, tag.kind) == wanted
                and repeat in (None, tag.repeat)
            )
        )

    def slices(
        self, server: str, workload: str, connections: int, repeat: int = 0
    ) -> list[tuple[float, float, Histogram]]:
        """A step's response times over time: (start and length in s, since the run began; values).

        Empty of a run that was measured before there were slices.
        """
        return list(self._intervals(Tag(server, workload, repeat, connections, "slice")))

    def _intervals(self, tag: Tag) -> Iterator[tuple[float, float, Histogram]]:
        try:
            for line in self._lines.get(tag, ()):
                yield line.start_s, line.length_s, line.histogram()
        except ValueError as error:
            raise RunError(f"{self.directory / LOG}: {error}") from error


def read_run(directory: Path) -> Run:
    """Read a run, finished, interrupted or still being written.

    RunError, in one line, when it is missing, unreadable, damaged or of another schema.
    """
    manifest = _read_manifest(directory)
    journal, _ = _read_journal(directory)
    # The reverse of the order of writing, so that a step found is a step whose rows are found.
    frames = {name: _read_table(directory, name) for name in reversed(TABLES)}
    if len(frames["steps"]) < len(journal):  # the writer died before it replaced the tables
        source = str(directory / JOURNAL)
        frames = {
            name: check_frame(TABLES[name], table.to_pandas(), source)
            for name, table in _journal_tables(directory, journal).items()
        }
    # What was read after the steps may also have rows of one that has ended since.
    key = list(KEY)
    ended = frames["steps"][key]
    frames |= {name: frames[name].merge(ended, on=key) for name in ("windows", "samples")}
    return Run(directory, manifest, **frames, _lines=_read_log(directory, _log_end(journal)))


def newest_run(directory: Path) -> Path | None:
    """The run in a directory of runs that began last, by its description; None for no run."""
    began = {}
    for path in directory.glob(f"*/{MANIFEST}"):
        try:
            began[path.parent] = datetime.fromisoformat(_read_manifest(path.parent)["created_at"])
        except ValueError:  # RunError too: it is no run, or a damaged one
            continue
    return max(began, key=lambda run: began[run].timestamp(), default=None)


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise RunError(f"{path} cannot be read: {error.strerror}") from error


def _read_manifest(directory: Path) -> dict[str, Any]:
    path = directory / MANIFEST
    try:
        found = parsed(path.read_bytes())
    except (FileNotFoundError, NotADirectoryError) as error:
        raise RunError(
            f"{directory} is not the directory of a run: it has no {MANIFEST}"
        ) from error
    except OSError as error:
        raise RunError(f"{path} cannot be read: {error.strerror}") from error
    except ValueError as error:
        raise RunError(f"{path} is not JSON: {error}") from error
    manifest = check_manifest(found, str(path))
    check_contents(manifest, str(path))
    return manifest


def _read_table(directory: Path, name: str) -> pd.DataFrame:
    path = _parquet(directory, name)
    data = _read(path)
    try:
        table = pq.ParquetFile(pa.BufferReader(data)).read()
        table.validate(full=True)
        frame = table.to_pandas(ignore_metadata=True)
    except Exception as error:  # a damaged file may break the parser anywhere
        first_line = str(error).partition("\n")[0]
        raise RunError(f"{path} cannot be read: {first_line}") from error
    return check_frame(TABLES[name], frame, str(path))[list(TABLES[name])]


def _read_journal(directory: Path) -> tuple[list[dict[str, Any]], int]:
    """The journal's whole lines, and where they end; a last line cut short is left out."""
    path = directory / JOURNAL
    journal = []
    end = 0
    for number, line in enumerate(_read(path).splitlines(keepends=True), start=1):
        if not line.endswith(b"\n"):
            break
        try:
            step = json.loads(line)
        except (ValueError, RecursionError):
            step = None
        if not _is_step(step):
            raise RunError(f"{path}: line {number} is damaged")
        journal.append(step)
        end += len(line)
    return journal, end


_LINE: Final[Shape] = {
    "log_end": COUNT,
    "steps": {name: [TEXT if column.dtype == "str" else COUNT] for name, column in KEY.items()},
}


def _is_step(line: object) -> bool:
    """Whether a line of the journal has the columns of every table, and one row of the steps."""
    if not isinstance(line, dict) or line.keys() != {"log_end", *TABLES}:
        return False
    if any(misfits(line, _LINE)):
        return False
    heights = {name: _height(table, line[name]) for name, table in TABLES.items()}
    return heights["steps"] == 1 and min(heights.values()) >= 0


def _height(table: Table, columns: object) -> int:
    """How many rows the columns have; -1 where they are not all there, or not alike."""
    if not isinstance(columns, dict):
        return -1
    values = [
        columns.get(name) for name, each in table.items() if name in columns or not each.later
    ]
    heights = {len(each) if isinstance(each, list) else -1 for each in values}
    return heights.pop() if len(heights) == 1 else -1


def _read_log(directory: Path, end: int) -> dict[Tag, list[histogram_log.Line]]:
    path = directory / LOG
    lines: dict[Tag, list[histogram_log.Line]] = {}
    try:
        for line in histogram_log.read(_read(path)[:end].decode()):
            lines.setdefault(Tag.parse(line.tag), []).append(line)
    except ValueError as error:
        raise RunError(f"{path}: {error}") from error
    return lines


def _log_end(journal: Sequence[Mapping[str, Any]]) -> int:
    """How much of the log belongs to steps of the journal."""
    return journal[-1]["log_end"] if journal else 0


def _key(line: Mapping[str, Any]) -> Key:
    server, workload, repeat, connections = (line["steps"][name][0] for name in KEY)
    return server, workload, repeat, connections


def _parquet(directory: Path, name: str) -> Path:
    return directory / f"{name}.parquet"


def _columns(table: Table, rows: Sequence[Mapping[str, Any]]) -> dict[str, list[Any]]:
    """Rows as columns, NaN as None, for JSON knows no NaN."""
    completed = [complete(table, row) for row in rows]
    return {
        name: [None if row[name] != row[name] else row[name] for row in completed] for name in table
    }


def _values(columns: Mapping[str, list[Any]], name: str, table: Table) -> list[Any]:
    """One column of a line of the journal; of a later one that it lacks, MISSING in every row."""
    if table[name].later and name not in columns:
        missing = MISSING[table[name].dtype]
        return [None if missing != missing else missing] * len(columns["server"])
    return columns[name]


def _arrow_tables(journal: Sequence[Mapping[str, Any]]) -> dict[str, pa.Table]:
    """The tables that lines of the journal amount to."""
    return {
        name: pa.table(
            {
                column: [value for line in journal for value in _values(line[name], column, table)]
                for column in table
            },
            schema=pa.schema([(column, _ARROW[table[column].dtype]) for column in table]),
        )
        for name, table in TABLES.items()
    }


def _journal_tables(directory: Path, journal: Sequence[Mapping[str, Any]]) -> dict[str, pa.Table]:
    """The same, read from a run; RunError where a value is not of its column's type."""
    try:
        return _arrow_tables(journal)
    except (ValueError, TypeError, OverflowError, pa.ArrowException) as error:
        raise RunError(f"{directory / JOURNAL} is damaged: {error}") from error


@contextmanager
def _writing(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise RunError(f"{path} cannot be written: {error.strerror or error}") from error


def _replace(path: Path, data: bytes | pa.Buffer) -> None:
    """Put a file in the place of another at once, when all of it is on the disk."""
    temporary = path.with_name(f".{path.name}.tmp")
    with _writing(path):
        try:
            with _open_for_update(temporary) as file:
                _write_at(file, 0, data)
            temporary.replace(path)
        finally:
            temporary.unlink(missing_ok=True)  # on a full disk what it took is needed
        directory = os.open(path.parent, os.O_RDONLY)
        try:
            os.fsync(directory)  # the new name
        finally:
            os.close(directory)


def _open_for_update(path: Path) -> FileIO:
    # Unbuffered: after a failed write nothing may wait to be written later.
    path.touch()
    return path.open("r+b", buffering=0)


def _write_at(file: FileIO, position: int, data: bytes | pa.Buffer) -> int:
    """Make `data` the end of the file, from `position` on, safe on the disk; its new end."""
    file.seek(position)
    file.truncate()
    left = memoryview(data)
    while left:
        left = left[file.write(left) :]
    os.fsync(file.fileno())
    return position + len(data)
