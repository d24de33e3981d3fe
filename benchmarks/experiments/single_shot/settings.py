"""What the experiment single_shot may be set to."""

from __future__ import annotations

from dataclasses import dataclass

from benchmarks.errors import check_count
from nas_algos.single_shot.registry import SINGLE_SHOT, find_single_shot
from tasks.registry import TASKS


@dataclass(frozen=True)
class Settings:
    """What `accelnas reproduce single_shot --set NAME=VALUE` may change."""

    task: tuple[str, ...] = tuple(TASKS)
    """Tasks to do; rows of others in the tables that are there are kept."""
    accelerator: str = "ethos-u65-512"
    """Whose latency is bounded, and that the space is curated for."""
    algorithm: tuple[str, ...] = tuple(SINGLE_SHOT)
    """Single-shot algorithms to do."""
    seeds: int = 5
    """Searches of each."""
    budget: int = 30
    """Trainings by the tables' recipe whose example passes each search may spend."""

    def __post_init__(self):
        for name in self.algorithm:
            find_single_shot(name)
        check_count("seeds", self.seeds, most=1_000)
        check_count("budget", self.budget, most=10_000)
