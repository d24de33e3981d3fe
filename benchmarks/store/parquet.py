"""Trials as a parquet file, so that results can be made again, added to and checked where they were not trained."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pandas as pd

from benchmarks.errors import BenchmarkInputError
from benchmarks.store.files import write_whole
from benchmarks.store.records import Trial, TrialKey, to_frame
from benchmarks.store.sqlite import TrialStore

_PREFIX = "quality_"


def write_trials(trials: Iterable[Trial], path: Path) -> int:
    """Write the trials, oldest first, and return how many; a run that is stopped leaves the old file or the new one."""
    rows = list(trials)
    path.parent.mkdir(parents=True, exist_ok=True)
    write_whole(path, to_frame(rows).to_parquet(index=False, compression="zstd"))
    return len(rows)


def read_trials(path: Path) -> list[Trial]:
    """The trials of a file that `write_trials` wrote.

    Raises BenchmarkInputError where there is none, it is something else, or a trial is not what its digest says.
    """
    if not path.is_file():
        raise BenchmarkInputError(f"{path}: no such file; allowed: a parquet file of trials")
    try:
        rows = [{str(name): row[name] for name in row} for row in pd.read_parquet(path).to_dict("records")]
        trials = [_trial_of(row) for row in rows]
    except BenchmarkInputError as error:
        raise BenchmarkInputError(f"{path}: {error}") from error
    except (KeyError, TypeError, ValueError, OSError) as error:  # pyarrow's errors are ValueErrors
        reason = (str(error).splitlines() or [""])[0]
        raise BenchmarkInputError(f"{path}: not a parquet file of trials ({reason})") from error
    for row, trial in zip(rows, trials, strict=True):
        if row["digest"] != trial.key.digest:
            raise BenchmarkInputError(f"{path}: trial {row['digest']} does not have the digest of its key")
    return trials


def import_trials(trials: Iterable[Trial], store: TrialStore) -> int:
    """Put them into the store and return how many it did not have; it keeps its own where it has one that is done."""
    return sum(store.get(trial.key) is None and store.put(trial) for trial in trials)


def _trial_of(row: dict[str, Any]) -> Trial:
    key = TrialKey(**{field.name: row[field.name] for field in dataclasses.fields(TrialKey)})
    quality = {name.removeprefix(_PREFIX): row[name] for name in row if name.startswith(_PREFIX)}
    return Trial(
        key,
        row["state"],
        {name: float(value) for name, value in quality.items() if not pd.isna(value)},
        int(row["example_passes"]),
        float(row["training_flops"]),
        float(row["seconds"]),
        None if pd.isna(row["error"]) else row["error"],
        row["created"],
    )
