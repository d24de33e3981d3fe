"""What searches are worth: rows of the tables, from what each looked at."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from benchmarks.experiments.head_to_head.contenders import Contender
from benchmarks.experiments.head_to_head.ground import Cell
from benchmarks.experiments.head_to_head.ledger import Machine, kwh
from benchmarks.experiments.head_to_head.searches import Searched, found_rows, true_quality
from benchmarks.statistics.intervals import mean_interval
from nas_algos.single_shot.charges import TRAINING

SHARES = (0.01, 0.02, 0.05)
"""Of the optimum, within which a search is counted."""
VOLUMES = 100
"""Searches whose hypervolume is worked out, of each contender; their mean has an error below that of regret's."""


@dataclass(frozen=True, eq=False)
class Row:
    """A contender with a budget in a cell."""

    cell: Cell
    contender: Contender
    budget: int
    searches: Sequence[Searched]

    def quality(self) -> np.ndarray:
        """float [seeds]: expected quality of what each search found."""
        ends = np.array([found_rows(self.cell, each)[-1] for each in self.searches])
        return true_quality(self.cell, ends)

    def regret(self) -> np.ndarray:
        """float [seeds]: by how much that is below the optimum."""
        return self.cell.optimum - self.quality()

    @property
    def of_pool(self) -> bool:
        """Whether its searches chose from parts of the task's pool, not from networks of their own."""
        return None not in {each.part for each in self.searches}

    def by_part(self, values: np.ndarray) -> np.ndarray:
        """Values [seeds, ...] of its searches, [independent, searches of a part, ...]: those that chose from the same
        part of a pool depend on each other; searches that chose from networks of their own are a part each.
        """
        if not self.of_pool:
            return values[:, None]
        parts = {each.part for each in self.searches}
        # search number s is of part s modulo their number; of cells with other pools, the last may not have all parts
        whole = len(values) // len(parts) * len(parts)
        return values[:whole].reshape(-1, len(parts), *values.shape[1:]).swapaxes(0, 1)


def flops(cell: Cell, search: Searched) -> float:
    """Of a search's trainings and scores."""
    passes = cell.training_passes if search.trained else 0
    return search.flops_before + TRAINING * passes * float(cell.arena.macs[search.rows].sum())


def passes(cell: Cell, search: Searched) -> float:
    """Example passes of a search."""
    return search.passes_before + cell.training_passes * search.trained


def table_row(row: Row, machine: Machine) -> dict[str, Any]:
    """A row of head_to_head.csv but `p_random`."""
    cell, searches, regret = row.cell, row.searches, row.regret()
    independent = row.by_part(regret).mean(1)
    varies = np.ptp(regret) > 0
    mean, low, high = mean_interval(independent.tolist()) if varies else (float(regret[0]),) * 3
    spent = float(np.mean([flops(cell, each) for each in searches]))
    inside = {
        f"within_{share:.0%}".replace("%", "pct"): float((regret <= share * cell.optimum).mean()) for share in SHARES
    }
    return {
        "task": cell.task,
        "accelerator": cell.accelerator,
        "algorithm": row.contender.name,
        "family": row.contender.family,
        "budget": row.budget,
        "seeds": len(searches),
        "independent": len(independent),
        "regret": mean,
        "low": low,
        "high": high,
        **inside,
        "hypervolume": float(np.mean([cell.hypervolume(each.rows) for each in searches[:VOLUMES]])),
        "p_random": math.nan,
        "train_flops": spent,
        "kwh": kwh(spent, cell.task, machine),
        "trainings": float(np.mean([each.trained for each in searches])),
        "example_passes": float(np.mean([passes(cell, each) for each in searches])),
        "found_nothing": float(np.mean([found_rows(cell, each)[-1] < 0 for each in searches])),
        "optimum": cell.optimum,
        "baseline_quality": cell.arena.baseline_quality,
    }


def marks(budget: int) -> list[int]:
    """Numbers of trainings at which anytime curves are looked at: 1, 2, 3, 5, 10, ... and the budget."""
    steps = [int(step * 10**power) for power in range(6) for step in (1, 2, 3, 5)]
    return sorted({step for step in steps if step < budget} | {budget})


def curve_rows(row: Row, machine: Machine) -> list[dict[str, Any]]:
    """Rows of head_to_head_curves.csv: regret after so many trainings, mean with Student's interval and quartiles."""
    cell, trained = row.cell, row.searches
    if not all(each.trained for each in trained):
        return []
    most = max(each.trained for each in trained)
    regret = np.full((len(trained), most), np.nan)
    spent = np.zeros((len(trained), most))
    for number, each in enumerate(trained):
        curve = cell.optimum - true_quality(cell, found_rows(cell, each))
        cost = each.flops_before + TRAINING * cell.training_passes * np.cumsum(cell.arena.macs[each.rows], dtype=float)
        # a search that found nothing new stays where it is
        regret[number], spent[number] = (np.pad(v, (0, most - len(v)), mode="edge") for v in (curve, cost))
    before = float(np.mean([each.passes_before for each in trained]))
    rows = []
    for mark in marks(most):
        at = regret[:, mark - 1]
        mean, low, high = mean_interval(row.by_part(at).mean(1).tolist())
        done = float(spent[:, mark - 1].mean())
        rows.append(
            {
                **{"task": cell.task, "accelerator": cell.accelerator, "algorithm": row.contender.name},
                **{"family": row.contender.family, "seeds": len(trained), "trainings": mark},
                "example_passes": before + mark * cell.training_passes,
                **{"regret": mean, "low": low, "high": high},
                **{"lower_quartile": float(np.quantile(at, 0.25)), "upper_quartile": float(np.quantile(at, 0.75))},
                **{"train_flops": done, "kwh": kwh(done, cell.task, machine)},
            }
        )
    return rows
