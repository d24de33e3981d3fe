"""How well one number ranks what another ranks, with intervals by bootstrap over the things ranked.

Kendall's tau-b of a resample needs only how often each thing was drawn:  sum of w_i w_j a_ij b_ij over the square roots
of sum w_i w_j a_ij^2 and sum w_i w_j b_ij^2, a_ij the sign of the difference.  So thousands of resamples are two matrix
products.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from scipy import stats

from benchmarks.statistics.intervals import RESAMPLES

SLICES = 4
Drawn = np.ndarray | Sequence[np.ndarray]
"""Which things each resample drew, as often as it did: `draw_resamples`, `draw_clusters`."""


class Interval(NamedTuple):
    """A value and its 95% interval (percentiles of the resamples); NaN where there is nothing to rank."""

    value: float
    low: float
    high: float


def draw_resamples(count: int, resamples: int = RESAMPLES, seed: int = 0) -> np.ndarray:
    """Which of `count` things each resample drew, int [resamples, count]."""
    return np.random.default_rng(seed).integers(count, size=(resamples, count))


def draw_clusters(clusters: np.ndarray, resamples: int = RESAMPLES, seed: int = 0) -> list[np.ndarray]:
    """The same where whole clusters are drawn, of things whose cluster is given, int [n], and which are alike within.

    As many clusters as there are, with replacement; so resamples hold more things or fewer.
    """
    _, cluster = np.unique(clusters, return_inverse=True)
    members = [np.flatnonzero(cluster == number) for number in range(cluster.max() + 1)]
    drawn = draw_resamples(len(members), resamples, seed)
    return [np.concatenate([members[number] for number in row]) for row in drawn]


def tau_b(a: np.ndarray, b: np.ndarray) -> float:
    """Kendall's tau-b of a [n] and b [n], without an interval."""
    found: Any = stats.kendalltau(a, b)
    return float(found.statistic)


def kendall(a: np.ndarray, b: np.ndarray, drawn: Drawn) -> Interval:
    """Tau-b of a [n] and b [n]."""
    return interval_of(*(_taus(a, b, weights) for weights in _weights(drawn, len(a))))


def taus_of(a: np.ndarray, b: np.ndarray, drawn: Drawn) -> np.ndarray:
    """Tau-b of a [n] and b [n], then of each resample, float [1 + resamples]; NaN where there is nothing to rank."""
    return np.concatenate([_taus(a, b, weights) for weights in _weights(drawn, len(a))])


def kendall_gain(a: np.ndarray, other: np.ndarray, b: np.ndarray, drawn: Drawn) -> Interval:
    """By how much a's tau-b with b exceeds the other's, all [n]; both on the same resamples."""
    return interval_of(*(_taus(a, b, weights) - _taus(other, b, weights) for weights in _weights(drawn, len(a))))


def kendall_within(a: np.ndarray, b: np.ndarray, slices: np.ndarray, drawn: Drawn) -> Interval:
    """Mean over slices of the tau-b within; slices: the slice of each thing, int [n].

    A slice in which a resample has nothing to rank does not count there.
    """
    return interval_of(*(_taus_within(a, b, slices, weights) for weights in _weights(drawn, len(a))))


def kendall_gain_within(a: np.ndarray, other: np.ndarray, b: np.ndarray, slices: np.ndarray, drawn: Drawn) -> Interval:
    """By how much a's mean tau-b within slices exceeds the other's, all [n]; both on the same resamples."""
    return interval_of(
        *(
            _taus_within(a, b, slices, weights) - _taus_within(other, b, slices, weights)
            for weights in _weights(drawn, len(a))
        )
    )


def shared_best(a: np.ndarray, b: np.ndarray, count: int, drawn: Drawn) -> Interval:
    """Share of the `count` largest of b [n] that are among the `count` largest of a [n]; of all n where they are fewer.

    What a resample drew twice counts twice there.
    """

    def share(rows: np.ndarray) -> float:
        most = min(count, len(rows))
        mine, other = (set(np.argsort(-values[rows], kind="stable")[:most].tolist()) for values in (a, b))
        return len(mine & other) / most

    return interval_of(np.array([share(np.arange(len(a)))]), np.array([share(rows) for rows in drawn]))


def equal_slices(values: np.ndarray, count: int = SLICES) -> np.ndarray:
    """The slice, 0 .. count - 1, of each of values [n]: by size, as many in each as can be."""
    return np.argsort(np.argsort(values, kind="stable")) * count // len(values)


def _weights(drawn: Drawn, count: int) -> tuple[np.ndarray, np.ndarray]:
    """How often all things (once) and each resample hold each of `count`: float [1, count] and [resamples, count]."""
    return np.ones((1, count)), np.stack([np.bincount(row, minlength=count) for row in drawn]).astype(np.float64)


def _taus(a: np.ndarray, b: np.ndarray, weights: np.ndarray) -> np.ndarray:
    signs_a, signs_b = (np.sign(values[:, None] - values[None, :]) for values in (a, b))
    both, first, second = (
        ((weights @ product) * weights).sum(1) for product in (signs_a * signs_b, signs_a**2, signs_b**2)
    )
    return _ratio(both, first, second)


def _taus_within(a: np.ndarray, b: np.ndarray, slices: np.ndarray, weights: np.ndarray) -> np.ndarray:
    taus = np.stack([_taus(a, b, weights * (slices == each)) for each in np.unique(slices)])
    known = np.isfinite(taus)
    total = np.where(known, taus, 0.0).sum(0)
    return np.where(known.any(0), total / np.maximum(known.sum(0), 1), np.nan)


def _ratio(both: np.ndarray, first: np.ndarray, second: np.ndarray) -> np.ndarray:
    scale = np.sqrt(first * second)
    return np.where(scale > 0, both / np.where(scale > 0, scale, 1.0), np.nan)


def interval_of(value: np.ndarray, resampled: np.ndarray) -> Interval:
    """Of a value [1] and what it is in resamples [n], of which those that are NaN do not count."""
    known = resampled[np.isfinite(resampled)]
    if not np.isfinite(value[0]) or not len(known):
        return Interval(np.nan, np.nan, np.nan)
    low, high = np.percentile(known, [2.5, 97.5])
    return Interval(float(value[0]), float(low), float(high))


TOP = 5


class Agreement(NamedTuple):
    """How many are compared, Kendall's tau, and the share of the TOP best that both have."""

    n: int
    tau: Interval
    top: Interval


def rank_agreement(low: Sequence[float], high: Sequence[float], clusters: Sequence[int]) -> Agreement:
    """Of two rankings of the same things, intervals by bootstrap over their clusters (`draw_clusters`).

    Pairs in which one is NaN are left out; nothing is a number where there is nothing to rank.
    """
    known = np.isfinite([low, high]).all(0)
    pairs = np.array([low, high], float).T[known]
    if len(pairs) < 2 or len(set(pairs[:, 0])) < 2 or len(set(pairs[:, 1])) < 2:
        unknown = Interval(math.nan, math.nan, math.nan)
        return Agreement(len(pairs), unknown, unknown)
    a, b, drawn = pairs[:, 0], pairs[:, 1], draw_clusters(np.array(clusters)[known])
    return Agreement(len(pairs), kendall(a, b, drawn), shared_best(a, b, TOP, drawn))
