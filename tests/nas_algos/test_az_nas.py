"""AZ-NAS's proxies of blocks small enough to work out by hand."""

import math
from typing import NamedTuple

import jax.numpy as jnp
import numpy as np
import pytest

from nas_algos.zero_shot.az_nas import PARTS, az_nas, az_progressivity, az_trainability, entropy, scale_kept
from nas_algos.zero_shot.network import Probe
from nas_algos.zero_shot.scores import example_passes, measured_together

# every pair of signs once, so that the mean of v v^T is the identity exactly
SIGNS = jnp.array([[1.0, 1], [1, -1], [-1, 1], [-1, -1]])[:, None, None]


class Linear(NamedTuple):
    """A block whose output is its input times a matrix, so that gradients are those times its transpose."""

    output: jnp.ndarray
    matrix: jnp.ndarray = jnp.eye(2)
    used: float = 1.0
    stride: int = 1

    @property
    def pixels(self):
        return jnp.ones(self.output.shape[1:3])

    @property
    def channels(self):
        return jnp.ones(self.output.shape[3])

    def input_gradient(self, gradient):
        return jnp.repeat(jnp.repeat(gradient @ self.matrix.T, self.stride, 1), self.stride, 2)


def probe(*blocks):
    return Probe(None, None, None, blocks)


def block(*deviations):
    """Independent channels with these standard deviations."""
    return Linear(SIGNS * jnp.array(deviations)[None, None, None])


def test_entropy_is_that_of_the_eigenvalues_shares():
    assert float(entropy(block(2.0, 2.0))) == pytest.approx(math.log(2), abs=1e-6)
    # variances 9 and 1; a shift and a rotation by 45 degrees change nothing
    expected = -(0.9 * math.log(0.9) + 0.1 * math.log(0.1))
    assert float(entropy(block(3.0, 1.0))) == pytest.approx(expected, abs=1e-6)
    turned = block(3.0, 1.0).output @ jnp.array([[1.0, 1], [-1, 1]]) / math.sqrt(2) + 5.0
    assert float(entropy(Linear(turned))) == pytest.approx(expected, abs=1e-5)
    # a channel that is not in use, and pixels that are not
    wider = Linear(jnp.pad(block(3.0, 1.0).output, [(0, 0)] * 3 + [(0, 1)]))
    assert float(entropy(wider)) == pytest.approx(expected, abs=1e-6)


def test_progressivity_is_the_smallest_step_between_blocks_in_use():
    low, high = float(entropy(block(3.0, 1.0))), math.log(2)
    found = az_progressivity(probe(block(3.0, 1.0), block(9.0, 1.0)._replace(used=0.0), block(1.0, 1.0)), None)
    assert float(found) == pytest.approx(high - low, abs=1e-6)
    falls = az_progressivity(probe(block(3.0, 1.0), block(1.0, 1.0), block(3.0, 1.0)), None)
    assert float(falls) == pytest.approx(low - high, abs=1e-6)
    assert np.isinf(float(az_progressivity(probe(block(1.0, 1.0)), None)))


def test_a_jacobian_is_scored_by_its_largest_singular_value():
    for scale in (1.0, 0.5, 3.0):
        kept = scale_kept(block(1.0, 1.0)._replace(matrix=jnp.diag(jnp.array([scale, 0.25 * scale]))), SIGNS)
        assert float(kept) == pytest.approx(2 - scale - 1 / scale, abs=1e-4)
    # an output pixel takes four input pixels, each with the identity: singular values of two
    assert float(scale_kept(block(1.0, 1.0)._replace(stride=2), SIGNS)) == pytest.approx(2 - 2 - 1 / 2, abs=1e-4)


def test_trainability_is_the_mean_over_blocks_in_use_without_the_first(monkeypatch):
    monkeypatch.setattr("jax.random.rademacher", lambda key, shape, dtype: SIGNS)
    monkeypatch.setattr("jax.random.fold_in", lambda key, place: place)
    halves, skipped = block(1.0, 1.0)._replace(matrix=0.5 * jnp.eye(2)), block(1.0, 1.0)._replace(used=0.0)
    found = az_trainability(probe(skipped, halves, block(1.0, 1.0), halves), None)
    assert float(found) == pytest.approx((0.0 - 0.5) / 2, abs=1e-4)
    assert np.isnan(float(az_trainability(probe(halves), None)))


def test_networks_are_ranked_in_each_part_and_the_parts_share_a_pass():
    parts = dict.fromkeys(PARTS, np.array([1.0, 2.0, 3.0])) | {"macs": np.array([30.0, 20.0, np.nan])}
    assert az_nas(parts) == pytest.approx([3 * math.log(1 / 2), math.log(1 / 2), np.nan], nan_ok=True)
    assert measured_together((*PARTS, "zen")) == (PARTS[:3], ("macs",), ("zen",))
    assert example_passes(("az_nas",), 8) == 8
    assert example_passes(("az_expressivity",), 9) == 3
