"""What the experiment single_shot may be set to."""

from __future__ import annotations

from dataclasses import dataclass

from benchmarks.errors import BenchmarkInputError
from benchmarks.fidelities import get_fidelity
from nas_algos.single_shot.registry import SINGLE_SHOT, find_single_shot

FEWEST = 24


@dataclass(frozen=True)
class Settings:
    """What `accelnas reproduce single_shot --set NAME=VALUE` may change."""

    task: tuple[str, ...] = ("detection",)
    """Tasks to do; rows of others in the table that is there are kept."""
    accelerator: str = "ethos-u65-512"
    """Whose latency is bounded, and that the space is curated for."""
    algorithm: tuple[str, ...] = tuple(SINGLE_SHOT)
    """Single-shot algorithms to do."""
    seeds: int = 3
    """Searches of each."""
    profile: str = "quick"
    """smoke, quick, careful or full."""
    budget: int = 6
    """Trainings whose example passes each search may spend."""
    architectures: int = 30
    """How many to rank, 24 and more."""

    def __post_init__(self):
        for name in self.algorithm:
            find_single_shot(name)
        for name in self.task:
            get_fidelity(name, self.profile)
        if self.architectures < FEWEST or self.seeds < 1 or self.budget < 1:
            raise BenchmarkInputError(
                f"{self.architectures} architectures, {self.seeds} seeds, budget {self.budget}; "
                f"allowed: {FEWEST} architectures and more, 1 and more of the others"
            )
