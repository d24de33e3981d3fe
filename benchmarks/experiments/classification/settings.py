"""Which budget, and how long is searched."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from benchmarks.errors import BenchmarkInputError, check_count
from benchmarks.tables.files import SHIPPED

ARTICLE_PCT = 47.0
"""By which the article's model size and intermediate memory fell."""


@dataclass(frozen=True)
class Settings:
    """What `accelnas reproduce classification --set NAME=VALUE` may change."""

    accelerators: tuple[str, ...] = ("ethos-u55-256", "ethos-u65-512", "ethos-u85-1024")
    """Compiled for."""
    cut_pct: float = ARTICLE_PCT
    """By how much parameters and peak activations, each, must fall below the baseline's."""
    evaluations: int = 6_400
    """Of each search on the table."""
    compiled: int = 100
    """Candidates compiled whole, the best predicted first, until one keeps the budget."""
    tables: Path = SHIPPED
    """Directory of the trained tables, the surrogates, and what else is read."""

    def __post_init__(self):
        check_count("evaluations", self.evaluations, 256, most=1_000_000)
        check_count("compiled", self.compiled, 1, most=1_000)
        if not 0 < self.cut_pct < 100:
            raise BenchmarkInputError(f"cut_pct is {self.cut_pct:g}; allowed: above 0, below 100")
