"""When a figure counts as the article's."""

from __future__ import annotations

from dataclasses import dataclass

from benchmarks.errors import BenchmarkInputError


@dataclass(frozen=True)
class Settings:
    """What `accelnas reproduce claims --set NAME=VALUE` may change."""

    near: float = 0.9
    """Share of the article's figure from which ours counts as reaching it."""

    def __post_init__(self):
        if not 0 < self.near <= 1:
            raise BenchmarkInputError(f"near is {self.near:g}; allowed: above 0, at most 1")
