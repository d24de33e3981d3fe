"""Means and intervals of few runs."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import numpy as np
from scipy import stats

RESAMPLES = 2_000


def mean_interval(values: Sequence[float], confidence: float = 0.95) -> tuple[float, float, float]:
    """Mean and its confidence interval by Student's t over n values; NaN for what so few values cannot give."""
    if not values:
        return math.nan, math.nan, math.nan
    mean = float(np.mean(values))
    if len(values) < 2:
        return mean, math.nan, math.nan
    half = float(stats.t.ppf((1 + confidence) / 2, len(values) - 1) * stats.sem(values))
    return mean, mean - half, mean + half


def interval_words(values: Sequence[float]) -> str:
    """Mean and its 95% interval, such as "0.4870 [0.4120, 0.5490]"; of one value the value."""
    mean, low, high = mean_interval(values)
    return f"{mean:.4f}" if math.isnan(low) else f"{mean:.4f} [{low:.4f}, {high:.4f}]"


def share_interval(parts: Sequence[int], wholes: Sequence[int], confidence: float = 0.95) -> tuple[float, float]:
    """Wilson's interval of sum(parts) / sum(wholes), the counts of each cluster, such as one random space of several.

    With several clusters n is the effective one of Korn and Graubard (Survey Methodology 24, 1998): less where shares
    differ between clusters by more than chance, and by Student's quantile for so few clusters; NaN for n = 0.
    """
    part, whole = np.asarray(parts, float), np.asarray(wholes, float)
    clusters, n = len(whole), float(whole.sum())
    if not n:
        return math.nan, math.nan
    share = float(part.sum()) / n
    upper = (1 + confidence) / 2
    z = float(stats.norm.ppf(upper))
    if clusters > 1 and n > 1:
        n_effective = n * float(stats.t.ppf(upper, n - 1) / stats.t.ppf(upper, clusters - 1)) ** 2
        chance = share * (1 - share) / n
        if chance:
            variance = clusters / (clusters - 1) * float(((part - share * whole) ** 2).sum()) / n**2
            n_effective /= max(variance / chance, 1.0)
        n = n_effective
    middle = (share + z**2 / (2 * n)) / (1 + z**2 / n)
    half = z / (1 + z**2 / n) * math.sqrt(share * (1 - share) / n + z**2 / (4 * n**2))
    # exactly so at the ends, where rounding would leave a little
    return middle - half if share > 0 else 0.0, middle + half if share < 1 else 1.0


def widened(mean: float, low: float, high: float, term: tuple[float, float]) -> tuple[float, float]:
    """The interval of a mean with a further, independent source of error: half widths add as their squares do.

    term: by how much that source may take off and add, both 0 and more; NaN where it is not known, which widens
    nothing.
    """
    below, above = (0.0 if math.isnan(each) else each for each in term)
    return mean - math.hypot(mean - low, below), mean + math.hypot(high - mean, above)


def bootstrap_interval(
    clusters: Sequence[np.ndarray],
    statistic: Callable[[np.ndarray], float],
    confidence: float = 0.95,
    seed: int = 0,
    resamples: int = RESAMPLES,
) -> tuple[float, float]:
    """Percentile interval of a statistic of all values [n], whole clusters drawn anew; its values may be infinite."""
    drawn = np.random.default_rng(seed).integers(len(clusters), size=(resamples, len(clusters)))
    found = [statistic(np.concatenate([clusters[place] for place in row])) for row in drawn]
    tail = (1 - confidence) / 2
    return float(np.quantile(found, tail, method="lower")), float(np.quantile(found, 1 - tail, method="higher"))
