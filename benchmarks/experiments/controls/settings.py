"""What the experiment controls may be set to."""

from __future__ import annotations

from dataclasses import dataclass

from benchmarks.errors import check_names
from tasks.registry import TASKS


@dataclass(frozen=True)
class Settings:
    """What `accelnas reproduce controls --set NAME=VALUE` may change."""

    dataset: str | None = None
    """Do the tasks on this data set, instead of each on its own."""
    task: tuple[str, ...] = tuple(TASKS)
    """Tasks to do; those that a named data set has."""
    data: str = "quick"
    """Size of the data: tiny, smoke, quick or full."""

    def __post_init__(self):
        check_names("task", self.task, TASKS)
