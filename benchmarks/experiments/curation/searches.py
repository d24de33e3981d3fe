"""Many searches at once in one space, on a trained table, and what they say of it."""

from __future__ import annotations

import math
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, NamedTuple

import jax
import numpy as np

from benchmarks.experiments.curation.figures import AIMS, Ask, Figures, reached, scores
from benchmarks.experiments.curation.spaces import Subsets
from benchmarks.runtime.worker import allowed_cores
from benchmarks.statistics.intervals import bootstrap_interval, mean_interval, share_interval
from nas_algos.checks import checked_trials
from nas_algos.load import build_strategy
from nas_algos.scan import scan

WITHIN = (0.01, 0.02, 0.05)  # of the best known quality
TOGETHER = 50  # searches of one compiled call, so that what they compute stays in a core's cache


class Setting(NamedTuple):
    """All that is the same for the searches of a cell, traceable."""

    surrogate: Any
    """Of the task's table."""
    estimate: Any
    """Of the accelerator."""
    baseline: Figures
    """Of the task's baseline."""


def searcher(ask: Ask, algorithm: str, subsets: Subsets, evaluations: int) -> Callable[..., Any]:
    """A function, compiled, of a Setting, aim, tables [TOGETHER, choices, multipliers] and keys [TOGETHER].

    It gives scores float32 [TOGETHER, T] and genotypes int32 [TOGETHER, T, E] of the uncurated space, and serves every
    accelerator whose estimate is of one kind, both aims and all subsets of this shape.  It raises AlgorithmInputError
    for genotypes out of range.
    """
    strategy = build_strategy(algorithm, subsets.cardinalities, evaluations)
    rounds = -(-evaluations // strategy.batch)

    def one(setting: Setting, aim: Any, tables: Any, key: jax.Array) -> tuple[jax.Array, ...]:
        def evaluate(genotypes: jax.Array) -> jax.Array:
            figures = ask(setting.surrogate, setting.estimate, subsets.uncurated(tables, genotypes))
            return scores(figures, setting.baseline, aim)

        trials = scan(strategy, evaluate, rounds, key)
        asked = trials.genotypes[:evaluations]
        return trials.scores[:evaluations], subsets.uncurated(tables, asked), asked

    compiled = jax.jit(jax.vmap(one, in_axes=(None, None, 0, 0)))

    def search(setting: Setting, aim: Any, tables: Any, keys: Any) -> tuple[jax.Array, jax.Array]:
        found, genotypes, asked = compiled(setting, aim, tables, keys)
        checked_trials(strategy, asked)
        return found, genotypes

    return search


class Found(NamedTuple):
    """By searches for one aim."""

    best: np.ndarray
    """Quality, or latency in ms, of the best feasible network after each evaluation, float[searches, evaluations];
    -inf, or inf for latency, before there is one."""
    genotypes: np.ndarray
    """The best of each search, int32[searches, E] in the uncurated space; what missed least where none is feasible."""


def best_so_far(
    search: Callable[..., Any], setting: Setting, aim: str, subsets: Subsets, searches: int, key: jax.Array
) -> Found:
    """Search so many times, shared out over draws in order."""
    places = np.arange(-(-searches // TOGETHER) * TOGETHER) % searches
    keys = jax.random.split(key, searches)

    def some(start: int) -> tuple[np.ndarray, np.ndarray]:
        own = places[start : start + TOGETHER]
        tables = tuple(table[own * subsets.draws // searches] for table in subsets.tables)
        found, genotypes = map(np.asarray, search(setting, AIMS.index(aim), tables, keys[own]))
        return found, genotypes[np.arange(len(own)), found.argmin(1)]

    with ThreadPoolExecutor(len(allowed_cores())) as pool:
        parts = list(pool.map(some, range(0, len(places), TOGETHER)))
    found, genotypes = (np.concatenate(part)[:searches] for part in zip(*parts, strict=True))
    best = reached(found)
    return Found(-best if aim == "quality" else best * setting.baseline.latency_ms, genotypes)


class Outcome(NamedTuple):
    """What the searches in one space came to; 95% intervals, of several draws over these, of which there are fewer."""

    quality: float
    """Mean of the best qualities found within the baseline's latency, of searches that found any."""
    low: float
    high: float
    regret: float
    """100 (best known - quality) / best known."""
    regret_low: float
    regret_high: float
    spread: float
    """Standard deviation of the quality between searches, mean over draws."""
    spread_low: float
    spread_high: float
    evaluations_to_1pct: float
    """Median evaluations until one is within 1% of the best known quality; inf where fewer than half get there."""
    evaluations_to_2pct: float
    evaluations_to_5pct: float
    expected_evaluations: float
    """Until one is within 5%, see there."""
    expected_low: float
    expected_high: float
    success_rate: float
    """Share of searches that get within 5%."""
    success_low: float
    success_high: float
    latency_ms: float
    """Mean of the least latencies found at the baseline's quality; whoever found none below the baseline's keeps the
    baseline, lest a search that finds nothing counts for more than one that finds something slow."""
    latency_low: float
    latency_high: float
    failed: int
    """Searches that found nothing within the baseline's latency."""
    failed_latency: int
    """Searches that found nothing of the baseline's quality."""


def outcome(
    quality: np.ndarray, latency_ms: np.ndarray, best_known: float, baseline_ms: float, draws: int = 1
) -> Outcome:
    """quality, latency_ms: float[searches, evaluations] as `Found.best`.

    baseline_ms: latency of the task's baseline, which every search has to begin with.  draws: where searches are
    shared out over several random spaces in order.
    """
    searches, evaluations = quality.shape
    groups = np.arange(searches) * draws // searches
    mean, low, high = _ends(quality[:, -1], groups)
    fast, fast_low, fast_high = _ends(np.minimum(latency_ms[:, -1], baseline_ms), groups)
    spread, spread_low, spread_high = _spread(quality[:, -1], groups)
    until = {share: evaluations_to(-quality, -best_known * (1 - share)) for share in WITHIN}
    close = until[WITHIN[-1]]
    clusters = [close[groups == draw] for draw in range(draws)] if draws > 1 else list(close[:, None])
    successes = [int(np.isfinite(close[groups == draw]).sum()) for draw in range(draws)]

    def expected(reached: np.ndarray) -> float:
        return expected_evaluations(reached, evaluations)

    def regret(value: float) -> float:
        return 100 * (1 - value / best_known)

    expected_low, expected_high = bootstrap_interval(clusters, expected)
    success_low, success_high = share_interval(successes, np.bincount(groups, minlength=draws).tolist())
    return Outcome(
        quality=mean,
        low=low,
        high=high,
        regret=regret(mean),
        regret_low=regret(high),
        regret_high=regret(low),
        spread=spread,
        spread_low=spread_low,
        spread_high=spread_high,
        evaluations_to_1pct=float(np.median(until[0.01])),
        evaluations_to_2pct=float(np.median(until[0.02])),
        evaluations_to_5pct=float(np.median(until[0.05])),
        expected_evaluations=expected(close),
        expected_low=expected_low,
        expected_high=expected_high,
        success_rate=sum(successes) / searches,
        success_low=success_low,
        success_high=success_high,
        latency_ms=fast,
        latency_low=fast_low,
        latency_high=fast_high,
        failed=int(np.isinf(quality[:, -1]).sum()),
        failed_latency=int(np.isinf(latency_ms[:, -1]).sum()),
    )


def _inside(last: np.ndarray, groups: np.ndarray) -> list[np.ndarray]:
    """What was found in each draw, by searches that found anything."""
    return [last[np.isfinite(last) & (groups == draw)] for draw in np.unique(groups)]


def _ends(last: np.ndarray, groups: np.ndarray) -> tuple[float, float, float]:
    """Mean with its interval."""
    inside = _inside(last, groups)
    # searches in one draw are alike, so draws are what varies freely; of a single space its searches are
    finals = [float(values.mean()) for values in inside if len(values)] if len(inside) > 1 else inside[0].tolist()
    return mean_interval(finals)


def _spread(last: np.ndarray, groups: np.ndarray) -> tuple[float, float, float]:
    """Standard deviation within draws with its interval: of several over these, of a single space by the bootstrap over
    its searches; NaN where none has two that found anything.
    """
    inside = [values for values in _inside(last, groups) if len(values) > 1]
    if inside and not groups.any():
        return _deviation(inside[0]), *bootstrap_interval(list(inside[0][:, None]), _deviation)
    return mean_interval([_deviation(values) for values in inside])


def _deviation(values: np.ndarray) -> float:
    return float(np.std(values, ddof=1))


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
    """Evaluations until the best is at most the target, float[n]; infinite for never."""
    there = best <= target
    return np.where(there.any(1), there.argmax(1) + 1.0, np.inf)
