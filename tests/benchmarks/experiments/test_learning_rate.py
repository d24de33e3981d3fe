"""What trainings with several seeds say of architectures and of noise: by-hand values."""

import math

import numpy as np
import pytest

from benchmarks.experiments.fidelity.learning_rate import spread_and_noise


def test_spread_and_noise_by_hand():
    # variances of seeds 2 and 0; means 2 and 5 vary by 4.5, of which half of the noise, 1, is luck
    found = spread_and_noise(np.array([[1.0, 3.0], [5.0, 5.0]]))
    assert found == {"quality": 3.5, "architecture_std": 2.0, "seed_std": 1.0, "ratio": 2.0}


def test_a_failed_training_is_left_out_and_an_architecture_with_one_left_as_well():
    whole = spread_and_noise(np.array([[1.0, 3.0], [5.0, 5.0]]))
    assert spread_and_noise(np.array([[1.0, 3.0, math.nan], [5.0, 5.0, math.nan], [9.0, math.nan, math.nan]])) == whole
    assert math.isnan(spread_and_noise(np.array([[1.0, 3.0], [5.0, math.nan]]))["ratio"])


def test_noise_alone_is_no_spread():
    found = spread_and_noise(np.array([[1.0, 3.0], [3.0, 1.0]]))
    assert found["architecture_std"] == found["ratio"] == 0.0
    assert found["seed_std"] == pytest.approx(math.sqrt(2))
