"""One figure over several tasks, from runs x tasks: interquartile mean and probability of improvement.

Agarwal, Schwarzer, Castro, Courville and Bellemare, Deep Reinforcement Learning at the Edge of the Statistical
Precipice, arXiv:2108.13264, sections 4.1 to 4.3.  Intervals are 95% ones, percentiles of a stratified bootstrap: runs
are drawn anew within each task, tasks are not.  Tasks may have different numbers of runs.  Where runs depend on each
other in groups, a row of runs each, whole groups are drawn (A. C. Davison and D. V. Hinkley, Bootstrap Methods and
their Application, 1997, section 3.8); of tasks whose groups are the same ones, the same groups in each.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence

import numpy as np
from scipy import stats

from benchmarks.errors import BenchmarkInputError
from benchmarks.statistics.intervals import RESAMPLES
from benchmarks.statistics.rank_correlation import Interval

Runs = Sequence[Sequence[float] | np.ndarray]
"""Scores of the runs on each task, scaled so that tasks may be pooled: float[tasks][runs], or [tasks][groups, runs]."""


def interquartile_mean(scores: Runs, resamples: int = RESAMPLES, together: Sequence[Hashable] = ()) -> Interval:
    """Mean of the middle half of all runs of all tasks pooled; a quarter is cut at each end, rounded down.

    together: a label for each task, where groups of those with the same label are the same; () where none are.
    Raises BenchmarkInputError for no task, for a task without runs, and where tasks with the same label have different
    numbers of groups.
    """
    tasks = _checked(scores, together)

    def middle(drawn: list[list[np.ndarray]]) -> float:
        return stats.trim_mean(np.concatenate([task.ravel() for task in drawn[0]]), 0.25)

    return _bootstrapped([tasks], middle, resamples, together)


def probability_of_improvement(
    ours: Runs, theirs: Runs, resamples: int = RESAMPLES, together: Sequence[Hashable] = ()
) -> Interval:
    """Mean over tasks of P(a run of ours is larger than one of theirs), ties counting half.

    together: as `interquartile_mean` takes it, of ours.  Raises as that does, and unless both have as many tasks.
    """
    mine, other = _checked(ours, together), _checked(theirs)
    if len(mine) != len(other):
        raise BenchmarkInputError(f"{len(mine)} tasks against {len(other)}; allowed: the same tasks")
    return _bootstrapped([mine, other], lambda drawn: _mean_share(*drawn), resamples, together)


def _mean_share(mine: Sequence[np.ndarray], other: Sequence[np.ndarray]) -> float:
    shares = []
    for ours, theirs in zip(mine, other, strict=True):
        ordered = np.sort(theirs, axis=None)
        below, upto = np.searchsorted(ordered, ours, "left"), np.searchsorted(ordered, ours, "right")
        shares.append((below + upto).mean() / (2 * len(ordered)))
    return float(np.mean(shares))


def _bootstrapped(
    sides: list[list[np.ndarray]],
    statistic: Callable[[list[list[np.ndarray]]], float],
    resamples: int,
    together: Sequence[Hashable],
) -> Interval:
    generator = np.random.default_rng(0)
    labels = [together or range(len(sides[0])), *(range(len(side)) for side in sides[1:])]
    found = [
        statistic([_drawn(side, own, generator) for side, own in zip(sides, labels, strict=True)])
        for _ in range(resamples)
    ]
    low, high = np.percentile(found, [2.5, 97.5])
    return Interval(float(statistic(sides)), float(low), float(high))


def _drawn(side: list[np.ndarray], labels: Sequence[Hashable], generator: np.random.Generator) -> list[np.ndarray]:
    rows: dict[Hashable, np.ndarray] = {}
    for task, label in zip(side, labels, strict=True):
        if label not in rows:
            rows[label] = generator.integers(0, len(task), len(task))
    return [task[rows[label]] for task, label in zip(side, labels, strict=True)]


def _checked(scores: Runs, together: Sequence[Hashable] = ()) -> list[np.ndarray]:
    tasks = [np.asarray(task, float) for task in scores]
    if not tasks or any(task.ndim not in (1, 2) or not task.size for task in tasks):
        raise BenchmarkInputError(f"runs of {len(tasks)} tasks; allowed: one task or more, each of one run or more")
    labels = list(together or range(len(tasks)))
    if len(labels) != len(tasks) or len(set(labels)) != len({*zip(labels, map(len, tasks), strict=True)}):
        raise BenchmarkInputError(
            f"{len(labels)} labels of {len(tasks)} tasks of {', '.join(map(str, map(len, tasks)))} groups; allowed: a "
            "label for each task, the same for those of the same groups only"
        )
    return tasks
