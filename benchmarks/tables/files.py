"""Where the files of the tables are, and the trainings that are in them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from benchmarks.store.parquet import read_records
from benchmarks.store.records import Trial

# where the shipped tables are: beside the packages, as in a clone
SHIPPED = Path(__file__).parents[2] / "results"


def table_file(results: Path, task: str) -> Path:
    """Where a task's table is."""
    return results / "tables" / f"{task}.parquet"


def table_trials(results: Path, task: str) -> Iterator[Trial]:
    """The trainings of a task's table, finished and failed; none where there is no table."""
    file = table_file(results, task)
    if file.exists():
        yield from read_records(file, Trial)


def design_file(results: Path, task: str) -> Path:
    """Where it is kept which networks of a task are trained."""
    return results / "tables" / "design" / f"{task}.csv"


def winners_file(results: Path, task: str) -> Path:
    """Where those are kept that the surrogate thought best, and what it expected of them."""
    return results / "tables" / "winners" / f"{task}.csv"
