"""What the experiment zero_shot may be set to."""

from __future__ import annotations

from dataclasses import dataclass

from benchmarks.errors import BenchmarkInputError
from benchmarks.evaluators.zero_shot import BATCH
from benchmarks.fidelities import get_fidelity
from nas_algos.zero_shot.scores import SCORES, measured_names
from tasks.registry import TASKS

LEAST = 4


@dataclass(frozen=True)
class Settings:
    """What `accelnas reproduce zero_shot --set NAME=VALUE` may change."""

    task: tuple[str, ...] = tuple(TASKS)
    """Tasks to do; rows of others in the tables that are there are kept."""
    profile: str = "quick"
    """Of the trainings: smoke, quick, careful or full."""
    architectures: int = 60
    """How many of them."""
    batch: int = BATCH
    """Training examples that scores look at."""
    scores: tuple[str, ...] = tuple(SCORES)
    """Which; multiply-accumulates are always among them."""
    correlate_only: bool = False
    """Work out the correlations anew from the scores and qualities that are there."""

    def __post_init__(self):
        if self.architectures < LEAST:
            raise BenchmarkInputError(f"{self.architectures} architectures; allowed: {LEAST} and more")
        measured_names(self.scores)
        for name in self.task:
            get_fidelity(name, self.profile)
