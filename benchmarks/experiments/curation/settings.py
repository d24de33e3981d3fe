"""What the experiment curation may be set to."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from benchmarks.errors import BenchmarkInputError, check_count
from tasks.registry import TASKS

KINDS = ("curated", "auto-curated", "uncurated", "random-subset", "shifted")
ACCELERATORS = ("ethos-u55-256", "ethos-u65-512", "ethos-u85-1024", "npu-p16")


@dataclass(frozen=True)
class Settings:
    """What `accelnas reproduce curation --set NAME=VALUE` may change."""

    tasks: tuple[str, ...] = tuple(TASKS)
    """Tasks with a trained table; rows of others in the table that is there are kept."""
    accelerators: tuple[str, ...] = ACCELERATORS
    """Names that `accelnas list` prints, of known parallelism factor."""
    spaces: tuple[str, ...] = KINDS
    """Kinds of space."""
    algorithm: str = "regularised_evolution"
    """A strategy for one objective that can be traced."""
    evaluations: int = 100
    """Of each search: trainings, if the table were not there."""
    searches: int = 1_000
    """In each space for each of the two aims."""
    points: int = 2_000
    """Networks sampled of each space whose neighbours are checked in the objective."""
    walked: int = 500
    """Networks sampled of each space whose steps in channels are followed by the estimator."""
    compiled: int = 150
    """Networks sampled of each space of which one step in channels is compiled."""
    steps_only: bool = False
    """Work out the steps alone, compiled or a model's, and put their columns into the table that is there."""

    def __post_init__(self):
        check_kinds(self.spaces)
        for name in ("evaluations", "searches", "points", "walked", "compiled"):
            check_count(name, getattr(self, name), 2, most=1_000_000)


def check_kinds(kinds: Sequence[str]) -> None:
    """Raise BenchmarkInputError unless all are of KINDS."""
    for each in kinds:
        if each not in KINDS:
            raise BenchmarkInputError(f"unknown kind of space {each[:40]!r}; allowed: {', '.join(KINDS)}")
