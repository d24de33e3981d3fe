"""The supernet is, for each architecture, the static network with the sliced weights."""

from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from tasks.networks.blocks import ChainNetwork
from tasks.networks.supernet import Supernet
from tests.tasks.networks.closeness import assert_close, assert_gradients_close, cancelled_biases, largest
from tests.tasks.networks.slicing import slice_variables
from tests.tasks.networks.supernet_spaces import (
    CLASSIFICATION,
    SPACES,
    compile_quickly,
    gates_of,
    random_genotypes,
    random_images,
    random_variables,
)

# what random draws may miss: an ibn of expansion 1, the smaller kernel and the absent block; a depthwise block; the
# smaller kernel over the smaller image without the decoder's step
CORNERS = {
    "classification": [(1, 1, 0, 0, 2, 0), (0, 2, 1, 1, 2, 1)],
    "detection": [(1, 0, 2, 1, 0)],
    "segmentation": [(1, 0, 0, 1, 0, 1, 0), (2, 1, 1, 0, 2, 0, 1)],
}


def run(network, variables, images, *gates):
    """Output in evaluation; output and batch statistics in training; gradient of a combination of all outputs."""

    def weigh(params):
        now = {"params": params, "batch_stats": variables["batch_stats"]}
        output, updated = network.apply(now, images, *gates, train=True, mutable=["batch_stats"])
        # each output weighs differently, by its example, place and channel, counted from the top left corner
        example, row, column, channel = (jnp.arange(n, dtype=jnp.float32) for n in output.shape)
        weights = jnp.cos(row)[:, None, None] + jnp.sin(2 * column)[None, :, None] + jnp.cos(3 * channel)[None, None]
        return (output * weights * (1 + example)[:, None, None, None]).sum(), (output, updated["batch_stats"])

    gradient, (output, stats) = jax.grad(weigh, has_aux=True)(variables["params"])
    return network.apply(variables, images, *gates, train=False), output, stats, gradient


def nonzeros(tree):
    return sum(np.count_nonzero(leaf) for leaf in jax.tree.leaves(tree))


def corner(output, shape):
    """What lies in the valid corner; the rest must be zero."""
    inside = output[:, : shape[1], : shape[2], : shape[3]]
    assert nonzeros(output) == nonzeros(inside)
    return inside


def assert_equal_the_static_network(space, genotypes, *supernets):
    variables = random_variables(space, 1)
    compiled = [compile_quickly(partial(run, network)) for network in supernets]
    for genotype in genotypes:
        row, blocks = space.lower(genotype), space.decode(genotype)
        height, width = blocks[0].height, blocks[0].width
        images = random_images(space, 3, 2, (height, width))
        static = compile_quickly(partial(run, ChainNetwork(blocks)))
        expected = static(slice_variables(variables, space.slots, row), images[:, :height, :width])
        for each in compiled:
            evaluated, trained, stats, gradient = each(variables, images, gates_of(space, genotype))
            for ours, theirs in ((evaluated, expected[0]), (trained, expected[1])):
                assert_close(corner(ours, theirs.shape), theirs, largest(theirs))
            sliced = slice_variables({"params": gradient, "batch_stats": stats}, space.slots, row)
            assert_close(sliced["batch_stats"], expected[2], largest(expected[2]))
            assert_gradients_close(sliced["params"], expected[3], blocks)
            assert nonzeros(gradient) == nonzeros(sliced["params"])
    # one compilation has served all
    assert all(each._cache_size() == 1 for each in compiled)


@pytest.mark.slow
@pytest.mark.parametrize("task", SPACES)
def test_the_supernet_equals_the_static_network_in_values_and_gradients(task):
    space = SPACES[task]
    genotypes = np.concatenate([np.array(CORNERS[task], np.int32), random_genotypes(space, 2, seed=5)])
    supernets = Supernet(space.slots), Supernet(space.slots, skip_unused=True)
    assert_equal_the_static_network(space, genotypes, *supernets)


def test_a_small_parameters_wrong_gradient_would_be_noticed():
    blocks = SPACES["detection"].decode((0, 0, 0, 0, 1))
    assert cancelled_biases(blocks) == {("block_01_ibn", "BatchNorm_2", "bias")}

    def gradient(small, cancelled):
        conv = {"kernel": jnp.array([1e3]), "bias": jnp.array([small])}
        return {"block_00_conv": conv, "block_01_ibn": {"BatchNorm_2": {"bias": jnp.array([cancelled])}}}

    assert_gradients_close(gradient(1e-3, -1e-5), gradient(1e-3, 1e-5), blocks)
    with pytest.raises(AssertionError, match="block_00_conv/bias"):
        assert_gradients_close(gradient(1.001e-3, 1e-5), gradient(1e-3, 1e-5), blocks)


def test_a_gate_left_open_would_be_noticed():
    space = CLASSIFICATION
    variables, images, network = random_variables(space, 1), random_images(space, 2, 2), Supernet(space.slots)
    apply = compile_quickly(lambda gates: network.apply(variables, images, gates, train=False))
    # ibn_1, which lets nothing of the first layer's other channels in, and conv
    for block, closed in (
        (0, [(1, "kinds"), (1, "kernel"), (1, "hidden"), (1, "expand"), (2, "present")]),
        (3, [(0, "out"), (1, "kernel")]),
    ):
        gates = gates_of(space, np.array((0, 1, 0, block, 2, 0), np.int32))
        output = apply(gates)
        for place, name in closed:
            opened = list(gates)
            opened[place] = opened[place]._replace(**{name: jnp.ones_like(getattr(gates[place], name))})
            assert np.abs(output - apply(tuple(opened))).max() > 1e-3 * largest(output), (place, name)


def test_vmap_over_gates_and_over_parameters_gives_what_single_calls_give():
    space = SPACES["segmentation"]
    gates = gates_of(space, random_genotypes(space, 2, seed=3))
    variables = [random_variables(space, seed) for seed in (1, 2)]
    stacked = jax.tree.map(lambda *leaves: jnp.stack(leaves), *variables)
    images = random_images(space, 2, 4, size=(16, 16))
    network = Supernet(space.slots, skip_unused=True)

    def outputs(variables, gates):
        return network.apply(variables, images, gates, train=True, mutable=["batch_stats"])[0]

    single = compile_quickly(outputs)
    both = compile_quickly(jax.vmap(outputs))(stacked, gates)
    over_gates = compile_quickly(jax.vmap(outputs, in_axes=(None, 0)))(variables[0], gates)
    for index in range(2):
        chosen = jax.tree.map(lambda leaf, index=index: leaf[index], gates)
        expected = single(variables[index], chosen)
        assert_close(both[index], expected, largest(expected))
        expected = single(variables[0], chosen)
        assert_close(over_gates[index], expected, largest(expected))
