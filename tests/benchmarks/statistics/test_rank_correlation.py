"""Correlations with their intervals, against SciPy's own and by hand."""

import math

import numpy as np
import pytest
from scipy import stats

from benchmarks.statistics.rank_correlation import (
    draw_clusters,
    draw_resamples,
    equal_slices,
    kendall,
    kendall_gain,
    kendall_gain_within,
    kendall_within,
    rank_agreement,
    shared_best,
)


def correlated(count, seed, ties=False):
    generator = np.random.default_rng(seed)
    a = generator.normal(size=count)
    b = a + generator.normal(size=count)
    return (np.round(a), np.round(b)) if ties else (a, b)


@pytest.mark.parametrize("ties", [False, True])
def test_values_and_every_resample_equal_scipys(ties):
    a, b = correlated(20, seed=1, ties=ties)
    drawn = draw_resamples(20, 50)
    found = kendall(a, b, drawn)
    assert found.value == pytest.approx(stats.kendalltau(a, b)[0])
    resampled = [stats.kendalltau(a[rows], b[rows])[0] for rows in drawn]
    assert (found.low, found.high) == pytest.approx(tuple(np.percentile(resampled, [2.5, 97.5])))


def test_whole_clusters_are_drawn_and_things_apart_as_things_are():
    clusters = np.array([3, 3, 7, 3, 7])
    for drawn in draw_clusters(clusters, 50):
        counts = np.bincount(drawn, minlength=5)
        assert counts[0] == counts[1] == counts[3]
        assert counts[2] == counts[4]
        assert counts[0] + counts[2] == 2
    np.testing.assert_array_equal(draw_clusters(np.arange(5), 50), draw_resamples(5, 50))


def test_a_ranking_that_is_alike_within_clusters_is_as_uncertain_as_so_few_things():
    a, b = correlated(8, seed=0)
    clusters = np.repeat(np.arange(8), 25)
    few, alike = kendall(a, b, draw_resamples(8)), (a[clusters], b[clusters])
    whole, apart = (kendall(*alike, drawn) for drawn in (draw_clusters(clusters), draw_resamples(200)))
    assert (whole.low, whole.high) == pytest.approx((few.low, few.high))
    assert apart.high - apart.low < 0.5 * (whole.high - whole.low)


def test_the_share_of_the_best_that_both_have_by_hand():
    a, b = np.array([1.0, 2.0, 3.0]), np.array([1.0, 3.0, 2.0])
    # the best of a is the third, of b the second; of the resamples only the last has both of them
    found = shared_best(a, b, 1, np.array([[0, 0, 1], [2, 2, 2], [0, 1, 2]]))
    assert found.value == 0
    assert (found.low, found.high) == pytest.approx((0.05, 1.0))  # percentiles of 0, 1, 1
    assert shared_best(a, b, 2, draw_resamples(3, 50)).value == 1
    # of fewer than `count` all are the best
    assert shared_best(a, b, 5, draw_resamples(3, 50)) == (1.0, 1.0, 1.0)


def test_within_slices_is_the_mean_of_their_taus():
    # within both slices the order is turned round, between them it agrees
    a, b = np.array([1.0, 2.0, 3.0, 4.0, 5.0, 6.0]), np.array([3.0, 2.0, 1.0, 5.0, 4.0, 6.0])
    slices = equal_slices(np.array([10.0, 12.0, 11.0, 21.0, 20.0, 22.0]), 2)
    assert slices.tolist() == [0, 0, 0, 1, 1, 1]
    drawn = draw_resamples(6, 200)
    # one slice has tau -1, the other one of three pairs turned
    assert kendall_within(a, b, slices, drawn).value == pytest.approx((-1 + 1 / 3) / 2)
    assert kendall(a, b, drawn).value > 0


def test_the_gain_is_zero_over_itself_and_known_where_it_is_plain():
    a, b = correlated(40, seed=2)
    drawn = draw_resamples(40, 300)
    assert kendall_gain(a, a, b, drawn) == (0.0, 0.0, 0.0)
    gain = kendall_gain(b, -b, b, drawn)
    assert gain == pytest.approx((2.0, 2.0, 2.0))
    assert kendall_gain(np.random.default_rng(0).normal(size=40), b, b, drawn).high < 0


def test_the_gain_within_slices_is_the_difference_of_the_means_within():
    a, b = correlated(40, seed=4)
    slices, drawn = equal_slices(np.random.default_rng(0).normal(size=40)), draw_resamples(40, 300)
    assert kendall_gain_within(a, a, b, slices, drawn) == (0.0, 0.0, 0.0)
    gain = kendall_gain_within(b, a, b, slices, drawn)
    assert gain.value == pytest.approx(1 - kendall_within(a, b, slices, drawn).value)
    assert gain.low > 0
    # of one slice it is the gain overall
    assert kendall_gain_within(b, a, b, np.zeros(40, int), drawn) == kendall_gain(b, a, b, drawn)


def test_nothing_to_rank_is_not_a_number():
    same = np.ones(5)
    drawn = draw_resamples(5, 10)
    assert np.isnan(kendall(same, np.arange(5.0), drawn)).all()
    assert np.isnan(kendall_within(same, np.arange(5.0), np.array([0, 0, 0, 1, 1]), drawn)).all()


def test_the_interval_holds_the_true_tau_about_as_often_as_it_says():
    # of two normal numbers with correlation r, tau is 2 / pi * arcsin(r)
    r, trials = 0.7, 100
    truth, generator, held = 2 / np.pi * np.arcsin(r), np.random.default_rng(3), 0
    for _ in range(trials):
        a, noise = generator.normal(size=(2, 60))
        found = kendall(a, r * a + np.sqrt(1 - r**2) * noise, draw_resamples(60, 400))
        held += found.low <= truth <= found.high
    # 95% less four standard errors and what percentile intervals of 60 are known to lack
    assert held / trials > 0.95 - 4 * np.sqrt(0.95 * 0.05 / trials) - 0.02


def test_agreement_of_a_ranking_by_hand():
    low = [1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0]
    # the two smallest and the fourth and third swapped: 2 of 28 pairs disagree, tau = (26 - 2) / 28
    high = [2.0, 1.0, 4.0, 3.0, 5.0, 6.0, 7.0, 8.0]
    n, tau, top = rank_agreement(low, high, range(8))
    assert n == 8
    assert tau.value == pytest.approx(24 / 28)
    assert tau.low < tau.value < tau.high <= 1
    # the best five of low are positions 3 to 7, of high positions 2 and 4 to 7
    assert top.value == pytest.approx(4 / 5)
    assert 0 <= top.low <= top.value <= top.high <= 1


def test_failed_trainings_are_left_out_of_the_ranking():
    low, high = [1.0, 2.0, math.nan, 3.0, 4.0, 5.0, 6.0], [1.0, 2.0, 9.0, 3.0, math.nan, 5.0, 6.0]
    assert rank_agreement(low, high, range(7)).n == 5
    assert rank_agreement(low, high, range(7)).tau.value == pytest.approx(1.0)
    nothing = rank_agreement([1.0, math.nan], [1.0, 2.0], [0, 1])
    assert nothing.n == 1
    assert np.isnan([*nothing.tau, *nothing.top]).all()


def test_agreement_of_networks_alike_within_cells_is_as_uncertain_as_so_few_cells():
    a, b = correlated(8, seed=0)
    cells = np.repeat(np.arange(8), 25)
    whole, few = rank_agreement(a[cells].tolist(), b[cells].tolist(), cells.tolist()), kendall(a, b, draw_resamples(8))
    assert whole.tau == pytest.approx(few)
    # what has no value leaves its own cell, not another's
    known = rank_agreement([math.nan, *a[cells]], [0.0, *b[cells]], [9, *cells])
    assert (known.n, known.tau) == (200, whole.tau)
