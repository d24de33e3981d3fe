"""What counts as the baseline's quality, and how long is searched."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from benchmarks.errors import BenchmarkInputError, check_count
from benchmarks.tables.files import SHIPPED


@dataclass(frozen=True)
class Settings:
    """What `accelnas reproduce segmentation --set NAME=VALUE` may change."""

    accelerators: tuple[str, ...] = ("ethos-u55-256", "ethos-u65-512", "ethos-u85-1024")
    """Searched and compiled for."""
    tolerance: float = 0.01
    """By how much the expected mIoU of the fastest network may be below the baseline's."""
    evaluations: int = 6_400
    """Of each search on the table."""
    searches: int = 2
    """For each accelerator, with different seeds; their fronts are joined."""
    tables: Path = SHIPPED
    """Directory of the trained tables, the surrogates, and what else is read."""

    def __post_init__(self):
        check_count("evaluations", self.evaluations, 256, most=1_000_000)
        check_count("searches", self.searches, 1, most=100)
        if not 0 <= self.tolerance < 1:
            raise BenchmarkInputError(f"tolerance is {self.tolerance:g}; allowed: from 0 on, below 1")
