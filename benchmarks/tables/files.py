"""Where the files of the tables are."""

from __future__ import annotations

from pathlib import Path

# where the shipped tables are: beside the packages, as in a clone
SHIPPED = Path(__file__).parents[2] / "results"


def table_file(results: Path, task: str) -> Path:
    """Where a task's table is."""
    return results / "tables" / f"{task}.parquet"


def design_file(results: Path, task: str) -> Path:
    """Where it is kept which networks of a task are trained."""
    return results / "tables" / "design" / f"{task}.csv"


def winners_file(results: Path, task: str) -> Path:
    """Where those are kept that the surrogate thought best, and what it expected of them."""
    return results / "tables" / "winners" / f"{task}.csv"
