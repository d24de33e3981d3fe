"""The sweep that the recipes of the tables were chosen by, and what they leave to be gained.

Writes results/tables/recipe_sweep.csv, a row for each training of the baseline in the tables' part "sweep", and
results/tables/recipes.csv, a row for each task and recipe; run: accelnas reproduce recipes.  Nothing is trained:
`accelnas table jobs --part sweep` and an accelerator do that, or `accelnas table build --part sweep`.

gain: what the baseline's quality rises by, from half of `gain_passes` to all of them, with the recipe's batch and rate;
the largest number of passes of the sweep that is at most the recipe's.  core_seconds: median of the recipe's trainings
on CPUs, of any network, each with a core and whatever else ran there.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from benchmarks.errors import BenchmarkInputError
from benchmarks.experiments.recipes.settings import Settings
from benchmarks.store.files import write_table
from benchmarks.store.records import Trial
from benchmarks.tables.build import trainings
from benchmarks.tables.files import SHIPPED, table_trials
from benchmarks.tables.parts import part_of
from benchmarks.tables.recipes import RECIPES
from tasks.fidelity import Fidelity
from tasks.registry import make_task

__all__ = ["Settings", "run"]


def run(settings: Settings, home: Path, folder: Path) -> None:
    """Look, print and write."""
    sweeps, rows = [], []
    for task in settings.task:
        trials = [trial for trial in table_trials(SHIPPED, task) if trial.state == "done"]
        sweeps.append(sweep_table(task, trials))
        rows += list(recipe_rows(task, sweeps[-1], trials))
    table = pd.DataFrame(rows)
    write_table(folder / "recipe_sweep.csv", pd.concat(sweeps, ignore_index=True))
    write_table(folder / "recipes.csv", table)
    print(table.to_string(index=False, float_format="%.3g"))


def sweep_table(name: str, trials: list[Trial]) -> pd.DataFrame:
    """A row for each training of the task's sweep.  Raises BenchmarkInputError where there is none."""
    task = make_task(name)
    asked = {(each.fidelity, each.seed, each.genotype) for each in trainings(part_of(SHIPPED, task, "sweep"))}
    rows = []
    for trial in trials:
        fidelity = Fidelity(**json.loads(trial.key.fidelity))
        if (fidelity, trial.key.seed, trial.genotype) in asked:
            own = {each: getattr(fidelity, each) for each in ("batch_size", "example_passes", "peak_learning_rate")}
            quality, device = trial.quality[task.metric], trial.provenance.device
            rows.append({"task": name, **own, "seed": trial.key.seed, "quality": quality, "device": device})
    if not rows:
        raise BenchmarkInputError(f"the table of {name} has no trainings of a sweep; allowed: one that has some")
    return pd.DataFrame(rows).sort_values(["batch_size", "example_passes", "peak_learning_rate", "seed"])


def recipe_rows(task: str, sweep: pd.DataFrame, trials: list[Trial]) -> Iterator[dict[str, Any]]:
    """A row for each recipe."""
    for name, recipes in RECIPES.items():
        recipe = recipes[task]
        alike = (sweep["batch_size"] == recipe.batch_size) & (sweep["peak_learning_rate"] == recipe.peak_learning_rate)
        means = sweep.loc[alike].groupby("example_passes")["quality"].mean()
        doubled = [passes for passes in means.index if passes / 2 in means.index and passes <= recipe.example_passes]
        passes = max(doubled, default=0)
        here = [trial for trial in trials if trial.key.code_path == "static"]
        own = [trial for trial in here if Fidelity(**json.loads(trial.key.fidelity)) == recipe]
        # CPUs differ in speed, and tasks in how many of their trainings each had
        core = max(devices := [trial.provenance.device for trial in own], key=devices.count, default="")
        seconds = [trial.seconds for trial in own if trial.provenance.device == core]
        yield {
            "task": task,
            "recipe": name,
            "example_passes": recipe.example_passes,
            "batch_size": recipe.batch_size,
            "peak_learning_rate": recipe.peak_learning_rate,
            "quality": float(means.get(recipe.example_passes, np.nan)),
            "gain": float(means[passes] - means[passes / 2]) if passes else np.nan,
            "gain_passes": passes,
            "core_seconds": float(np.median(seconds)) if seconds else np.nan,
            "core": core,
            "trainings": len(seconds),
        }
