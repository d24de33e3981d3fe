"""One SQLite file of ours: opened, told from other files, written to by many processes, its errors in one line."""

from __future__ import annotations

import contextlib
import errno
import sqlite3
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Self

from hw_model.errors import HardwareInputError

BUSY_SECONDS = 60.0  # how long a process waits for another one's write, which takes milliseconds


class Database:
    """The file at `path`, made if there is none; a context manager, for one thread, with any number of processes.

    Opening reads the header only, so that it takes as long for a million rows as for one; `problems` reads it all.
    Raises `error`, with the path and what to do, when the file is not ours, is damaged, is of another version, or
    cannot be read or written.
    """

    title = "store"
    error: type[ValueError] = HardwareInputError
    otherwise = ""
    """What can be done in place of the advice: " or ..."."""

    def __init__(self, path: Path | str, application_id: int, version: int, schema: Sequence[str]):
        self.path = Path(path)
        self._identity, self._schema = (application_id, version), schema
        with self._guarded():
            self.path.parent.mkdir(parents=True, exist_ok=True)
            self._connection = sqlite3.connect(self.path, timeout=BUSY_SECONDS, isolation_level=None)
        self._connection.row_factory = sqlite3.Row
        try:
            with self._guarded():
                self._open()
        except BaseException:
            self._connection.close()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the file; it cannot be used after that."""
        self._connection.close()

    def problems(self) -> list[str]:
        """What SQLite finds wrong in the whole file, a line each, at most ten; takes seconds for a million rows."""
        with self._guarded():
            try:
                found = [str(row[0]) for row in self._connection.execute("PRAGMA quick_check(10)")]
            except sqlite3.DatabaseError as error:  # too damaged for a check
                if isinstance(error, sqlite3.OperationalError):
                    raise
                found = [str(error)]
        return [] if found == ["ok"] else [f"{self.path}: {' '.join(line.split())}" for line in found]

    @contextlib.contextmanager
    def _guarded(self) -> Iterator[None]:
        try:
            yield
        except (sqlite3.OperationalError, OSError) as error:
            raise self.error(
                f"{self.title} {self.path} cannot be used ({error}); {_remedy(error)}{self.otherwise}"
            ) from error
        except sqlite3.DatabaseError as error:
            if type(error) is not sqlite3.DatabaseError:  # its subclasses are mistakes in this file, not in the user's
                raise
            raise self._refusal(f"is damaged or no {self.title} ({error})") from error

    def _refusal(self, what: str) -> ValueError:
        return self.error(f"{self.title} {self.path} {what}; move it away{self.otherwise}")

    @contextlib.contextmanager
    def _transaction(self, kind: str = "IMMEDIATE") -> Iterator[None]:
        with self._guarded():
            self._connection.execute(f"BEGIN {kind}")
            try:
                yield
            except BaseException:
                self._connection.rollback()
                raise
            self._connection.commit()

    def _rows(self, query: str, values: Sequence[Any] | Mapping[str, Any] = ()) -> Iterator[dict[str, Any]]:
        """The rows of a query, one at a time."""
        with self._guarded():
            cursor = self._connection.execute(query, values)
        while True:
            with self._guarded():
                row = cursor.fetchone()
            if row is None:
                return
            yield dict(row)

    def _open(self) -> None:
        with self._transaction("DEFERRED"):  # one view of the file, whatever another process writes meanwhile
            fresh = self._identify()
        if fresh:
            self._switch_to_wal()
            with self._transaction():
                if self._identify():  # no other process has made the tables since
                    for statement in self._schema:
                        self._connection.execute(statement)
                    application_id, version = self._identity
                    self._connection.execute(f"PRAGMA application_id = {application_id}")
                    self._connection.execute(f"PRAGMA user_version = {version}")
        self._connection.execute("PRAGMA synchronous = FULL")  # a trial takes minutes: worth one fsync

    def _identify(self) -> bool:
        """True for an empty file, False for one of ours; an error for anything else."""
        application, version = self._value("PRAGMA application_id"), self._value("PRAGMA user_version")
        if (application, version, self._value("SELECT count(*) FROM sqlite_master")) == (0, 0, 0):
            return True
        if application != self._identity[0]:
            raise self._refusal(f"is no {self.title} but another SQLite file")
        if version != self._identity[1]:
            raise self._refusal(f"is of version {version}, this program reads version {self._identity[1]}")
        return False

    def _switch_to_wal(self) -> None:
        # SQLite does not wait here as it does elsewhere when another process is opening the same new file
        deadline = time.monotonic() + BUSY_SECONDS
        while True:
            try:
                self._connection.execute("PRAGMA journal_mode = WAL")
                return
            except sqlite3.OperationalError as error:
                if error.sqlite_errorcode != sqlite3.SQLITE_BUSY or time.monotonic() > deadline:
                    raise
                time.sleep(0.02)

    def _value(self, query: str) -> Any:
        return self._connection.execute(query).fetchone()[0]


def _remedy(error: Exception) -> str:
    """What to do about a file that is as it should be, but cannot be used now."""
    code = getattr(error, "sqlite_errorcode", 0) & 0xFF  # the rest of its bits say which kind of this error
    if code in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
        return "wait for the program that uses it"
    full = getattr(error, "errno", 0) in (errno.ENOSPC, errno.EDQUOT, errno.EIO)
    if full or code in (sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR):
        return "free space on its disk and try again"
    return "make it readable and writable"
