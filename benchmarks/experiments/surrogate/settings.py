"""What is evaluated, and how often."""

from __future__ import annotations

from dataclasses import dataclass

from benchmarks.errors import BenchmarkInputError
from tasks.registry import TASKS

FOLDS = 10
GROUPED_BY = ("architecture", "cell")
"""What is held out together: trainings of one network, or all networks of a cell, which share all but channels."""


@dataclass(frozen=True)
class Settings:
    """What `accelnas reproduce surrogate --set NAME=VALUE` may change."""

    task: tuple[str, ...] = tuple(TASKS)
    """Tasks whose surrogates are fitted and evaluated."""
    sizes: tuple[int, ...] = (30, 100, 300, 1000)
    """Numbers of trained networks, as far as there are so many; all that there are is a further one."""
    repeats: int = 3
    """Divisions into folds that figures are means over."""

    def __post_init__(self):
        if self.repeats < 1 or any(size < FOLDS for size in self.sizes):
            raise BenchmarkInputError(
                f"surrogate: {self.repeats} repeats, sizes {self.sizes}; allowed: 1 and more, {FOLDS} and more"
            )
