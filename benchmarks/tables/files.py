"""Where the files of the tables are, and the tasks that they are of."""

from __future__ import annotations

from pathlib import Path

from tasks.registry import make_task
from tasks.task import Task

# the main data set of each task's table
DATASETS = {"classification": "fashion_objects"}
# where the shipped tables are: beside the packages, as in a clone
SHIPPED = Path(__file__).parents[2] / "results"


def table_task(name: str) -> Task:
    """The task on its table's data set.  Raises TaskInputError for an unknown task."""
    return make_task(name, DATASETS.get(name))


def table_file(results: Path, task: str) -> Path:
    """Where a task's table is."""
    return results / "tables" / f"{task}.parquet"


def design_file(results: Path, task: str) -> Path:
    """Where it is kept which networks of a task are trained."""
    return results / "tables" / "design" / f"{task}.csv"


def winners_file(results: Path, task: str) -> Path:
    """Where those are kept that the surrogate thought best, and what it expected of them."""
    return results / "tables" / "winners" / f"{task}.csv"
