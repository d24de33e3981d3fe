"""Intervals of what varies on two levels: which supernets were trained, and which networks they ranked.

An interval over networks alone says nothing of other seeds, one over seeds alone nothing of other networks; resamples
that draw both, with replacement, hold both (A. C. Davison and D. V. Hinkley, Bootstrap Methods and their Application,
1997, section 3.8).  Networks that are alike, those of a cell of a design, are drawn together.
"""

from __future__ import annotations

import numpy as np

from benchmarks.statistics.intervals import RESAMPLES
from benchmarks.statistics.rank_correlation import Interval, draw_clusters, interval_of, taus_of


def mean_tau(ranked: np.ndarray, truth: np.ndarray, clusters: np.ndarray, seed: int = 0) -> Interval:
    """Mean over S rankings of tau-b of ranked [S, n] with truth [n], and its 95% interval (percentiles).

    clusters: of each network, int [n], drawn whole (`draw_clusters`).

    Networks of which a ranking or the truth is NaN are left out of all; NaN where fewer than two are left, and where a
    ranking tells no two of them apart.
    """
    known = np.isfinite(ranked).all(0) & np.isfinite(truth)
    ranked, truth, clusters = ranked[:, known], truth[known], clusters[known]
    count, n = ranked.shape
    if n < 2:
        return Interval(np.nan, np.nan, np.nan)
    drawn = draw_clusters(clusters, RESAMPLES, seed)
    # [S, 1 + RESAMPLES]: of all networks, and of each resample of them
    taus = np.stack([taus_of(row, truth, drawn) for row in ranked])
    chosen = np.random.default_rng(seed + 1).integers(count, size=(RESAMPLES, count))
    return interval_of(taus[:, :1].mean(0), taus[chosen, 1 + np.arange(RESAMPLES)[:, None]].mean(1))
