"""Which tables are looked at."""

from __future__ import annotations

from dataclasses import dataclass

from benchmarks.errors import BenchmarkInputError
from tasks.registry import TASKS


@dataclass(frozen=True)
class Settings:
    """What `accelnas reproduce agreement --set NAME=VALUE` may change."""

    task: tuple[str, ...] = tuple(TASKS)
    """Tasks whose tables are looked at."""

    def __post_init__(self):
        unknown = [task for task in self.task if task not in TASKS]
        if unknown or not self.task:
            raise BenchmarkInputError(f"agreement: task {unknown}; allowed: {', '.join(TASKS)}")
