"""Over the tasks' skeletons, the supernet's loss and gradient are those of static networks with the sliced weights.

In float64: in float32 rounding carries an activation over a kink of relu6 here and there, which changes a gradient by
some ten thousandths, more than an error of a gate might.
"""

from functools import partial

import jax
import numpy as np
import pytest

from tasks.networks.blocks import ChainNetwork
from tasks.networks.gates import make_gates
from tasks.networks.supernet import Supernet
from tasks.registry import make_task
from tasks.spaces.skeleton import curated_space
from tests.tasks.networks.closeness import assert_gradients_close
from tests.tasks.networks.slicing import slice_variables
from tests.tasks.networks.supernet_spaces import (
    SHORT_SKELETONS,
    compile_quickly,
    random_genotypes,
    random_images,
    random_variables,
)

EXAMPLES = 4


def random_batch(task, seed):
    """What a task's loss compares with, for EXAMPLES images; of detection, one image is without objects."""
    generator = np.random.default_rng(seed)
    if task.name == "classification":
        return {"labels": generator.integers(0, task.classes, EXAMPLES).astype(np.int32)}
    if task.name == "segmentation":
        masks = generator.choice([0, 1, 255], (EXAMPLES, task.side_pixels, task.side_pixels))
        return {"masks": masks.astype(np.uint8)}
    low = generator.uniform(0, 0.5, (EXAMPLES, 2, 2))
    boxes = np.concatenate([low, low + generator.uniform(0.2, 0.5, low.shape)], axis=-1).astype(np.float32)
    labels = np.zeros((EXAMPLES, 2), np.int32)
    labels[-1] = -1
    return {"boxes": boxes, "labels": labels}


def loss_and_gradient(task, batch, network, variables, images, gates, size):
    def loss(params):
        now = {"params": params, "batch_stats": variables["batch_stats"]}
        arguments = () if gates is None else (gates,)
        output, _ = network.apply(now, images, *arguments, train=True, mutable=["batch_stats"])
        return task.loss(output, batch, size)

    return jax.value_and_grad(loss)(variables["params"])


def double(tree):
    """Float32 arrays as float64."""
    arrays = jax.tree.map(np.asarray, tree)
    return jax.tree.map(lambda array: array.astype(np.float64) if array.dtype == np.float32 else array, arrays)


@pytest.mark.slow
@pytest.mark.timeout(1200)
@pytest.mark.parametrize("name", SHORT_SKELETONS)
def test_loss_and_gradient_are_those_of_the_static_network(name):
    task = make_task(name)
    space = curated_space(SHORT_SKELETONS[name], task.output_channels, 8)
    variables, batch = double(random_variables(space, 1)), double(random_batch(task, 3))
    # of segmentation the side varies, and where its output ends
    varying = name == "segmentation"
    # the weights that enlarge segmentation's output to its masks are float32 always, and rounded otherwise when traced
    number = np.float32 if varying else np.float64
    compiled = compile_quickly(partial(loss_and_gradient, task, batch, Supernet(space.slots, skip_unused=True)))
    # another size must not compile again; networks of one size are many in test_supernet.  Those of this seed have both
    # layers, kernels smaller than others, and of segmentation one or both steps of the decoder.
    for genotype in random_genotypes(space, 2 if varying else 1, seed=109):
        row, blocks = space.lower(genotype), space.decode(genotype)
        height, width = blocks[0].height, blocks[0].width
        images = double(random_images(space, EXAMPLES, 2, (height, width)))
        gates = double(make_gates(space.slots, row, varying))
        size = (np.int32(row.height[-1]), np.int32(row.width[-1])) if varying else None
        sliced = slice_variables(variables, space.slots, row)
        static = compile_quickly(partial(loss_and_gradient, task, batch, ChainNetwork(blocks), gates=None, size=None))
        with jax.enable_x64(True):
            loss, gradient = compiled(variables, images, gates, size)
            expected, expected_gradient = static(sliced, images[:, :height, :width])
        np.testing.assert_allclose(loss, expected, rtol=10 * np.finfo(number).eps)
        gradient = slice_variables({"params": double(gradient)}, space.slots, row)["params"]
        assert gradient["block_00_conv"]["Conv_0"]["kernel"].dtype == np.float64
        assert_gradients_close(gradient, double(expected_gradient), blocks, number)
    assert compiled._cache_size() == 1
