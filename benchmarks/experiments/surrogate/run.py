"""Fit the surrogates to the trained tables, and evaluate them by cross-validation.

Writes results/surrogate/TASK.npz, surrogate.csv and surrogate.png; run: accelnas table fit, or accelnas reproduce
surrogate.  Nothing is trained.
"""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from benchmarks.experiments.surrogate.plot import write_plot
from benchmarks.experiments.surrogate.settings import Settings
from benchmarks.experiments.surrogate.table import surrogate_rows
from benchmarks.store.files import read_own_csv, write_table
from benchmarks.tables.files import SHIPPED
from benchmarks.tables.fit import fit
from benchmarks.tables.recipes import SEARCH
from benchmarks.tables.surrogate import save_surrogate
from benchmarks.tables.trained import read_trained

__all__ = ["Settings", "run"]


def run(settings: Settings, home: Path, folder: Path) -> None:
    """Fit, evaluate, print and write; the rows of other tasks stay."""
    path, rows = folder / "surrogate.csv", []
    kept = read_own_csv(path, ("task",)) if path.exists() else None  # before the fit, which takes minutes
    for task in settings.task:
        data = read_trained(SHIPPED, task, SEARCH[task])
        save_surrogate(folder / f"{task}.npz", fit(data))
        rows += list(surrogate_rows(task, data, settings))
    table = pd.DataFrame(rows)
    print(table.to_string(index=False, float_format="%.3g"))
    if kept is not None:
        table = pd.concat([kept.loc[~kept["task"].isin(settings.task)], table]).sort_values("task", kind="stable")
    write_table(path, table)
    write_plot(read_own_csv(path), folder / "surrogate.png")
