"""What the experiment baselines may be set to."""

from __future__ import annotations

from dataclasses import dataclass

from benchmarks.errors import check_names
from benchmarks.tables.recipes import RECIPES
from tasks.registry import TASKS

ACCELERATORS = ("ethos-u55-128", "ethos-u55-256", "ethos-u65-512", "ethos-u85-256", "ethos-u85-1024")


@dataclass(frozen=True)
class Settings:
    """What `accelnas reproduce baselines --set NAME=VALUE` may change."""

    dataset: str | None = None
    """Do the tasks on this data set, instead of each on its own."""
    task: tuple[str, ...] = tuple(TASKS)
    """Tasks to do; without classification where a data set of scenes is named."""
    recipe: str = "search"
    """Of the trainings, see benchmarks/tables/recipes.py."""
    accelerators: tuple[str, ...] = ACCELERATORS
    """Ethos-U configurations."""

    def __post_init__(self):
        check_names("task", self.task, TASKS)
        check_names("recipe", (self.recipe,), RECIPES)
