"""Networks: shapes and parameter counts agree with the cost model, batch normalisation with flax's own."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flax import linen as nn

from hw_model.blocks import Block
from hw_model.cost import count_params
from tasks.errors import TaskInputError
from tasks.networks.batch_norm import EPSILON, MOMENTUM, BatchNorm
from tasks.networks.blocks import BlockLayer, ChainNetwork
from tasks.networks.initialise import initialise
from tasks.spaces.detection import detection_spaces

SPACE = detection_spaces(5, 96)["V3"]


def deployed_parameters(params):
    """Normalisation folds into the convolution before it and leaves that a bias: its scale disappears."""
    leaves = jax.tree_util.tree_leaves_with_path(params)
    return sum(leaf.size for path, leaf in leaves if path[-1].key != "scale")


@pytest.mark.parametrize("genotype", [(0,) * 7, (1, 1, 0, 2, 0, 3, 0), (4, 3, 3, 3, 3, 3, 3)])
def test_lowered_parameters_equal_the_networks(genotype):
    blocks = SPACE.decode(genotype)
    variables = initialise(ChainNetwork(blocks), (96, 96, 3), jax.random.key(0))
    assert deployed_parameters(variables["params"]) == count_params(blocks)


def test_output_is_one_cell_for_eight_pixels():
    network = ChainNetwork(SPACE.decode((0,) * 7))
    variables = initialise(network, (96, 96, 3), jax.random.key(0))
    assert network.apply(variables, jnp.zeros((2, 96, 96, 3)), train=False).shape == (2, 12, 12, 5)


def test_batch_norm_equals_flax_in_values_gradients_and_running_averages():
    ours, theirs = BatchNorm(), nn.BatchNorm(momentum=MOMENTUM, epsilon=EPSILON)
    x = jax.random.normal(jax.random.key(1), (4, 3, 3, 5)) * 2 + 1
    weights = jax.random.normal(jax.random.key(2), x.shape)
    params = {"scale": jnp.arange(1.0, 6.0), "bias": jnp.arange(5.0)}
    stats = {"mean": jnp.zeros(5), "var": jnp.ones(5)}

    def run(module, params, x, **arguments):
        variables = {"params": params, "batch_stats": stats}
        y, updated = module.apply(variables, x, mutable=["batch_stats"], **arguments)
        return (y * weights).sum(), (y, updated["batch_stats"])

    def both(module, **arguments):
        return jax.value_and_grad(lambda p, x: run(module, p, x, **arguments), argnums=(0, 1), has_aux=True)(params, x)

    jax.tree.map(
        lambda a, b: np.testing.assert_allclose(a, b, rtol=2e-4, atol=2e-4),
        both(ours, train=True),
        both(theirs, use_running_average=False),
    )
    np.testing.assert_allclose(
        run(ours, params, x, train=False)[1][0], run(theirs, params, x, use_running_average=True)[1][0], rtol=1e-5
    )


def test_residual_adds_the_input():
    block = Block("fused_ibn", 6, 6, 4, 4, expansion=2, residual=True)
    layer, x = BlockLayer(block), jax.random.normal(jax.random.key(0), (1, 6, 6, 4))
    variables = initialise(layer, (6, 6, 4), jax.random.key(1))
    without = BlockLayer(Block("fused_ibn", 6, 6, 4, 4, expansion=2))
    difference = layer.apply(variables, x, train=False) - without.apply(variables, x, train=False)
    np.testing.assert_allclose(difference, x, rtol=1e-5, atol=1e-5)


def test_initial_kernels_have_the_variance_of_their_fan_in():
    variables = initialise(ChainNetwork(SPACE.decode((0,) * 7)), (96, 96, 3), jax.random.key(5))
    kernels = [
        leaf for path, leaf in jax.tree_util.tree_leaves_with_path(variables["params"]) if path[-1].key == "kernel"
    ]
    for kernel in kernels:
        fan_in = np.prod(kernel.shape[:3] if kernel.ndim == 4 else kernel.shape[:2])
        # the sample deviation of n normal draws is off by 1 / sqrt(2 n); five of those
        assert abs(np.std(kernel) / np.sqrt(2 / fan_in) - 1) < 5 / np.sqrt(2 * kernel.size)


def test_a_kind_without_trained_form_is_named():
    layer = BlockLayer(Block("upsample", 4, 4, 3, 3, stride=2))
    with pytest.raises(TaskInputError, match="'upsample' has no trained form; allowed: conv, ibn, fused_ibn"):
        layer.apply({}, jnp.zeros((1, 4, 4, 3)), train=False)
