"""What the networks that searches on the tables ended with come to when trained: promise beside truth.

Writes results/head_to_head/confirmed.csv, a row for each task and algorithm; run: accelnas reproduce confirmed.
Nothing is trained here: `accelnas reproduce --live confirmed`, or an accelerator (`accelnas table jobs --part
confirm`), does that.  Which algorithms and networks: benchmarks/tables/confirm.py.

promised: mean quality that the table expects of the networks that the searches found, each once however many found it.
trained: mean of one training each by the recipe that the table rests on, with a 95% interval (Student) over networks;
difference: promised less trained.  final: the same by the recipe final.  An algorithm has its row once all its networks
are trained, and what is by the recipe final once all are by that: which are trained first is no draw.  No surrogate is
fitted to these trainings.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from benchmarks.errors import BenchmarkInputError
from benchmarks.statistics.intervals import mean_interval
from benchmarks.store.files import write_table
from benchmarks.tables.confirm import Winner, seed_of, winners
from benchmarks.tables.design import REFERENCE
from benchmarks.tables.files import SHIPPED
from benchmarks.tables.recipes import RECIPES
from benchmarks.tables.trained import trials_by
from tasks.registry import TASKS, make_task


@dataclass(frozen=True)
class Settings:
    """What `accelnas reproduce confirmed --set NAME=VALUE` may change."""

    task: tuple[str, ...] = tuple(TASKS)
    """Tasks to do; those of which nothing is trained have no rows."""
    tables: Path = SHIPPED
    """Directory of the trained tables and of head_to_head's files."""


def run(settings: Settings, home: Path, folder: Path) -> None:
    """Compare, print and write.  Raises BenchmarkInputError where no task has trainings of what searches found."""
    rows: list[dict[str, Any]] = []
    for name in settings.task:
        task = make_task(name)
        known = {recipe: trained(settings.tables, name, recipe, task.metric) for recipe in ("search", "final")}
        rows += confirmed_rows(name, winners(settings.tables, task), known)
    if not rows:
        raise BenchmarkInputError(
            "no network that searches found is trained; `accelnas reproduce --live confirmed` does that"
        )
    table = pd.DataFrame(rows)
    write_table(folder / "confirmed.csv", table)
    print(table.to_string(index=False, float_format="%.3g"))


Known = Mapping[tuple[tuple[int, ...], int], float]
"""Quality by genotype of the uncurated space, and seed."""


def trained(results: Path, task: str, recipe: str, metric: str) -> Known:
    """Of the table's finished trainings by a recipe; where a network was trained alone and at once, alone counts."""
    trials = sorted(trials_by(results, task, RECIPES[recipe][task]), key=lambda trial: trial.key.code_path)
    return {(trial.genotype, trial.key.seed): trial.quality[metric] for trial in trials if trial.space == "uncurated"}


def confirmed_rows(task: str, found: Sequence[Winner], known: Mapping[str, Known]) -> Iterator[dict[str, Any]]:
    """A row for each algorithm that found two networks and more, all of which are trained by the recipe search.

    Those by the recipe final are NaN where not all are trained by that.
    """
    for algorithm in dict.fromkeys(winner.algorithm for winner in found):
        own = [winner for winner in found if winner.algorithm == algorithm]
        networks = {(winner.genotype, seed_of(winner.genotype)): winner.promised for winner in own}
        done = {how: all(key in by for key in networks) for how, by in known.items()}
        if len(networks) < 2 or not done["search"]:
            continue
        promised = float(np.mean(list(networks.values())))
        search = mean_interval([known["search"][key] for key in networks])
        final = mean_interval([known["final"][key] for key in networks]) if done["final"] else (math.nan,) * 3
        yield {
            **{"task": task, "accelerator": REFERENCE, "algorithm": algorithm, "family": own[0].family},
            **{"searches": len(own), "networks": len(networks), "promised": promised},
            **dict(zip(("trained", "low", "high"), search, strict=True)),
            "difference": promised - search[0],
            **dict(zip(("final", "final_low", "final_high"), final, strict=True)),
        }
