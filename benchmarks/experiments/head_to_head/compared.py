"""Which differences are more than chance: against random search in each cell, and each with each over all cells."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from benchmarks.statistics.aggregates import interquartile_mean, probability_of_improvement
from benchmarks.statistics.contrasts import each_to_each, many_to_one

CONTROL = "random"
RESAMPLES = 400
"""Of the bootstrap over searches of all cells, of which there are twelve thousand of each contender."""


def p_against_random(regrets: Mapping[str, np.ndarray]) -> dict[str, float]:
    """Adjusted p of each contender's regret [independent] in a cell, of those that search (`many_to_one`)."""
    groups = {name: values.tolist() for name, values in regrets.items()}
    return {name: each.p for name, each in many_to_one(groups, CONTROL).items()}


def over_cells(regrets: Sequence[Mapping[str, np.ndarray]], optima: Sequence[float]) -> dict[str, np.ndarray]:
    """Mean over cells of regret [independent] as a share of the cell's optimum in per cent, likewise by contender.

    Value s of the mean is value s of each cell: searches of their own in each, or the same part of a task's pool in all
    cells of the task.  Of contenders with fewer in some cell as many as there are.
    """
    found = {}
    for name in regrets[0]:
        fewest = min(len(each[name]) for each in regrets)
        shares = [100 * each[name][:fewest] / optimum for each, optimum in zip(regrets, optima, strict=True)]
        found[name] = np.mean(shares, axis=0)
    return found


def difference_rows(budget: int, found: Mapping[str, np.ndarray]) -> pd.DataFrame:
    """Rows of head_to_head_differences.csv: every ordered pair, by the test of Games and Howell; of `over_cells`."""
    varying = {name: values.tolist() for name, values in found.items() if np.ptp(values) > 0}
    rows: list[dict[str, Any]] = []
    for (one, other), each in each_to_each(varying).items():
        rows.append(
            {
                **{"budget": budget, "algorithm": one, "other": other, "regret_pct": float(np.mean(varying[one]))},
                **{"difference": each.difference, "low": each.low, "high": each.high, "p": each.p},
            }
        )
    return pd.DataFrame(rows)


def aggregate_rows(
    budget: int,
    regrets: Sequence[Mapping[str, np.ndarray]],
    optima: Sequence[float],
    tasks: Sequence[str] = (),
    of_pools: Collection[str] = (),
) -> list[dict[str, Any]]:
    """Rows of head_to_head_aggregates.csv: each contender over the searches of all cells, pooled.

    regrets: [independent, searches of each] by contender, in each cell (`Row.by_part`).  Regrets are shares of the
    cell's optimum in per cent.  tasks: of each cell.  of_pools: contenders that choose from parts of a task's pool,
    which are the same parts in all cells of the task.
    """
    random = [each[CONTROL] for each in regrets]
    rows = []
    for name in regrets[0]:
        own = [each[name] for each in regrets]
        shares = [100 * values / optimum for values, optimum in zip(own, optima, strict=True)]
        together = tasks if name in of_pools else ()
        middle = interquartile_mean(shares, resamples=RESAMPLES, together=together)
        # a larger score is better there, and a smaller regret here
        ours, theirs = [-each for each in own], [-each for each in random]
        better = probability_of_improvement(ours, theirs, resamples=RESAMPLES, together=together)
        row: dict[str, Any] = {"budget": budget, "algorithm": name, "searches": sum(map(np.size, own))}
        for column, value in (("interquartile_regret_pct", middle), ("better_than_random", better)):
            row |= {column: value.value, f"{column}_low": value.low, f"{column}_high": value.high}
        rows.append(row)
    return rows
