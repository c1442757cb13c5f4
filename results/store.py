"""The directory of a run: written so that it can be read whenever the writer dies.

The histograms of a step are appended to `latency.hlog`. Then `samples.parquet`, `windows.parquet`
and last `steps.parquet` are replaced: the new table is written to a file beside it, which takes its
name when it is on the disk. The row in `steps.parquet` makes the step count. Rows and histograms of
a step without one, whole or torn, are ignored by readers and overwritten by the next step.

Why not one Parquet file per step: each repeats the description of 108 columns, so that reading the
steps of a run of 500 takes 5 s instead of 0.05 s. Writing the tables of such a run anew takes 0.3 s
after each step, in which nothing is measured.
"""

import errno
import fcntl
import json
import os
import stat
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from io import FileIO
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Self

import msgspec
import pyarrow as pa
import pyarrow.parquet as pq

from c10k.results import histogram_log
from c10k.results.aggregate import Recording, merged
from c10k.results.histogram import Histogram
from c10k.results.histogram_log import LogInterval, Tag
from c10k.results.manifest import RUN_SCHEMA, check_manifest
from c10k.results.schema import KEY, TABLES, RunError, TableSpec, check_frame, complete

if TYPE_CHECKING:
    import pandas as pd  # a second that writing a run need not wait for

__all__ = [
    "Key",
    "Run",
    "RunError",
    "RunWriter",
    "StepRecord",
    "newest_run",
    "read_run",
    "runs_in",
]

MANIFEST: Final = "run.json"
LOG: Final = "latency.hlog"

# More than any run has, and what fits in memory. A damaged file may claim, or expand to, anything.
LARGEST_FILE: Final = 1 << 30
LARGEST_TABLE: Final = 50_000_000  # cells: rows times columns

Key = tuple[str, str, int, int]
"""What names a step: server (its SPEC), workload (its name), repeat (from 0), connections."""

_ARROW = {"float64": pa.float64(), "int64": pa.int64(), "bool": pa.bool_(), "str": pa.string()}
_SCHEMAS = {
    name: pa.schema([(column, _ARROW[spec.dtype]) for column, spec in table.items()])
    for name, table in TABLES.items()
}


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
    histograms: Sequence[Recording] = ()

    @property
    def key(self) -> Key:
        """What names the step."""
        step = self.step
        return step["server"], step["workload"], step["repeat"], step["connections"]

    def tables(self) -> dict[str, pa.Table]:
        """Its part of each table. Raises RunError where a row does not fit the schema."""
        key = dict(zip(KEY, self.key, strict=True))
        rows: dict[str, list[Mapping[str, Any]]] = {
            "samples": [{**row, **key} for row in self.samples],
            "windows": [{"window": i, **row, **key} for i, row in enumerate(self.windows)],
            "steps": [self.step],
        }
        return {
            name: pa.Table.from_pylist([complete(table, row) for row in rows[name]], _SCHEMAS[name])
            for name, table in TABLES.items()
        }


class RunWriter:
    """Writes one run. Call `create` for a new one, or come from `open` to go on with an old one.

    Every method raises RunError, in one line, for what cannot be written (a full disk, no
    permission); what was appended before stays readable. One process at a time holds a run; it is
    given free by `close` or by leaving the `with` block.
    """

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.manifest: Mapping[str, Any] = {}  # what run.json holds
        self._tables = {name: schema.empty_table() for name, schema in _SCHEMAS.items()}
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
        self.manifest = check_manifest(begun | {**manifest}, MANIFEST)
        with _accessing(self.directory, "written"):
            self.directory.mkdir(parents=True, exist_ok=True)
        with self._holding():
            header = histogram_log.header(datetime.fromisoformat(self.manifest["created_at"]))
            self._log_end = _write_at(self._log, 0, header.encode())
            self._replace_tables(self._tables)
            self._write_manifest()  # last: only now the directory is a run
        return self

    @classmethod
    def open(cls, directory: Path) -> Self:
        """Go on with a run; what was written of a step that does not count is removed."""
        writer = cls(directory)
        writer.manifest = _read_manifest(directory)
        with writer._holding():
            run = read_run(directory)
            writer._done = run.keys()
            writer._tables = {
                name: pa.Table.from_pandas(getattr(run, name), schema, preserve_index=False)
                for name, schema in _SCHEMAS.items()
            }
            writer._log_end = _write_at(writer._log, run.log_end, b"")
            writer._replace_tables(writer._tables)
        return writer

    @contextmanager
    def _holding(self) -> Iterator[None]:
        """Take the run, which no other process may hold; it is kept if the block succeeds."""
        with _accessing(self.directory, "written"), ExitStack() as files:
            self._log = files.enter_context(_open_for_update(self.directory / LOG))
            try:
                fcntl.flock(self._log, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError as error:
                raise RunError(f"{self.directory} is being written by another process") from error
            yield
            self._files = files.pop_all()

    def close(self) -> None:
        """Give the run free; closing twice is harmless."""
        self._files.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def done(self) -> set[Key]:
        """The steps that are on the disk, by (server, workload, repeat, connections)."""
        return set(self._done)

    def steps(self) -> list[dict[str, Any]]:
        """The rows of these, with NaN where nothing was measured."""
        rows: list[dict[str, Any]] = self._tables["steps"].to_pandas().to_dict("records")
        return rows

    def append_step(self, record: StepRecord) -> None:
        """Put a step on the disk, where it survives a crash. Raises RunError if it is there."""
        if record.key in self._done:
            raise RunError(f"{self.directory} has this step already: {record.key}")
        tables = {
            name: pa.concat_tables([self._tables[name], added]).combine_chunks()
            for name, added in record.tables().items()
        }
        lines = (
            histogram_log.line(Tag(*record.key, kind), start_s, length_s, histogram)
            for kind, start_s, length_s, histogram in record.histograms
        )
        with _accessing(self.directory / LOG, "written"):
            log_end = _write_at(self._log, self._log_end, "".join(lines).encode())
        self._replace_tables(tables)
        self._tables, self._log_end = tables, log_end
        self._done.add(record.key)

    def update_manifest(self, **changes: object) -> None:
        """Change keys of run.json."""
        self.manifest = check_manifest({**self.manifest, **changes}, MANIFEST)
        self._write_manifest()

    def _write_manifest(self) -> None:
        text = json.dumps(self.manifest, indent=2, ensure_ascii=False) + "\n"
        _replace(self.directory / MANIFEST, text.encode(errors="replace"))

    def _replace_tables(self, tables: Mapping[str, pa.Table]) -> None:
        for name in TABLES:  # steps last: who finds a step finds all of it
            written = pa.BufferOutputStream()
            pq.write_table(tables[name], written)
            _replace(self.directory / f"{name}.parquet", written.getvalue())


@dataclass(frozen=True)
class Run:
    """A run as it was read; `read_run` makes one."""

    directory: Path  #: where it was read from
    manifest: dict[str, Any]  #: run.json: the plan, the machine, versions, warnings
    steps: "pd.DataFrame"  #: a row per server, workload, repeat and number of connections
    windows: "pd.DataFrame"  #: a row per window of these
    samples: "pd.DataFrame"  #: the telemetry over time
    log_end: int  #: how many bytes of latency.hlog belong to its steps
    _intervals: Mapping[Tag, list[LogInterval]] = field(repr=False)

    def keys(self) -> set[Key]:
        """The keys of its steps."""
        return _keys(self.steps)

    def histograms(
        self, server: str, workload: str, connections: int, kind: str, repeat: int | None = None
    ) -> Histogram:
        """The times of one kind in a step, of one repeat or of all together; empty without any.

        The kinds are `response`, `service`, `send_lag`, `connect`, `first_echo` and `waiting`. The
        response times of the tables are those of `response` and `waiting` together. Raises RunError
        where the log is damaged.
        """
        wanted = (server, workload, connections, kind)
        return Histogram().merged(
            *(
                merged(kind, (histogram for _, _, histogram in self._decoded(tag)))
                for tag in self._intervals
                if (tag.server, tag.workload, tag.connections, tag.kind) == wanted
                and repeat in (None, tag.repeat)
            )
        )

    def slices(
        self, server: str, workload: str, connections: int, repeat: int = 0
    ) -> list[tuple[float, float, Histogram]]:
        """A step's response times over time: for each slice its start, since the run began, and its
        length in s, and the times. Empty of a step without windows.

        Raises RunError where the log is damaged.
        """
        return list(self._decoded(Tag(server, workload, repeat, connections, "slice")))

    def _decoded(self, tag: Tag) -> Iterator[tuple[float, float, Histogram]]:
        try:
            for interval in self._intervals.get(tag, ()):
                yield interval.start_s, interval.length_s, interval.histogram()
        except ValueError as error:
            raise RunError(f"{self.directory / LOG}: {error}") from error


def read_run(directory: Path) -> Run:
    """Read a run, finished, interrupted or still being written.

    Raises RunError, in one line, when it is missing, unreadable, damaged or of another schema.
    """
    manifest = _read_manifest(directory)
    # In the reverse of the order of writing: of a step that is found, all rows are found.
    frames = {name: _read_table(directory, name) for name in reversed(TABLES)}
    # What was read after the steps may also have rows of one that does not count, or not yet.
    counted = frames["steps"][list(KEY)]
    frames |= {name: frames[name].merge(counted) for name in ("windows", "samples")}
    log_end, intervals = _read_log(directory, frames["steps"])
    return Run(directory, manifest, **frames, log_end=log_end, _intervals=intervals)


def runs_in(directory: Path) -> list[Path]:
    """The directory itself if it is a run's, else those of the runs in it, by name.

    Raises RunError where it cannot be read.
    """
    with _accessing(directory, "read"):
        if (directory / MANIFEST).exists():
            return [directory]
        return sorted(path.parent for path in directory.glob(f"*/{MANIFEST}"))


def newest_run(directory: Path) -> Path | None:
    """The run in a directory of runs that began last, by its description; None for no run."""
    began = {}
    for path in directory.glob(f"*/{MANIFEST}"):
        try:
            began[path.parent] = datetime.fromisoformat(_read_manifest(path.parent)["created_at"])
        except ValueError:  # RunError too: it is no run, or a damaged one
            continue
    return max(began, key=lambda run: began[run].timestamp(), default=None)


def _read_manifest(directory: Path) -> dict[str, Any]:
    path = directory / MANIFEST
    with _accessing(path, "read"):
        if not path.exists():
            raise RunError(f"{directory} is not the directory of a run: it has no {MANIFEST}")
        text = _content(path)
    try:
        found = msgspec.json.decode(text)
    except (ValueError, RecursionError) as error:
        raise RunError(f"{path} is not JSON: {error}") from error
    return check_manifest(found, str(path))


def _read_table(directory: Path, name: str) -> "pd.DataFrame":
    path = directory / f"{name}.parquet"
    with _accessing(path, "read"):
        data = _content(path)
    try:
        frame = _frame(data, TABLES[name])
    except Exception as error:  # a damaged file may break the parser anywhere
        first_line = str(error).partition("\n")[0]
        raise RunError(f"{path} cannot be read: {first_line}") from error
    check_frame(TABLES[name], frame, str(path))
    found: pd.DataFrame = frame[list(TABLES[name])]
    return found


def _frame(data: bytes, columns: TableSpec) -> "pd.DataFrame":
    """Those columns of a Parquet file; ValueError where they would not fit in memory.

    Texts stay in dictionaries until they are Python's: a file of a few kilobytes may repeat a long
    one in a million rows.
    """
    about = pq.read_metadata(pa.BufferReader(data))
    expanded = sum(about.row_group(i).total_byte_size for i in range(about.num_row_groups))
    if about.num_rows * len(columns) > LARGEST_TABLE or expanded > LARGEST_FILE:
        raise ValueError(
            f"it claims {about.num_rows:,} rows in {expanded:,} bytes, and no run has as many"
        )
    names = [name for name in about.schema.names if name in columns]
    texts = [name for name in names if columns[name].dtype == "str"]
    table = pq.ParquetFile(pa.BufferReader(data), read_dictionary=texts).read(columns=names)
    table.validate(full=True)
    frame: pd.DataFrame = table.to_pandas(ignore_metadata=True)
    for name in frame.columns[frame.dtypes == "category"]:
        frame[name] = frame[name].astype(object)
    return frame


def _read_log(directory: Path, steps: "pd.DataFrame") -> tuple[int, dict[Tag, list[LogInterval]]]:
    """Where the log's last line of these steps ends, and the intervals up to there by their tags.

    What follows was written of a step that does not count.
    """
    path = directory / LOG
    with _accessing(path, "read"):
        lines = _content(path).splitlines(keepends=True)
    counted = {str(Tag(*key, "")).encode() for key in _keys(steps)}
    while lines and not _belongs(lines[-1], counted):
        lines.pop()
    log = b"".join(lines)
    intervals: dict[Tag, list[LogInterval]] = {}
    try:
        for interval in histogram_log.read(log.decode()):
            intervals.setdefault(interval.tag, []).append(interval)
    except ValueError as error:
        raise RunError(f"{path}: {error}") from error
    if lost := _keys(steps[steps["windows"] > 0]) - {tag[:-1] for tag in intervals}:
        raise RunError(f"{path} lacks the histograms of a step: {min(lost)}")
    return len(log), intervals


def _belongs(line: bytes, counted: set[bytes]) -> bool:
    """Whether a line is whole and of one of these steps, or of the log's header."""
    tag = line.removeprefix(b"Tag=").partition(b",")[0]
    of_a_step = tag.rpartition(b"|")[0] + b"|" in counted
    return line.endswith(b"\n") and (of_a_step or line.startswith((b"#", b'"')))


def _keys(steps: "pd.DataFrame") -> set[Key]:
    return set(steps[list(KEY)].itertuples(index=False, name=None))


def _content(path: Path) -> bytes:
    """All of a file of a run. OSError for a pipe or a device, which might never end."""
    found = path.stat()
    if not stat.S_ISREG(found.st_mode):
        raise OSError(errno.EINVAL, "it is no regular file")
    if found.st_size > LARGEST_FILE:
        raise OSError(errno.EFBIG, os.strerror(errno.EFBIG))
    return path.read_bytes()


@contextmanager
def _accessing(path: Path, verb: str) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise RunError(f"{path} cannot be {verb}: {error.strerror or error}") from error


def _replace(path: Path, data: bytes | pa.Buffer) -> None:
    """Put a file in the place of another at once, when all of it is on the disk."""
    temporary = path.with_name(f".{path.name}.tmp")
    with _accessing(path, "written"):
        try:
            temporary.unlink(missing_ok=True)  # in a directory from elsewhere it may be a link
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
