"""Measurements kept on disk, so that nothing is compiled twice."""

from __future__ import annotations

import contextlib
import json
import sqlite3
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import astuple, fields
from pathlib import Path

from hw_model.blocks import Block
from hw_model.errors import HardwareInputError
from hw_model.vela.accelerators import EthosU
from hw_model.vela.compiler import Measurement, compile_blocks
from hw_model.vela.core import COMPILER_VERSION
from hw_model.vela.tflite_writer import WRITER_VERSION

_VERSIONS = {"schema": "1", "compiler": f"ethos-u-vela {COMPILER_VERSION}", "writer": str(WRITER_VERSION)}
_FIELDS = [field.name for field in fields(Measurement)]
_COMMIT_SECONDS = 1.0
_LOOKUP_CHUNK = 500


class MeasurementCache:
    """A file of measurements keyed by content: the blocks and everything about the accelerator.

    An SQLite file in write-ahead mode: several processes may share it, and one that is killed loses at most the last
    second.  A file made by another compiler or writer version is refused, because its figures don't compare.
    """

    def __init__(self, path: str | Path) -> None:
        """Open or create the file; HardwareInputError when it is another program's, damaged or of another version."""
        self.path = Path(path)
        with self._guarded():
            self.path.parent.mkdir(parents=True, exist_ok=True)
            self._database = sqlite3.connect(self.path, timeout=60)
        try:
            with self._guarded():
                self._check_owner()
                self._database.execute("PRAGMA journal_mode=WAL")
                self._database.execute("PRAGMA synchronous=NORMAL")
                self._create_tables()
                found = dict(self._database.execute("SELECT name, value FROM versions"))
            if found != _VERSIONS:
                different = [f"{name} {found.get(name)!r}" for name in _VERSIONS if found.get(name) != _VERSIONS[name]]
                wanted = ", ".join(f"{name} {value!r}" for name, value in _VERSIONS.items())
                raise self._refusal(f"has {', '.join(different)} where {wanted} is needed")
        except BaseException:
            self._database.close()
            raise

    def close(self) -> None:
        """Release the file."""
        self._database.close()

    def __enter__(self) -> MeasurementCache:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def measure(
        self,
        chains: Sequence[Sequence[Block]],
        accelerator: EthosU,
        progress: Callable[[int, int], None] | None = None,
    ) -> list[Measurement]:
        """One measurement for each chain of blocks, in their order; what is not on file is compiled and stored.

        progress: called with (compiled so far, to compile in all) after each compilation.
        Raises HardwareInputError for a block that cannot be compiled and for a damaged file.
        """
        keys = [_chain_key(chain) for chain in chains]
        with self._guarded():
            known = self._look_up(set(keys), accelerator.key)
            missing = {key: chain for key, chain in zip(keys, chains, strict=True) if key not in known}
            known |= self._compile(missing, accelerator, progress)
        return [known[key] for key in keys]

    def _compile(
        self,
        missing: dict[str, Sequence[Block]],
        accelerator: EthosU,
        progress: Callable[[int, int], None] | None,
    ) -> dict[str, Measurement]:
        measured = {}
        columns = ", ".join(["accelerator", "chain", *_FIELDS])
        places = ", ".join("?" * (len(_FIELDS) + 2))
        last_commit = time.monotonic()
        try:
            for done, (key, chain) in enumerate(missing.items(), start=1):
                measured[key] = compile_blocks(chain, accelerator)
                self._database.execute(
                    f"INSERT OR IGNORE INTO measurements ({columns}) VALUES ({places})",
                    (accelerator.key, key, *astuple(measured[key])),
                )
                if time.monotonic() - last_commit > _COMMIT_SECONDS:
                    self._database.commit()
                    last_commit = time.monotonic()
                if progress is not None:
                    progress(done, len(missing))
        finally:
            self._database.commit()  # also what was measured before an interrupt or a block that cannot be compiled
        return measured

    def _look_up(self, keys: Iterable[str], accelerator_key: str) -> dict[str, Measurement]:
        keys = list(keys)
        found = {}
        for start in range(0, len(keys), _LOOKUP_CHUNK):
            chunk = keys[start : start + _LOOKUP_CHUNK]
            rows = self._database.execute(
                f"SELECT chain, {', '.join(_FIELDS)} FROM measurements "
                f"WHERE accelerator = ? AND chain IN ({', '.join('?' * len(chunk))})",
                (accelerator_key, *chunk),
            )
            found |= {row[0]: Measurement(*row[1:]) for row in rows}
        return found

    def _create_tables(self) -> None:
        columns = ", ".join(f"{name} NOT NULL" for name in _FIELDS)
        with self._database:
            self._database.execute("CREATE TABLE IF NOT EXISTS versions (name TEXT PRIMARY KEY, value TEXT NOT NULL)")
            self._database.execute(
                "CREATE TABLE IF NOT EXISTS measurements "
                f"(accelerator TEXT, chain TEXT, {columns}, PRIMARY KEY (accelerator, chain)) WITHOUT ROWID"
            )
            if not self._database.execute("SELECT 1 FROM versions").fetchone():
                self._database.executemany("INSERT OR IGNORE INTO versions VALUES (?, ?)", _VERSIONS.items())

    def problems(self) -> list[str]:
        """What is wrong in the whole file, a line each, at most ten; takes a second for 100,000 measurements."""
        with self._guarded():
            try:
                found = [str(row[0]) for row in self._database.execute("PRAGMA quick_check(10)")]
            except sqlite3.DatabaseError as error:  # too damaged for a check
                if isinstance(error, sqlite3.OperationalError):
                    raise
                found = [str(error)]
        return [] if found == ["ok"] else [f"{self.path}: {' '.join(line.split())}" for line in found]

    def _check_owner(self) -> None:
        tables = {name for (name,) in self._database.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
        if tables and not {"versions", "measurements"} <= tables:
            raise self._refusal("is another program's SQLite file")

    @contextlib.contextmanager
    def _guarded(self) -> Iterator[None]:
        try:
            yield
        except (sqlite3.OperationalError, OSError) as error:  # busy, full, not readable: the file may be as it should
            raise HardwareInputError(
                f"measurement cache {self.path} cannot be used ({error}); free its disk, wait for the program that "
                "uses it, or make it readable and writable"
            ) from error
        except sqlite3.Error as error:
            raise self._refusal(f"is damaged or none ({error})") from error

    def _refusal(self, what: str) -> HardwareInputError:
        return HardwareInputError(f"measurement cache {self.path} {what}; move it away to measure again")


def _chain_key(chain: Sequence[Block]) -> str:
    return json.dumps([astuple(block) for block in chain], separators=(",", ":"))
