"""What the experiment export may be set to."""

from __future__ import annotations

from dataclasses import dataclass

from benchmarks.errors import BenchmarkInputError
from benchmarks.saved.export import CALIBRATION
from benchmarks.tables.recipes import RECIPES
from tasks.registry import TASKS


@dataclass(frozen=True)
class Settings:
    """What `accelnas reproduce export --set NAME=VALUE` may change."""

    task: tuple[str, ...] = tuple(TASKS)
    """Whose networks."""
    accelerators: tuple[str, ...] = ("ethos-u55-256", "ethos-u65-512", "ethos-u85-1024")
    """Ethos-U configurations, each with winners of its own."""
    recipe: str = "search"
    """How networks are trained: search or final, see benchmarks/tables/recipes.py."""
    calibration: int = CALIBRATION
    """Training images that ranges of activations are taken from."""

    def __post_init__(self):
        if self.recipe not in RECIPES:
            raise BenchmarkInputError(f"export: recipe is {self.recipe[:40]!r}; allowed: {', '.join(RECIPES)}")
