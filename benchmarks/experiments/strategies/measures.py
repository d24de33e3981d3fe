"""What a search is worth by the different networks that it looked at, in order; the same for ours and for peers."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from benchmarks.experiments.strategies.problems import Problem
from benchmarks.statistics.intervals import mean_interval


def regret(problem: Problem, seed: int, rows: np.ndarray) -> float:
    """True error of the network found less the least error of a feasible one; the rows int[n] are the table's.

    Found is the feasible one of the least error that search number `seed` saw; where none is, the worst feasible one of
    the table.
    """
    true, (least, most) = problem.table.scores[:, 0], problem.errors
    able = rows[problem.feasible[rows]]
    found = true[able[np.argmin(problem.errors_seen(seed, able))]] if len(able) else most
    return float(found - least)


def hypervolume(problem: Problem, rows: np.ndarray) -> float:
    """Hypervolume of the rows' scores as a share of the true front's, from the table's reference point."""
    return problem.volume(rows) / problem.whole_volume


def row_of(problem: Problem, strategy: str, evaluations: int, searches: Sequence[np.ndarray]) -> dict[str, object]:
    """A row of regret.csv or hypervolume.csv: the mean over seeds with Student's 95% interval.

    searches: the rows that each looked at; search s saw `Problem.errors_seen` of s.
    """
    heads = [rows[:evaluations] for rows in searches]
    if problem.goal == "front":
        name, values = "hypervolume", [hypervolume(problem, rows) for rows in heads]
    else:
        name, values = "regret", [regret(problem, seed, rows) for seed, rows in enumerate(heads)]
    mean, low, high = mean_interval(values)
    who: dict[str, object] = {"problem": problem.table.name}
    if name == "regret":
        who["bound"] = float(f"{problem.bound:.6g}")  # as files hold it, which rows are found again by
    return who | {
        "strategy": strategy,
        "evaluations": evaluations,
        "seeds": len(values),
        name: mean,
        "low": low,
        "high": high,
    }
