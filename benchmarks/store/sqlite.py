"""Trials in one SQLite file: what was trained, with what result, and what each search proposed.

A trial is keyed by everything its result depends on, and by nothing else: not by the search or the space that asked
for it, so searches share trials, and a run that was killed goes on where it stopped.
"""

from __future__ import annotations

import contextlib
import dataclasses
import json
import sqlite3
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, Self, TypeVar

from benchmarks.errors import BenchmarkInputError
from benchmarks.store.records import Proposal, Trial, TrialKey, canonical_json, to_frame

__all__ = ["Proposal", "Trial", "TrialKey", "TrialStore", "canonical_json", "to_frame"]

APPLICATION_ID = 0x61636E73  # "acns": tells our files from any other SQLite file
SCHEMA_VERSION = 1
BUSY_SECONDS = 60.0  # how long a process waits for another one's write, which takes milliseconds

Row = TypeVar("Row", Trial, Proposal)

_SCHEMA = (
    """CREATE TABLE trials (
        digest TEXT PRIMARY KEY, task TEXT NOT NULL, data_version TEXT NOT NULL, architecture TEXT NOT NULL,
        fidelity TEXT NOT NULL, seed INTEGER NOT NULL, code_version TEXT NOT NULL, state TEXT NOT NULL,
        quality TEXT NOT NULL, example_passes INTEGER NOT NULL, training_flops REAL NOT NULL, seconds REAL NOT NULL,
        error TEXT, created TEXT NOT NULL)""",
    """CREATE TABLE proposals (
        experiment TEXT NOT NULL, search TEXT NOT NULL, seed INTEGER NOT NULL, step INTEGER NOT NULL,
        space TEXT NOT NULL, genotype TEXT NOT NULL, trial TEXT, cost TEXT NOT NULL, state TEXT NOT NULL, score REAL,
        PRIMARY KEY (experiment, search, seed, step))""",
    f"PRAGMA application_id = {APPLICATION_ID}",
    f"PRAGMA user_version = {SCHEMA_VERSION}",
)

_PUT_TRIAL = """INSERT INTO trials VALUES (
    :digest, :task, :data_version, :architecture, :fidelity, :seed, :code_version, :state, :quality, :example_passes,
    :training_flops, :seconds, :error, :created)
    ON CONFLICT (digest) DO UPDATE SET state = excluded.state, quality = excluded.quality,
    example_passes = excluded.example_passes, training_flops = excluded.training_flops, seconds = excluded.seconds,
    error = excluded.error, created = excluded.created WHERE trials.state = 'failed'"""

# A resumed search proposes its old steps again and finds them "reused"; the first record says what really happened.
_PUT_PROPOSAL = """INSERT INTO proposals VALUES (
    :experiment, :search, :seed, :step, :space, :genotype, :trial, :cost, :state, :score)
    ON CONFLICT (experiment, search, seed, step) DO UPDATE SET space = excluded.space, genotype = excluded.genotype,
    trial = excluded.trial, cost = excluded.cost, state = excluded.state, score = excluded.score
    WHERE proposals.state = 'failed' OR (proposals.space, proposals.genotype, proposals.trial, proposals.cost,
    proposals.score) IS NOT (excluded.space, excluded.genotype, excluded.trial, excluded.cost, excluded.score)"""


class TrialStore:
    """The store at `path`, made if there is none; a context manager, for one thread, with any number of processes.

    Each write is on the disk when the call returns.  Raises BenchmarkInputError, with the path and what to do, when
    the file is no store, is damaged, is of another version, or cannot be read or written.
    """

    def __init__(self, path: Path | str):
        self.path = Path(path)
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
        """Close the file; the store cannot be used after it."""
        self._connection.close()

    def get(self, key: TrialKey) -> Trial | None:
        """The trial of that key, done or failed, or None."""
        found = self._select("trials", {"digest": key.digest}, "digest")
        return self._decode(_trial_of, found)[0] if found else None

    def put(self, trial: Trial) -> bool:
        """Store a trial and say whether it was: one that is done stays as it is, a failed one gives way to a retry."""
        row = dataclasses.asdict(trial.key) | dataclasses.asdict(trial)
        del row["key"]
        quality = {name: float(value) for name, value in trial.quality.items()}
        row |= {"digest": trial.key.digest, "quality": canonical_json(quality)}
        return self._write(_PUT_TRIAL, row | {name: float(row[name]) for name in ("training_flops", "seconds")})

    def trials(self, *, task: str | None = None, fidelity: str | None = None) -> list[Trial]:
        """All trials of that task and fidelity (of any where None), oldest first."""
        rows = self._select("trials", {"task": task, "fidelity": fidelity}, "created, digest")
        return self._decode(_trial_of, rows)

    def record_proposal(self, proposal: Proposal) -> bool:
        """Store what a search proposed and say whether anything changed.

        The same proposal again changes nothing, whatever its state says now, unless it had failed; another one at the
        same step, as after a change of settings, takes its place.
        """
        row = {item.name: getattr(proposal, item.name) for item in dataclasses.fields(proposal)}
        score = None if proposal.score is None else float(proposal.score)
        row |= {"genotype": canonical_json(proposal.genotype), "cost": canonical_json(proposal.cost), "score": score}
        return self._write(_PUT_PROPOSAL, row)

    def proposals(
        self, *, experiment: str | None = None, search: str | None = None, seed: int | None = None
    ) -> list[Proposal]:
        """All proposals of that experiment, search and seed (of any where None), in the order of their steps."""
        wanted = {"experiment": experiment, "search": search, "seed": seed}
        return self._decode(_proposal_of, self._select("proposals", wanted, "experiment, search, seed, step"))

    def forget_proposals(self, *, experiment: str, search: str, seed: int) -> None:
        """Delete what one search proposed, to start it anew with other settings; its trials stay."""
        with self._guarded():
            self._connection.execute(
                "DELETE FROM proposals WHERE experiment = ? AND search = ? AND seed = ?", (experiment, search, seed)
            )

    @contextlib.contextmanager
    def _guarded(self) -> Iterator[None]:
        try:
            yield
        except (sqlite3.OperationalError, OSError) as error:
            raise BenchmarkInputError(
                f"trial store {self.path} cannot be used ({error}); free or unlock it, or give another --home"
            ) from error
        except sqlite3.DatabaseError as error:
            if type(error) is not sqlite3.DatabaseError:  # its subclasses are mistakes in this file, not in the user's
                raise
            raise self._refusal(f"is damaged or no trial store ({error})") from error

    def _refusal(self, what: str) -> BenchmarkInputError:
        return BenchmarkInputError(f"trial store {self.path} {what}; move it away or give another --home")

    @contextlib.contextmanager
    def _transaction(self, kind: str) -> Iterator[None]:
        self._connection.execute(f"BEGIN {kind}")
        try:
            yield
        except BaseException:
            self._connection.rollback()
            raise
        self._connection.commit()

    def _open(self) -> None:
        with self._transaction("DEFERRED"):  # one view of the file, whatever another process writes meanwhile
            fresh = self._identify()
        if fresh:
            self._switch_to_wal()
            with self._transaction("IMMEDIATE"):
                if self._identify():  # no other process has made the tables since
                    for statement in _SCHEMA:
                        self._connection.execute(statement)
        found = self._value("PRAGMA quick_check(1)")
        if found != "ok":
            raise self._refusal(f"is damaged ({' '.join(str(found).split())})")
        self._connection.execute("PRAGMA synchronous = FULL")  # a trial takes minutes: worth one fsync

    def _identify(self) -> bool:
        """True for an empty file, False for a store of ours; an error for anything else."""
        application, version = self._value("PRAGMA application_id"), self._value("PRAGMA user_version")
        if (application, version, self._value("SELECT count(*) FROM sqlite_master")) == (0, 0, 0):
            return True
        if application != APPLICATION_ID:
            raise self._refusal("is no trial store but another SQLite file")
        if version != SCHEMA_VERSION:
            raise self._refusal(f"is of version {version}, this program reads version {SCHEMA_VERSION}")
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

    def _write(self, statement: str, row: Mapping[str, Any]) -> bool:
        with self._guarded():
            return self._connection.execute(statement, row).rowcount > 0

    def _select(self, table: str, wanted: Mapping[str, Any], order: str) -> list[sqlite3.Row]:
        given = {name: value for name, value in wanted.items() if value is not None}
        where = " AND ".join(f"{name} = :{name}" for name in given) or "TRUE"
        with self._guarded():
            return self._connection.execute(f"SELECT * FROM {table} WHERE {where} ORDER BY {order}", given).fetchall()

    def _decode(self, decode: Callable[[dict[str, Any]], Row], rows: list[sqlite3.Row]) -> list[Row]:
        try:
            return [decode(dict(row)) for row in rows]
        except (TypeError, ValueError, KeyError) as error:
            raise self._refusal(f"is damaged ({error})") from error


def _trial_of(row: dict[str, Any]) -> Trial:
    digest = row.pop("digest")
    key = TrialKey(**{item.name: row.pop(item.name) for item in dataclasses.fields(TrialKey)})
    if key.digest != digest:
        raise ValueError(f"trial {digest} does not have the digest of its key")
    return Trial(key, **row | {"quality": json.loads(row["quality"])})


def _proposal_of(row: dict[str, Any]) -> Proposal:
    return Proposal(**row | {"genotype": tuple(json.loads(row["genotype"])), "cost": json.loads(row["cost"])})
