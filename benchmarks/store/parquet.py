"""Trials and other results as parquet files, so that they can be taken elsewhere, added to and checked there.

A file holds rows of one kind of record, as the store does, and the same checksums.  Others read it by the names of its
columns, so that of trials these are the words of `docs/reference/columns.md`, and the device has one of its own.  It is
read and written a group of rows at a time, so that a million rows need no more memory than a thousand.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from benchmarks.errors import BenchmarkInputError, report_skipped
from benchmarks.store.records import Result, Trial
from benchmarks.store.rows import COLUMNS, Record, from_row, to_row
from hw_model.files import folder_locked, unfinished_beside

GROUP = 1_000
"""Rows that are written, read, and lost where a file is damaged, together."""

_FORMAT = b"accelnas format"
_FORMATS = {Trial: b"trials 3", Result: b"results 2"}
_ARROW = {str: pa.string(), int: pa.int64(), float: pa.float64()}
# what a file calls some of a row's fields
_NAMES = {"architecture": "blocks", "fidelity": "recipe", "training_flops": "flops"}


class DamagedRows(str):
    """A line about rows of a file that are lost together."""

    rows: int
    """How many."""

    def __new__(cls, line: str, rows: int) -> DamagedRows:
        """The line, which says how many."""
        found = super().__new__(cls, line)
        found.rows = rows
        return found


def rows_of(found: object) -> int:
    """How many rows of a file something stands for that `read_rows` gives."""
    return found.rows if isinstance(found, DamagedRows) else 1


def kind_of(path: Path) -> type[Trial] | type[Result]:
    """What a file holds.  Raises BenchmarkInputError where there is none, or it was not written here."""
    with _opened(path) as file:
        found = (file.schema_arrow.metadata or {}).get(_FORMAT)
    return next(kind for kind, name in _FORMATS.items() if name == found)


def read_records(path: Path, kind: type[Record]) -> Iterator[Record]:
    """The sound records of a file, one at a time; what is damaged is skipped with one line on stderr.

    Raises BenchmarkInputError where there is no such file, or it was not written here or cannot be read at all.
    """
    for found in read_rows(path, kind):
        if isinstance(found, str):
            report_skipped(found)
        else:
            yield found


def read_rows(path: Path, kind: type[Record]) -> Iterator[Record | str]:
    """As `read_records`, with a line that names file and row in place of each that is damaged, and one DamagedRows in
    place of each group of rows that is.
    """
    name = kind.__name__.lower()
    with _opened(path) as file:
        if (file.schema_arrow.metadata or {}).get(_FORMAT) != _FORMATS[kind]:
            raise BenchmarkInputError(f"{path}: not a parquet file of {name}s that this program writes")
        first = 0
        for group in range(file.num_row_groups):
            count = file.metadata.row_group(group).num_rows
            try:
                rows = file.read_row_group(group).to_pylist()
                if len(rows) != count:
                    raise pa.ArrowInvalid(f"{len(rows)} rows instead of {count}")
            except (pa.ArrowException, OSError, ValueError) as error:
                yield DamagedRows(f"{path}: rows {first} to {first + count - 1}: damaged ({_line(error)})", count)
                rows = []
            for place, row in enumerate(rows, start=first):
                try:
                    record = _record(kind, row)
                except BenchmarkInputError as error:
                    yield f"{path}: row {place}: {error}"
                else:
                    yield record
            first += count


def write_records(path: Path, kind: type[Record], records: Iterable[Record]) -> int:
    """Write the records and return how many; a run that is stopped leaves the old file or the new one.

    Raises BenchmarkInputError where the path is no place for a file.
    """
    check_target(path)
    columns = [(_NAMES.get(name, name), _ARROW[python]) for name, python in COLUMNS[kind].items()]
    if kind is Trial:
        columns.append(("device", pa.string()))
    schema = pa.schema(columns, {_FORMAT: _FORMATS[kind]})
    count, batch = 0, []

    def flush(writer: pq.ParquetWriter) -> None:
        writer.write_table(pa.Table.from_pylist([_written(record) for record in batch], schema))
        batch.clear()

    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with unfinished_beside(path) as aside, pq.ParquetWriter(aside, schema, compression="zstd") as writer:
            for record in records:
                batch.append(record)
                count += 1
                if len(batch) == GROUP:
                    flush(writer)
            if batch or not count:
                flush(writer)
    except OSError as error:
        raise BenchmarkInputError(f"{path} cannot be written ({_line(error)})") from error
    return count


def merge_records(path: Path, kind: type[Record], records: Iterable[Record]) -> tuple[int, int]:
    """Add the records to a file, made if there is none, and return (all that it holds then, of those new).

    What the file has stays, but for failed trials that are done here.  Processes that merge into files of one folder
    wait for each other.  Raises BenchmarkInputError, and leaves the file as it is, where the path is no place for a
    file, or it holds anything else or something damaged.
    """
    check_target(path)
    try:
        with folder_locked(path.parent):
            return _merged(path, kind, records)
    except OSError as error:
        raise BenchmarkInputError(f"{path} cannot be written ({_line(error)})") from error


def _merged(path: Path, kind: type[Record], records: Iterable[Record]) -> tuple[int, int]:
    there, done = path.exists(), set[str]()
    for found in read_rows(path, kind) if there else ():
        if isinstance(found, str):
            raise BenchmarkInputError(f"{found}; nothing was written, since that would be lost: write to another file")
        if not _failed(found):
            done.add(found.digest)
    new: set[str] = set()

    def merged() -> Iterator[Record]:
        failed: dict[str, Record] = {}
        for record in read_records(path, kind) if there else ():
            if _failed(record):
                failed[record.digest] = record
            else:
                yield record
        for record in records:
            if record.digest in done or (record.digest in failed and _failed(record)):
                continue
            new.add(record.digest)
            failed.pop(record.digest, None)
            if _failed(record):
                failed[record.digest] = record
            else:
                done.add(record.digest)
                yield record
        yield from failed.values()

    return write_records(path, kind, merged()), len(new)


def check_target(path: Path) -> None:
    """Raise BenchmarkInputError where something other than a regular file is at that path."""
    try:
        mode = os.stat(path).st_mode
    except FileNotFoundError:
        return
    except (OSError, ValueError) as error:
        raise BenchmarkInputError(f"{str(path)[:200]} cannot be written ({_line(error)})") from error
    if not stat.S_ISREG(mode):
        raise BenchmarkInputError(f"{path} is no regular file; allowed: a new file, or one to add to")


def _opened(path: Path) -> pq.ParquetFile:
    if not path.is_file():
        raise BenchmarkInputError(f"{str(path)[:200]}: no such file; allowed: a parquet file of trials or results")
    try:
        file = pq.ParquetFile(path)
    except (pa.ArrowException, OSError, ValueError) as error:
        raise BenchmarkInputError(f"{path}: not a parquet file, or damaged ({_line(error)})") from error
    if (file.schema_arrow.metadata or {}).get(_FORMAT) not in _FORMATS.values():
        file.close()
        raise BenchmarkInputError(f"{path}: not a parquet file of trials or results that this program writes")
    return file


def _written(record: Trial | Result) -> dict[str, Any]:
    row = {_NAMES.get(name, name): value for name, value in to_row(record).items()}
    return row | {"device": record.provenance.device} if isinstance(record, Trial) else row


def _record(kind: type[Record], row: Mapping[str, Any]) -> Record:
    """Of a file's row.  Raises BenchmarkInputError as `from_row` does, and for a device that its provenance has not."""
    record = from_row(kind, {name: row.get(_NAMES.get(name, name)) for name in COLUMNS[kind]})
    if isinstance(record, Trial) and row.get("device") != record.provenance.device:
        raise BenchmarkInputError(f"device is {str(row.get('device'))[:40]!r}, not that of its provenance")
    return record


def _failed(record: Trial | Result) -> bool:
    return isinstance(record, Trial) and record.state == "failed"


def _line(error: Exception) -> str:
    return " ".join(str(error).split())[:120]
