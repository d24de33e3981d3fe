"""Qualities over the choice of photographs: whole photographs are drawn, and images of one do not count as many."""

import math

import jax.numpy as jnp
import numpy as np
import pytest
from scipy import stats

from benchmarks.evaluators.photographs import photograph_interval
from tasks.classification.task import Classification, ClassificationTask
from tasks.data.labelled import ComposedImages

TASK = ClassificationTask(classes=2)


def images(photographs, right):
    """Images of class 0 over these photographs, and predictions that are right where `right` says."""
    n = len(photographs)
    pixels, labels, numbers = np.zeros((n, 2, 2, 3), np.uint8), np.zeros(n, np.int32), np.arange(n)
    said = np.where(np.asarray(right)[:, None], [[-0.1, -3.0]], [[-3.0, -0.1]])
    behind = np.asarray(photographs, np.int32)
    return ComposedImages(pixels, labels, numbers, numbers, behind), Classification(jnp.asarray(said, jnp.float32))


def test_photographs_that_are_all_right_or_all_wrong_say_as_much_as_one_image_each():
    # of ten photographs four are right, with thirty images each: shares of a binomial of ten, not of 300
    photographs = np.repeat(np.arange(10), 30)
    value, low, high = photograph_interval(TASK, *images(photographs, photographs < 4), resamples=2_000)
    assert value == pytest.approx(0.4)
    assert (low, high) == pytest.approx(tuple(stats.binom.ppf([0.025, 0.975], 10, 0.4) / 10), abs=0.1)


def test_photographs_that_are_alike_leave_nothing_to_their_choice():
    photographs, right = np.repeat(np.arange(6), 10), np.tile([True] * 7 + [False] * 3, 6)
    assert photograph_interval(TASK, *images(photographs, right), resamples=50) == pytest.approx((0.7, 0.7, 0.7))


def test_images_of_one_photograph_say_nothing_of_others():
    value, low, high = photograph_interval(TASK, *images([3, 3, 3], [True, True, False]))
    assert value == pytest.approx(2 / 3)
    assert math.isnan(low)
    assert math.isnan(high)
