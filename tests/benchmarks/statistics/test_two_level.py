"""The mean tau of several rankings, with an interval over rankings and over things ranked."""

import numpy as np
import pytest

from benchmarks.statistics.rank_correlation import draw_resamples, kendall
from benchmarks.statistics.two_level import mean_tau

TRUTH = np.arange(20.0)
APART = np.arange(20)
"""Each in a cluster of its own."""


def test_the_mean_is_of_the_rankings_taus():
    # 1 and -1: the mean is 0 whichever networks are drawn, and the interval is of which rankings are
    found = mean_tau(np.stack([TRUTH, -TRUTH]), TRUTH, APART)
    assert (found.value, found.low, found.high) == pytest.approx((0, -1, 1))


def test_equal_rankings_have_the_interval_over_networks_alone():
    noisy = TRUTH + np.random.default_rng(0).normal(0, 5, 20)
    assert mean_tau(np.stack([noisy] * 3), TRUTH, APART) == pytest.approx(kendall(noisy, TRUTH, draw_resamples(20)))


def test_whole_clusters_of_networks_are_drawn():
    noisy = TRUTH + np.random.default_rng(0).normal(0, 5, 20)
    cells = np.repeat(np.arange(20), 10)
    found = mean_tau(np.stack([noisy[cells]] * 3), TRUTH[cells], cells)
    # as many as there are cells, whatever number of networks each one has
    assert (found.low, found.high) == pytest.approx(kendall(noisy, TRUTH, draw_resamples(20))[1:])


def test_both_levels_are_wider_than_either():
    rng = np.random.default_rng(0)
    ranked = TRUTH + rng.normal(0, 1, (5, 20)) * np.array([1, 5, 10, 20, 40])[:, None]
    both = mean_tau(ranked, TRUTH, APART)
    same = [kendall(row, TRUTH, draw_resamples(20)).value for row in ranked]
    over_rankings = np.percentile(rng.choice(same, (2_000, 5)).mean(1), [2.5, 97.5])
    assert both.high - both.low > over_rankings[1] - over_rankings[0]
    assert both.value == pytest.approx(np.mean(same))


def test_a_ranking_that_tells_nothing_apart_leaves_no_mean_and_no_interval():
    assert np.isnan(mean_tau(np.stack([TRUTH, 0 * TRUTH, TRUTH]), TRUTH, APART)).all()


def test_what_a_ranking_lacks_is_left_out_of_all():
    ranked = np.stack([TRUTH, np.where(TRUTH == 3, np.nan, TRUTH)])
    assert mean_tau(ranked, np.where(TRUTH == 5, np.nan, TRUTH), APART).value == 1
    assert np.isnan(mean_tau(ranked[:, :1], TRUTH[:1], APART[:1]).value)
