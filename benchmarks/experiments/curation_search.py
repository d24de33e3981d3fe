"""Searches of all seeds at once in one space, costs only, and what they say of it."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import numpy as np
from scipy import stats

from benchmarks.experiments.curation_costs import Floors, latency_of_score, score
from benchmarks.experiments.curation_spaces import Subsets
from benchmarks.intervals import mean_interval
from nas_algos.load import build_strategy
from nas_algos.search import scan
from tasks.spaces.space import SearchSpace

WITHIN = 0.05  # of the best known latency
WIDER = 0.20


def searcher(
    uncurated: SearchSpace, algorithm: str, subsets: Subsets, evaluations: int
) -> Callable[[Any, Floors, Any, Any], Any]:
    """A compiled function of estimate, floors, tables [n, choices, multipliers] and keys [n], to scores float32[n, T].

    It serves every accelerator whose estimate is of one kind and all subsets of this shape.
    """
    strategy = build_strategy(algorithm, subsets.cardinalities, evaluations)
    rounds = -(-evaluations // strategy.batch)

    def one(estimate: Any, floors: Floors, tables: Any, key: jax.Array) -> jax.Array:
        def evaluate(genotypes: jax.Array) -> jax.Array:
            return score(estimate, uncurated, floors, subsets.uncurated(tables, genotypes))

        return scan(strategy, evaluate, rounds, key).scores[:evaluations]

    return jax.jit(jax.vmap(one, in_axes=(None, None, 0, 0)))


def best_latency_ms(
    search: Callable[..., Any], estimate: Any, subsets: Subsets, floors: Floors, seeds: int, key: jax.Array
) -> np.ndarray:
    """Best feasible latency after each evaluation, float[seeds, evaluations]; seeds are shared out over draws."""
    draws = np.arange(seeds) * subsets.draws // seeds
    tables = tuple(table[draws] for table in subsets.tables)
    scores = np.asarray(search(estimate, floors, tables, jax.random.split(key, seeds)))
    return np.minimum.accumulate(latency_of_score(scores, floors), axis=1)


class Outcome(NamedTuple):
    """What the searches in one space came to, relative to the best latency known.

    evaluations_to_5pct, evaluations_to_20pct: median over seeds; infinite where fewer than half get there.
    evaluations_low, evaluations_high: of the first, its 95% interval by order statistics.  success_rate: seeds that get
    within 5%, with Wilson's interval.  final: mean ratio of the best latency found to the best known, with Student's
    interval, spread its standard deviation between seeds; of seeds that met the floors, the others counted in failed.
    """

    evaluations_to_5pct: float
    evaluations_low: float
    evaluations_high: float
    evaluations_to_20pct: float
    success_rate: float
    success_low: float
    success_high: float
    final: float
    final_low: float
    final_high: float
    spread: float
    failed: int


def outcome(best: np.ndarray, best_known: float, draws: int = 1) -> Outcome:
    """best: float[seeds, evaluations] as best_latency_ms gives it.

    draws: where seeds are shared out over several random spaces in order, the spread is the mean over them of the
    standard deviation within each; not a number where none has two searches.
    """
    seeds = len(best)
    reached = np.sort(evaluations_to(best, best_known * (1 + WITHIN)))
    successes = int(np.isfinite(reached).sum())
    proportion = stats.binomtest(successes, seeds).proportion_ci(method="wilson")
    ratio = best[:, -1] / best_known
    groups = np.arange(seeds) * draws // seeds
    finite = np.isfinite(ratio)
    inside = [ratio[finite & (groups == draw)] for draw in range(draws)]
    deviations = [float(np.std(values, ddof=1)) for values in inside if len(values) > 1]
    # the interval of a median: order statistics between which it lies with 95%, whatever the distribution
    low, high = stats.binom.ppf((0.025, 0.975), seeds, 0.5).astype(int)
    return Outcome(
        float(np.median(reached)),
        float(reached[low - 1 if low else 0]),
        float(reached[min(high, seeds - 1)]),
        float(np.median(evaluations_to(best, best_known * (1 + WIDER)))),
        successes / seeds,
        float(proportion.low),
        float(proportion.high),
        *mean_interval(ratio[finite].tolist()),
        float(np.mean(deviations)) if deviations else math.nan,
        int((~finite).sum()),
    )


def evaluations_to(best: np.ndarray, target: float) -> np.ndarray:
    """Evaluations until the best latency is at most the target, float[seeds]; infinite for never."""
    there = best <= target
    return np.where(there.any(1), there.argmax(1) + 1.0, np.inf)
