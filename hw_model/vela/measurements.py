"""Measurements kept on disk, so that nothing is compiled twice."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import astuple, fields
from pathlib import Path

from hw_model.blocks import Block
from hw_model.database import Database
from hw_model.vela.accelerators import EthosU
from hw_model.vela.compiler import Measurement, compile_blocks
from hw_model.vela.core import COMPILER_VERSION
from hw_model.vela.tflite_writer import WRITER_VERSION

_VERSIONS = {"schema": "1", "compiler": f"ethos-u-vela {COMPILER_VERSION}", "writer": str(WRITER_VERSION)}
_FIELDS = [field.name for field in fields(Measurement)]
_WRITE_SECONDS = 1.0
_LOOKUP_CHUNK = 500
_SCHEMA = {
    "versions": "CREATE TABLE versions (name TEXT PRIMARY KEY, value TEXT NOT NULL)",
    "measurements": "CREATE TABLE measurements (accelerator TEXT, chain TEXT, "
    f"{', '.join(f'{name} NOT NULL' for name in _FIELDS)}, PRIMARY KEY (accelerator, chain)) WITHOUT ROWID",
}


class MeasurementCache(Database):
    """A file of measurements keyed by content: the blocks and everything about the accelerator.

    An SQLite file in write-ahead mode: several processes may share it, and one that is killed loses at most what it
    compiled in its last second and the network that it was compiling.  A file made by another compiler or writer
    version is refused, because its figures don't compare.  Opening raises HardwareInputError as Database says.
    """

    title = "measurement cache"

    def __init__(self, path: str | Path) -> None:
        made = [each.replace("TABLE", "TABLE IF NOT EXISTS", 1) for each in _SCHEMA.values()]
        values = ", ".join(map(str, _VERSIONS.items()))
        super().__init__(path, 0, 0, (*made, f"INSERT OR IGNORE INTO versions VALUES {values}"))
        self._connection.execute("PRAGMA synchronous = NORMAL")  # what is lost is compiled again

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
        measured, unwritten = dict[str, Measurement](), list[tuple]()
        last_write = time.monotonic()
        try:
            for done, (key, chain) in enumerate(missing.items(), start=1):
                measured[key] = compile_blocks(chain, accelerator)
                unwritten.append((accelerator.key, key, *astuple(measured[key])))
                if time.monotonic() - last_write > _WRITE_SECONDS:
                    self._write(unwritten)
                    unwritten, last_write = [], time.monotonic()
                if progress is not None:
                    progress(done, len(missing))
        finally:
            self._write(unwritten)  # also what was measured before an interrupt or a block that cannot be compiled
        return measured

    def _write(self, rows: list[tuple]) -> None:
        # at once, as others wait while one writes, and compiling one network may take minutes
        if rows:
            columns = ", ".join(["accelerator", "chain", *_FIELDS])
            places = ", ".join("?" * len(rows[0]))
            with self._transaction():
                self._connection.executemany(f"INSERT OR IGNORE INTO measurements ({columns}) VALUES ({places})", rows)

    def _look_up(self, keys: Iterable[str], accelerator_key: str) -> dict[str, Measurement]:
        keys = list(keys)
        found = {}
        for start in range(0, len(keys), _LOOKUP_CHUNK):
            chunk = keys[start : start + _LOOKUP_CHUNK]
            rows = self._connection.execute(
                f"SELECT chain, {', '.join(_FIELDS)} FROM measurements "
                f"WHERE accelerator = ? AND chain IN ({', '.join('?' * len(chunk))})",
                (accelerator_key, *chunk),
            )
            found |= {row[0]: Measurement(*row[1:]) for row in rows}
        return found

    def _identify(self) -> bool:
        """As for other files, but by their tables: the first of these files had no numbers in their header."""
        there = dict(self._connection.execute("SELECT name, sql FROM sqlite_master WHERE type = 'table'"))
        ours, whole = there.items() <= _SCHEMA.items(), _SCHEMA.keys() <= there.keys()
        found = {}
        if "versions" in there and (ours or whole):
            found = dict(self._connection.execute("SELECT name, value FROM versions"))
        if not ours and not found:
            raise self._refusal("is another program's SQLite file")
        if found not in ({}, _VERSIONS):
            different = [f"{name} {found.get(name)!r}" for name in _VERSIONS if found.get(name) != _VERSIONS[name]]
            wanted = ", ".join(f"{name} {value!r}" for name, value in _VERSIONS.items())
            raise self._refusal(f"has {', '.join(different)} where {wanted} is needed")
        return not (whole and found)  # earlier versions, killed while they made their tables, left some of them


def _chain_key(chain: Sequence[Block]) -> str:
    return json.dumps([astuple(block) for block in chain], separators=(",", ":"))
