import math

import pytest

from benchmarks.intervals import mean_interval


def test_interval_of_three_values_by_hand():
    # mean 2, standard error 1 / sqrt(3), t at 97.5% with two degrees of freedom 4.30265
    assert mean_interval([1.0, 2.0, 3.0]) == pytest.approx((2.0, 2 - 4.30265 / 3**0.5, 2 + 4.30265 / 3**0.5), rel=1e-5)


def test_one_value_has_a_mean_but_no_interval():
    mean, low, high = mean_interval([0.5])
    assert mean == 0.5
    assert math.isnan(low)
    assert math.isnan(high)
    assert all(math.isnan(value) for value in mean_interval([]))
