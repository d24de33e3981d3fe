"""What counts as equal mAP, and how long is searched."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

from benchmarks.errors import BenchmarkInputError, check_count
from benchmarks.tables.files import SHIPPED

PROFILES = ("smoke", "quick", "full")


@dataclass(frozen=True)
class Settings:
    """What `accelnas reproduce detection --set NAME=VALUE` may change."""

    accelerators: tuple[str, ...] = ("ethos-u55-256", "ethos-u65-512", "ethos-u85-1024")
    """Searched and compiled for."""
    tolerance: float = 0.01
    """By how much the expected mAP may be below the baseline's."""
    tolerances: tuple[float, ...] = (0.0, 0.005, 0.01, 0.02, 0.05)
    """For what would be found with others."""
    strategy: str = "genetic"
    """Of one objective, of those that `accelnas list` prints."""
    evaluations: int = 2_000
    """Networks that each search of V1, V2 or V3 may ask the table for: "thousands of architectures", as the article."""
    searches: int = 100
    """Of each space, with different seeds."""
    full_evaluations: int = 6_400
    """Of each of two searches of the full space."""
    profile: str = "quick"
    """quick is these settings; smoke one accelerator and a tenth of the searches, full ten times as many."""
    tables: Path = SHIPPED
    """Directory of the trained tables, the surrogates, and what else is read."""

    def __post_init__(self):
        if self.profile not in PROFILES:
            raise BenchmarkInputError(f"unknown profile {self.profile[:60]!r}; allowed: {', '.join(PROFILES)}")
        for name, least in (("evaluations", 20), ("searches", 2), ("full_evaluations", 256)):
            check_count(name, getattr(self, name), least, most=1_000_000)
        for value in (self.tolerance, *self.tolerances):
            if not 0 <= value < 1:
                raise BenchmarkInputError(f"tolerance is {value:g}; allowed: from 0 on, below 1")

    def of_profile(self) -> Settings:
        """What the profile makes of them."""
        if self.profile == "smoke":
            return replace(
                self, accelerators=self.accelerators[:1], searches=max(2, self.searches // 10), full_evaluations=256
            )
        return replace(self, searches=10 * self.searches) if self.profile == "full" else self
