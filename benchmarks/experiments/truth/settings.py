"""Which spaces, accelerators, and how long those are searched that are too large to be enumerated."""

from __future__ import annotations

from dataclasses import dataclass

from benchmarks.errors import BenchmarkInputError
from tasks.registry import TASKS


@dataclass(frozen=True)
class Settings:
    """What `accelnas reproduce truth --set NAME=VALUE` may change."""

    task: tuple[str, ...] = tuple(TASKS)
    """Tasks that have a table."""
    accelerators: tuple[str, ...] = ("ethos-u55-256", "ethos-u65-512", "ethos-u85-1024")
    """By whose estimators latencies are bounded."""
    evaluations: int = 6_400
    """Of each search of a larger space."""
    searches: int = 2
    """In each larger space, with different seeds; the best of all is kept."""

    def __post_init__(self):
        if self.searches < 1 or self.evaluations < 256:
            raise BenchmarkInputError(
                f"truth: {self.searches} searches of {self.evaluations} evaluations; allowed: 1 and more of 256 up"
            )
