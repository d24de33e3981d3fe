"""How well the tables' recipe "search" ranks what "final" ranks, eight times as long, by networks chosen beforehand.

Writes results/fidelity/fidelity.csv, a row for each task; run: accelnas reproduce fidelity.  Nothing is trained:
`accelnas table build --part final` or an accelerator trains the networks by both recipes.

n: networks that both recipes gave a quality, with the same seed and both alone or both at once, of so many cells, whose
networks share all but channels.  kendall_tau: of the two rankings, with a 95% interval by bootstrap over cells.
best_tenth_overlap: share of the best tenth by final that is in the best tenth by search, with such an interval.
low_quality, high_quality: means by search and by final.  A task of which fewer than LEAST networks are trained by both
recipes has no row.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from benchmarks.errors import BenchmarkInputError
from benchmarks.experiments.fidelity.settings import Settings
from benchmarks.statistics.rank_correlation import draw_clusters, kendall, shared_best
from benchmarks.store.files import write_table
from benchmarks.store.records import Trial
from benchmarks.tables.parts import part_rows
from benchmarks.tables.recipes import RECIPES
from benchmarks.tables.trained import trials_by
from tasks.registry import make_task

__all__ = ["Settings", "run"]

LOW, HIGH = "search", "final"
# fewer networks than these have no best tenth to speak of
LEAST = 10


def run(settings: Settings, home: Path, folder: Path) -> None:
    """Compare, print and write.  Raises BenchmarkInputError where no task has LEAST networks by both recipes."""
    rows = []
    for task in settings.task:
        part = part_rows(settings.tables, task, "final")
        chosen = dict(zip(part["genotype"], part["cell"], strict=True))
        low, high = (trials_by(settings.tables, task, RECIPES[name][task]) for name in (LOW, HIGH))
        pairs, cells = by_both(chosen, make_task(task).metric, low, high)
        if len(pairs) < LEAST:
            print(f"{task}: {len(pairs)} networks are trained by both recipes; a row needs {LEAST}")
        else:
            rows.append({"task": task, "low": LOW, "high": HIGH} | agreement(pairs, cells))
    if not rows:
        raise BenchmarkInputError(
            f"no task has {LEAST} networks trained by both recipes; "
            "`accelnas table build --task TASK --part final` trains them"
        )
    table = pd.DataFrame(rows)
    write_table(folder / "fidelity.csv", table)
    print(table.to_string(index=False, float_format="%.3g"))


def by_both(
    chosen: Mapping[str, str], metric: str, low: Sequence[Trial], high: Sequence[Trial]
) -> tuple[np.ndarray, np.ndarray]:
    """Of networks of these genotypes, each with its cell, that both recipes trained: qualities [n, 2], cells [n]."""
    by_recipe: list[dict[tuple[str, int, str], float]] = []
    for trials in (low, high):
        found = {}
        for trial in trials:
            genotype = " ".join(map(str, trial.genotype))
            if genotype in chosen:
                found[genotype, trial.key.seed, trial.key.code_path] = trial.quality[metric]
        by_recipe.append(found)
    # a network that was trained both alone and at once counts once, as trained at once
    common = set(by_recipe[0]) & set(by_recipe[1])
    both = {key[0]: key for key in sorted(common, key=lambda key: (key[2], key[1]), reverse=True)}
    # in one order whatever order sets have, as intervals come of rows drawn by their place
    pairs = np.array([[found[both[name]] for found in by_recipe] for name in sorted(both)]).reshape(-1, 2)
    return pairs, np.array([chosen[name] for name in sorted(both)])


def agreement(pairs: np.ndarray, cells: np.ndarray) -> dict[str, Any]:
    """Of qualities by both recipes [n, 2] of networks of these cells [n]."""
    a, b = pairs.T
    drawn = draw_clusters(cells)
    tau, best = kendall(a, b, drawn), shared_best(a, b, max(1, len(pairs) // 10), drawn)
    return {
        "n": len(pairs),
        "cells": len(np.unique(cells)),
        "kendall_tau": tau.value,
        "tau_low": tau.low,
        "tau_high": tau.high,
        "best_tenth_overlap": best.value,
        "best_tenth_low": best.low,
        "best_tenth_high": best.high,
        "low_quality": float(a.mean()),
        "high_quality": float(b.mean()),
    }
