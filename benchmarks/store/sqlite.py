"""The store: all that takes time to compute, in one SQLite file below $ACCELNAS_HOME, under complete keys.

    with open_store(home) as store:
        trial = store.get(key)                                 # a training, or None
        value = store.cached("zero_cost_scores", key, compute)  # anything else: computed once, read ever after

A key holds everything that a result depends on, and nothing else: not the search or the space that asked for it, so
searches share trials, and a run that was killed goes on where it stopped.  Keys of `cached` are mappings of settings
objects and plain values and must hold "code_version", the version of the code that computes (TRAINING_CODE_VERSION and
its like, each held by a test to what that code yields).
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from string import hexdigits
from typing import Any

from benchmarks.errors import BenchmarkInputError, report_skipped
from benchmarks.store.keys import canonical_json, plain
from benchmarks.store.records import Result, Trial, TrialKey, result_digest
from benchmarks.store.rows import COLUMNS, Record, from_row, to_row
from hw_model.database import Database

STORE_FILE = "store.sqlite"
APPLICATION_ID = 0x61636E73  # "acns": tells our files from any other SQLite file
SCHEMA_VERSION = 2
BATCH = 1_000
"""Records of one transaction where many are put."""

_TABLES: dict[type, str] = {Trial: "trials", Result: "results"}
_SQL_TYPES = {str: "TEXT", int: "INTEGER", float: "REAL"}


def _table(kind: type) -> str:
    columns = [f'"{name}" {_SQL_TYPES[python]}' for name, python in COLUMNS[kind].items()]
    return f"CREATE TABLE {_TABLES[kind]} (digest TEXT PRIMARY KEY, {', '.join(columns)})"


_SCHEMA = (
    _table(Trial),
    _table(Result),
    "CREATE INDEX trials_by_time ON trials (created, digest)",
    "CREATE INDEX results_by_time ON results (created, digest)",
)


def open_store(home: Path) -> ResultStore:
    """The store of that home, made if there is none.  Raises BenchmarkInputError where it cannot be used."""
    return ResultStore(home / STORE_FILE)


def open_kept(home: Path) -> ResultStore:
    """The same for what only reads, which makes none: raises BenchmarkInputError where there is none too."""
    check_kept(home)
    return open_store(home)


def check_kept(home: Path) -> None:
    """Raise BenchmarkInputError for a home that nothing was kept in, whose name may be misspelt."""
    if not (home / STORE_FILE).exists():
        raise BenchmarkInputError(f"no store in {str(home)[:160]!r}; allowed: a home that a command has written to")


class ResultStore(Database):
    """Trials and results.  Opening raises BenchmarkInputError as Database says.

    Each write is on the disk when the call returns.  A row whose checksum is wrong, or that holds what no record may,
    is skipped with one line on stderr, and counts as not there: it is computed again and replaced.
    """

    title = "result store"
    error = BenchmarkInputError
    otherwise = " or give another --home"

    def __init__(self, path: Path | str):
        super().__init__(path, APPLICATION_ID, SCHEMA_VERSION, _SCHEMA)
        self.skipped = 0
        """Rows that were skipped so far."""

    def get(self, key: TrialKey) -> Trial | None:
        """The trial of that key, done or failed, or None."""
        return self._look_up(Trial, key.digest)

    def put(self, trial: Trial) -> bool:
        """Store a trial and say whether it was: one that is done stays as it is, a failed one gives way to a retry."""
        return self.put_all([trial]) == 1

    def put_all(self, records: Iterable[Trial | Result]) -> int:
        """Store these, BATCH in a transaction, and return how many were: what is there and sound stays."""
        stored, batch = 0, []
        for record in records:
            batch.append(record)
            if len(batch) == BATCH:
                stored, batch = stored + self._put(batch), []
        return stored + self._put(batch)

    def cached(self, kind: str, key: Mapping[str, Any], compute: Callable[[], Any]) -> Any:
        """What `compute` gives, as JSON has it, computed and stored where nothing is stored under that kind and key.

        kind: family of results, such as "supernet_search".  key: all that the result depends on, settings objects and
        plain values (`keys.plain`), "code_version" among them.  Safe to call from several processes at once.
        Raises BenchmarkInputError for a key that is none, and what `compute` raises.
        """
        found = self.result(kind, key)
        if found is None:
            result = Result(kind, canonical_json(plain(key)), json.dumps(compute()))
            self.put_all([result])
            found = self._look_up(Result, result.digest) or result  # another process may have been first
        return json.loads(found.value)

    def result(self, kind: str, key: Mapping[str, Any]) -> Result | None:
        """The result of that kind and key, or None."""
        return self._look_up(Result, result_digest(kind, canonical_json(plain(key))))

    def trials(
        self, *, task: str | None = None, fidelity: str | None = None, state: str | None = None
    ) -> Iterator[Trial]:
        """The sound trials of that task, fidelity and state (of any where None), oldest first, one at a time."""
        return self._all(Trial, {"task": task, "fidelity": fidelity, "state": state})

    def tasks(self) -> list[str]:
        """Tasks that trials are of, with their number of classes, such as detection-1."""
        return [row["task"] for row in self._rows("SELECT DISTINCT task FROM trials ORDER BY task")]

    def imported(self) -> list[str]:
        """Names of the files that trials or results were imported from."""
        found = " UNION ".join(
            f"SELECT imported_from FROM {table} WHERE imported_from != ''" for table in _TABLES.values()
        )
        return [row["imported_from"] for row in self._rows(f"{found} ORDER BY imported_from")]

    def results(self, kind: str | None = None) -> Iterator[Result]:
        """The sound results of that kind (of any where None), oldest first, one at a time."""
        return self._all(Result, {"kind": kind})

    def everything(self) -> Iterator[Trial | Result | str]:
        """All trials and results, with a line in place of each that is damaged, after what SQLite finds wrong."""
        yield from self.problems()
        for kind, table in _TABLES.items():
            yield from self._read(kind, self._rows(f"SELECT * FROM {table} ORDER BY created, digest"))

    def one(self, prefix: str) -> Trial | Result:
        """The trial or result whose digest begins so.

        Raises BenchmarkInputError for none, for several, and for what is no hexadecimal number of 4 digits and more.
        """
        if not 4 <= len(prefix) <= 64 or set(prefix) - set(hexdigits.lower()):
            raise BenchmarkInputError(f"digest {prefix[:80]!r}; allowed: 4 to 64 of the digits 0-9 and a-f")
        found: list[Trial | Result] = []
        for kind, table in _TABLES.items():
            query = f"SELECT * FROM {table} WHERE digest >= ? AND digest < ? LIMIT 10"
            found += self._sound(kind, self._rows(query, (prefix, prefix + "g")))
        if len(found) != 1:
            names = ", ".join(record.digest[:16] for record in found[:4]) or "none"
            raise BenchmarkInputError(f"digest {prefix!r} is that of {names}; allowed: the first digits of one alone")
        return found[0]

    def remove(self, digests: Iterable[str]) -> int:
        """Delete the trials and results of these digests for good, and return how many there were."""
        digests = list(digests)
        with self._transaction():
            return sum(
                self._connection.execute(f"DELETE FROM {table} WHERE digest = ?", (digest,)).rowcount
                for table in _TABLES.values()
                for digest in digests
            )

    def remove_imported(self, name: str) -> int:
        """Delete all that was imported from a file of that name, and return how many rows that were."""
        with self._transaction():
            return sum(
                self._connection.execute(f"DELETE FROM {table} WHERE imported_from = ?", (name,)).rowcount
                for table in _TABLES.values()
            )

    def count(self, kind: type[Trial] | type[Result]) -> int:
        """How many rows there are, sound or not."""
        with self._guarded():
            return self._value(f"SELECT count(*) FROM {_TABLES[kind]}")

    def _put(self, records: list[Trial | Result]) -> int:
        stored = 0
        with self._transaction():
            for record in records:
                digest = record.digest
                kept = self._look_up(type(record), digest)
                if kept is not None and not (isinstance(kept, Trial) and kept.state == "failed"):
                    continue
                if kept is not None and isinstance(record, Trial) and record.state == "failed":
                    continue
                row = {"digest": digest} | to_row(record)
                places = ", ".join("?" * len(row))
                query = f"INSERT OR REPLACE INTO {_TABLES[type(record)]} VALUES ({places})"
                self._connection.execute(query, tuple(row.values()))
                stored += 1
        return stored

    def _look_up(self, kind: type[Record], digest: str) -> Record | None:
        rows = self._rows(f"SELECT * FROM {_TABLES[kind]} WHERE digest = ?", (digest,))
        return next(self._sound(kind, rows), None)

    def _all(self, kind: type[Record], wanted: Mapping[str, Any]) -> Iterator[Record]:
        given = {name: value for name, value in wanted.items() if value is not None}
        where = " AND ".join(f"{name} = :{name}" for name in given) or "TRUE"
        rows = self._rows(f"SELECT * FROM {_TABLES[kind]} WHERE {where} ORDER BY created, digest", given)
        return self._sound(kind, rows)

    def _sound(self, kind: type[Record], rows: Iterable[dict[str, Any]]) -> Iterator[Record]:
        for found in self._read(kind, rows):
            if isinstance(found, str):
                self.skipped += 1
                report_skipped(found)
            else:
                yield found

    def _read(self, kind: type[Record], rows: Iterable[dict[str, Any]]) -> Iterator[Record | str]:
        for row in rows:
            digest = row.pop("digest")
            try:
                record = from_row(kind, row)
                if record.digest != digest:
                    raise BenchmarkInputError("its digest is not that of its key")
            except BenchmarkInputError as error:
                yield f"{self.path}: {kind.__name__.lower()} {str(digest)[:12]}: {error}"
            else:
                yield record
