"""Networks: shapes and parameter counts agree with the cost model, batch normalisation with flax's own."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flax import linen as nn
from jax import lax

from hw_model.blocks import Block, check_chain
from hw_model.cost import count_params
from hw_model.kinds import KINDS
from tasks.errors import TaskInputError
from tasks.networks.batch_norm import EPSILON, MOMENTUM, BatchNorm
from tasks.networks.blocks import BlockLayer, ChainNetwork
from tasks.networks.initialise import initialise
from tasks.registry import make_task
from tasks.spaces.registry import article_space

SPACE = article_space(make_task("detection"), "V3")


def deployed_parameters(params):
    """Normalisation folds into the convolution before it and leaves that a bias: its scale disappears."""
    leaves = jax.tree_util.tree_leaves_with_path(params)
    return sum(leaf.size for path, leaf in leaves if path[-1].key != "scale")


@pytest.mark.parametrize("genotype", [(0,) * 9, (1, 1, 0, 2, 0, 1, 0, 2, 0), (4, *(2,) * 8)])
def test_lowered_parameters_equal_the_networks(genotype):
    blocks = SPACE.decode(genotype)
    variables = initialise(ChainNetwork(blocks), (96, 96, 3), jax.random.key(0))
    assert deployed_parameters(variables["params"]) == count_params(blocks)


def test_output_is_one_cell_for_eight_pixels():
    network = ChainNetwork(SPACE.decode((0,) * 9))
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
    variables = initialise(ChainNetwork(SPACE.decode((0,) * 9)), (96, 96, 3), jax.random.key(5))
    kernels = [
        leaf for path, leaf in jax.tree_util.tree_leaves_with_path(variables["params"]) if path[-1].key == "kernel"
    ]
    for kernel in kernels:
        fan_in = np.prod(kernel.shape[:3] if kernel.ndim == 4 else kernel.shape[:2])
        # the sample deviation of n normal draws is off by 1 / sqrt(2 n); five of those
        assert abs(np.std(kernel) / np.sqrt(2 / fan_in) - 1) < 5 / np.sqrt(2 * kernel.size)


def test_each_kind_gives_the_shape_and_parameters_that_the_cost_model_counts():
    # one chain of all kinds: odd sizes, a stride on each kind that may have one
    blocks = (
        Block("conv", 15, 13, 3, 4, stride=2),
        Block("depthwise", 8, 7, 4, 4, kernel=5, stride=2),
        Block("upsample", 4, 4, 4, 4, stride=3),
        Block("max_pool", 12, 12, 4, 4, kernel=2, stride=2),
        Block("ibn", 6, 6, 4, 4, expansion=3, residual=True),
        Block("fused_ibn", 6, 6, 4, 6, stride=2, expansion=2),
        Block("depthwise", 3, 3, 6, 6, activation=False),
        Block("global_pool", 3, 3, 6, 6),
        Block("conv", 1, 1, 6, 5, kernel=1, activation=False),
    )
    check_chain(blocks)
    assert {block.kind for block in blocks} == {name for name, kind in KINDS.items() if not kind.only_costed}
    x = jnp.zeros((2, 15, 13, 3))
    variables = initialise(ChainNetwork(blocks), x.shape[1:], jax.random.key(0))
    assert deployed_parameters(variables["params"]) == count_params(blocks)
    for index, block in enumerate(blocks):
        # names as ChainNetwork gives them
        own = {
            kind: tree[name] for kind, tree in variables.items() if (name := f"block_{index:02d}_{block.kind}") in tree
        }
        x = jax.eval_shape(lambda own, x, b=block: BlockLayer(b).apply(own, x, train=True, mutable=True)[0], own, x)
        assert x.shape == (2, block.out_height, block.out_width, block.out_channels)


def apply_once(block, x, variables=None):
    return BlockLayer(block).apply(variables or {}, x, train=False)


@pytest.mark.parametrize(("kernel", "stride", "size"), [(3, 2, (7, 6)), (2, 2, (5, 4)), (3, 1, (4, 4)), (2, 3, (8, 7))])
def test_max_pool_equals_xlas_in_values_and_gradients(kernel, stride, size):
    x = jax.random.permutation(jax.random.key(0), jnp.arange(2.0 * size[0] * size[1] * 3) - 50).reshape(2, *size, 3)
    block = Block("max_pool", *size, 3, 3, kernel=kernel, stride=stride)
    window, strides = (1, kernel, kernel, 1), (1, stride, stride, 1)

    def theirs(x):
        return lax.reduce_window(x, -jnp.inf, lax.max, window, strides, "SAME")

    np.testing.assert_array_equal(apply_once(block, x), theirs(x))
    weights = jax.random.normal(jax.random.key(1), theirs(x).shape)
    ours = jax.grad(lambda x: (apply_once(block, x) * weights).sum())(x)
    np.testing.assert_allclose(ours, jax.grad(lambda x: (theirs(x) * weights).sum())(x), atol=1e-6)


def test_global_pool_is_the_mean_over_space():
    x = jnp.arange(24.0).reshape(1, 3, 4, 2)
    pooled = apply_once(Block("global_pool", 3, 4, 2, 2), x)
    np.testing.assert_array_equal(pooled, [[[[11.0, 12.0]]]])


def test_upsampling_repeats_each_pixel():
    x = jnp.array([[1.0, 2.0], [3.0, 4.0]])[None, :, :, None]
    enlarged = apply_once(Block("upsample", 2, 2, 1, 1, stride=2), x)
    assert enlarged[0, :, :, 0].tolist() == [[1, 1, 2, 2], [1, 1, 2, 2], [3, 3, 4, 4], [3, 3, 4, 4]]
    repeated = jnp.repeat(jnp.repeat(x, 3, 1), 3, 2)
    np.testing.assert_array_equal(apply_once(Block("upsample", 2, 2, 1, 1, stride=3), x), repeated)


@pytest.mark.parametrize("activation", [True, False])
def test_depthwise_equals_xlas_grouped_convolution_normalised(activation):
    block = Block("depthwise", 6, 5, 3, 3, stride=2, activation=activation)
    x = jax.random.normal(jax.random.key(0), (2, 6, 5, 3)) * 9
    variables = initialise(BlockLayer(block), (6, 5, 3), jax.random.key(1))
    (kernel,) = (leaf for leaf in jax.tree.leaves(variables["params"]) if leaf.ndim == 3)
    grouped = lax.conv_general_dilated(
        x, kernel[:, :, None], (2, 2), "SAME", dimension_numbers=("NHWC", "HWIO", "NHWC"), feature_group_count=3
    )
    expected = grouped / jnp.sqrt(1 + EPSILON)  # the running averages that a network starts with: mean 0, variance 1
    expected = jnp.clip(expected, 0, 6) if activation else expected
    assert float(expected.min()) < 0 or activation
    np.testing.assert_allclose(apply_once(block, x, variables), expected, rtol=1e-5, atol=1e-5)


def test_an_unknown_kind_is_named():
    with pytest.raises(TaskInputError, match="'attention' has no trained form; allowed: conv, depthwise, ibn"):
        apply_once(Block("attention", 4, 4, 3, 3), jnp.zeros((1, 4, 4, 3)))
