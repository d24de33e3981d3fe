"""Searches of all seeds at once in one space, costs only, and what they say of it."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import numpy as np

from benchmarks.experiments.curation.costs import Floors, latency_of_score, score
from benchmarks.experiments.curation.spaces import Subsets
from benchmarks.statistics.intervals import bootstrap_interval, mean_interval, share_interval
from nas_algos.load import build_strategy
from nas_algos.scan import scan
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
    expected_evaluations: until one gets within 5%, see there.  success_rate: seeds that get within 5%.
    final: mean ratio of the best latency found to the best known, spread its standard deviation between seeds; of
    seeds that met the floors, the others counted in failed.

    *_low, *_high: 95% intervals: evaluations_* of evaluations_to_5pct, and expected_*, both by bootstrap; success_* by
    Wilson; final_* by Student.  With several draws all of them are over draws, of which there are fewer than seeds.
    """

    evaluations_to_5pct: float
    evaluations_low: float
    evaluations_high: float
    evaluations_to_20pct: float
    expected_evaluations: float
    expected_low: float
    expected_high: float
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
    standard deviation within each; NaN where none has two searches.
    """
    seeds, evaluations = best.shape
    reached = evaluations_to(best, best_known * (1 + WITHIN))
    ratio = best[:, -1] / best_known
    groups = np.arange(seeds) * draws // seeds
    finite = np.isfinite(ratio)
    inside = [ratio[finite & (groups == draw)] for draw in range(draws)]
    deviations = [float(np.std(values, ddof=1)) for values in inside if len(values) > 1]
    # searches in one draw are alike, so draws are what varies freely; of a single space its searches are
    clusters = [reached[groups == draw] for draw in range(draws)] if draws > 1 else list(reached[:, None])
    finals = [float(values.mean()) for values in inside if len(values)] if draws > 1 else ratio[finite].tolist()
    successes = [int(np.isfinite(reached[groups == draw]).sum()) for draw in range(draws)]

    def expected(reached: np.ndarray) -> float:
        return expected_evaluations(reached, evaluations)

    return Outcome(
        float(np.median(reached)),
        *bootstrap_interval(clusters, np.median),
        float(np.median(evaluations_to(best, best_known * (1 + WIDER)))),
        expected(reached),
        *bootstrap_interval(clusters, expected),
        sum(successes) / seeds,
        *share_interval(successes, np.bincount(groups, minlength=draws).tolist()),
        *mean_interval(finals),
        float(np.mean(deviations)) if deviations else math.nan,
        int((~finite).sum()),
    )


def expected_evaluations(reached: np.ndarray, evaluations: int) -> float:
    """Evaluations until one success, if a search that ends without is followed by another; infinite without any.

    The expected running time of COCO (Hansen et al., COCO: Performance Assessment, arXiv:1605.03560): all evaluations
    of all searches, those until success or all `evaluations` where there was none, over the number of successes.
    reached: as evaluations_to gives.
    """
    there = np.isfinite(reached)
    if not there.any():
        return math.inf
    return float(np.where(there, reached, evaluations).sum() / there.sum())


def evaluations_to(best: np.ndarray, target: float) -> np.ndarray:
    """Evaluations until the best latency is at most the target, float[seeds]; infinite for never."""
    there = best <= target
    return np.where(there.any(1), there.argmax(1) + 1.0, np.inf)
