"""What the experiment fidelity may be set to."""

from __future__ import annotations

from dataclasses import dataclass

from benchmarks.errors import BenchmarkInputError
from benchmarks.fidelities import get_fidelity
from benchmarks.statistics.rank_correlation import TOP
from tasks.registry import TASKS

NOISE_SEEDS = 5


@dataclass(frozen=True)
class Settings:
    """What `accelnas reproduce fidelity --set NAME=VALUE` may change."""

    task: tuple[str, ...] = tuple(TASKS)
    """Tasks to do; rows of others in the table that is there are kept."""
    low: str = "quick"
    """Profile of the short trainings."""
    high: str = "careful"
    """Profile of the long ones."""
    architectures: int = 24
    """How many of them."""
    noise_seeds: int = NOISE_SEEDS
    """Seeds of the three that are trained repeatedly."""

    def __post_init__(self):
        for name in self.task:
            for profile in (self.low, self.high):
                get_fidelity(name, profile)
        if self.low == self.high or self.architectures < TOP or self.noise_seeds < 2:
            raise BenchmarkInputError(
                f"low {self.low}, high {self.high}, {self.architectures} architectures, "
                f"{self.noise_seeds} noise seeds; allowed: two profiles, {TOP} architectures and more, 2 seeds and more"
            )
