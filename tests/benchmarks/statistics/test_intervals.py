import math

import numpy as np
import pytest
from scipy import stats

from benchmarks.statistics.intervals import bootstrap_interval, mean_interval, share_interval, widened


def test_interval_of_three_values_by_hand():
    # mean 2, standard error 1 / sqrt(3), t at 97.5% with two degrees of freedom 4.30265
    assert mean_interval([1.0, 2.0, 3.0]) == pytest.approx((2.0, 2 - 4.30265 / 3**0.5, 2 + 4.30265 / 3**0.5), rel=1e-5)


def test_a_further_source_of_error_widens_an_interval_as_squares_add():
    assert widened(1.0, 0.7, 1.3, (0.4, 0.0)) == pytest.approx((0.5, 1.3))
    assert widened(1.0, 0.7, 1.3, (math.nan, math.nan)) == pytest.approx((0.7, 1.3))


def test_one_value_has_a_mean_but_no_interval():
    mean, low, high = mean_interval([0.5])
    assert mean == 0.5
    assert math.isnan(low)
    assert math.isnan(high)
    assert all(math.isnan(value) for value in mean_interval([]))


@pytest.mark.parametrize(("part", "whole"), [(0, 10), (3, 7), (40, 100), (100, 100)])
def test_the_interval_of_a_share_is_wilsons(part, whole):
    wilson = stats.binomtest(part, whole).proportion_ci(method="wilson")
    assert share_interval([part], [whole]) == pytest.approx((wilson.low, wilson.high))


def test_a_share_of_clusters_is_known_as_well_as_they_vary():
    """Ten clusters of which each is all or nothing say about what ten things say; ten like any other, nearly all."""
    all_or_nothing = share_interval([10] * 4 + [0] * 6, [10] * 10)
    ten = stats.binomtest(4, 10).proportion_ci(method="wilson")
    assert all_or_nothing == pytest.approx((ten.low, ten.high), abs=0.06)
    alike, hundred = share_interval([4] * 10, [10] * 10), share_interval([40], [100])
    assert hundred[1] - hundred[0] < alike[1] - alike[0] < 1.25 * (hundred[1] - hundred[0])
    assert share_interval([0] * 10, [10] * 10)[0] == 0
    assert share_interval([10] * 10, [10] * 10)[1] == 1
    assert all(math.isnan(value) for value in share_interval([0], [0]))


def test_a_bootstrapped_mean_has_about_students_interval():
    values = np.random.default_rng(0).normal(size=60)
    _, low, high = mean_interval(values.tolist())
    assert bootstrap_interval(list(values[:, None]), lambda v: float(v.mean())) == pytest.approx(
        (low, high), abs=0.1 * (high - low)
    )
    assert bootstrap_interval([np.array([1.0, 2.0])], lambda v: float(v.mean())) == (
        1.5,
        1.5,
    )  # one cluster cannot tell
    infinite = bootstrap_interval([np.array([1.0]), np.array([np.inf])], lambda v: float(np.median(v)))
    assert infinite == (1.0, np.inf)
