"""What the experiment zero_shot may be set to."""

from __future__ import annotations

from dataclasses import dataclass

from benchmarks.errors import check_count
from benchmarks.evaluators.zero_shot import BATCH
from nas_algos.zero_shot.scores import SCORES, measured_names
from tasks.registry import TASKS


@dataclass(frozen=True)
class Settings:
    """What `accelnas reproduce zero_shot --set NAME=VALUE` may change."""

    task: tuple[str, ...] = tuple(TASKS)
    """Tasks to do; rows of others in the tables that are there are kept."""
    scores: tuple[str, ...] = tuple(SCORES)
    """Which; multiply-accumulates are always among them, and scores that are there already stay."""
    trained: int = 0
    """So many of each task's trained networks are scored, drawn before looking; 0: all."""
    drawn: int = 1_000
    """Networks of each task's arena that are scored besides the trained ones, for contests."""
    missing_only: bool = False
    """Score only networks that lack one of the scores in the table that is there."""
    batch: int = BATCH
    """Training examples that scores look at."""
    correlate_only: bool = False
    """Work out the correlations anew from the scores that are there and the tables' trainings."""

    def __post_init__(self):
        check_count("trained", self.trained, 0)
        check_count("drawn", self.drawn, 1, most=4_096)
        check_count("batch", self.batch, 2, most=4_096)
        measured_names(self.scores)
