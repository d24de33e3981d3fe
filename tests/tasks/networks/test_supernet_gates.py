"""Gates: soft ones have exact gradients, windows stand where padding puts them, what does not fit is refused."""

import dataclasses
import itertools

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from hw_model.kinds import kind_index
from tasks.errors import TaskInputError
from tasks.networks.batch_norm import BatchNorm
from tasks.networks.blocks import ChainNetwork
from tasks.networks.convolution import conv
from tasks.networks.depthwise import depthwise_conv
from tasks.networks.gates import make_gates, window_start
from tasks.networks.recalibrate import recalibrate
from tasks.networks.supernet import Supernet
from tasks.spaces.slots import Slot
from tests.tasks.networks.slicing import slice_variables
from tests.tasks.networks.supernet_spaces import (
    CLASSIFICATION,
    DETECTION,
    SEGMENTATION,
    compile_quickly,
    gates_of,
    random_genotypes,
    random_images,
    random_variables,
)

SLOT = Slot(("conv",), 6, 6, 2, 3, 0, 5, 2, optional=False, activation=True)


@pytest.mark.slow
def test_gradients_towards_soft_gates_equal_finite_differences():
    space = SEGMENTATION
    weights = np.float32([0.5, 0.3, 0.2])
    several = gates_of(space, np.array([(1, 0, 0, 1, 0, 1, 0), (0, 1, 1, 0, 1, 0, 1), (2, 0, 1, 0, 2, 0, 0)], np.int32))
    soft = jax.tree.map(lambda leaf: jnp.tensordot(weights, leaf, 1), several)
    generator = np.random.default_rng(0)
    direction = jax.tree.map(lambda leaf: 0.2 * generator.normal(size=leaf.shape), soft)
    network, images = Supernet(space.slots), random_images(space, 2, 3)
    variables = random_variables(space, 1)
    with jax.enable_x64(True):
        soft, direction, images, variables = jax.tree.map(
            lambda leaf: jnp.asarray(leaf, jnp.float64), (soft, direction, images, variables)
        )

        @compile_quickly
        def value_and_gradient(step):
            def value(gates):
                output, _ = network.apply(variables, images, gates, train=True, mutable=["batch_stats"])
                return (output**2).mean()

            return jax.value_and_grad(value)(jax.tree.map(lambda g, d: g + step * d, soft, direction))

        step = 1e-6
        gradient = value_and_gradient(jnp.float64(0))[1]
        difference = (value_and_gradient(jnp.float64(step))[0] - value_and_gradient(jnp.float64(-step))[0]) / (2 * step)
        along = sum(jax.tree.leaves(jax.tree.map(lambda g, d: (g * d).sum(), gradient, direction)))
    np.testing.assert_allclose(along, difference, rtol=1e-5)
    # kinds, kernel, hidden, out and pixels of the block that every kind may take
    for name in ("kinds", "kernel", "hidden", "out", "pixels"):
        assert np.abs(getattr(gradient[1], name)).min() > 0, name


def test_a_smaller_kernels_window_stands_where_its_own_padding_puts_it():
    generator = np.random.default_rng(0)
    for size, kernel in itertools.product((6, 7), (1, 3)):
        slot = dataclasses.replace(SLOT, height=size, width=size + 1)
        row, column = window_start(slot, kernel)
        weights = generator.normal(size=(5, 5, 2, 3)).astype(np.float32)
        gate = np.zeros((5, 5, 1, 1), np.float32)
        window = (slice(row, row + kernel), slice(column, column + kernel))
        gate[window] = 1
        x = jnp.asarray(generator.normal(size=(1, size, size + 1, 2)), jnp.float32)
        np.testing.assert_allclose(
            conv(x, jnp.asarray(weights * gate), slot.stride),
            conv(x, jnp.asarray(weights[window]), slot.stride),
            atol=1e-5,
        )
        deep, deep_gate = weights[..., 0], gate[..., 0]
        np.testing.assert_allclose(
            depthwise_conv(x, jnp.asarray(deep * deep_gate), slot.stride),
            depthwise_conv(x, jnp.asarray(deep[window]), slot.stride),
            atol=1e-5,
        )


def test_batch_norm_of_valid_pixels_equals_batch_norm_of_the_crop():
    generator = np.random.default_rng(1)
    crop = jnp.asarray(generator.normal(size=(3, 2, 4, 5)) + 1, jnp.float32)
    canvas = jnp.pad(crop, [(0, 0), (0, 3), (0, 1), (0, 0)])
    variables = BatchNorm().init(jax.random.key(0), crop, train=False)
    expected, stats = BatchNorm().apply(variables, crop, train=True, mutable=["batch_stats"])
    found, canvas_stats = BatchNorm().apply(
        variables, canvas, train=True, pixels=jnp.float32(3 * 2 * 4), mutable=["batch_stats"]
    )
    np.testing.assert_allclose(found[:, :2, :4], expected, atol=1e-5)
    jax.tree.map(lambda a, b: np.testing.assert_allclose(a, b, rtol=1e-6), canvas_stats, stats)


def test_recalibrated_statistics_are_the_static_networks_means_over_the_same_batches():
    space = SEGMENTATION
    genotype = np.array((1, 0, 1, 0, 0, 1, 0), np.int32)
    row, blocks = space.lower(genotype), space.decode(genotype)
    height, width = blocks[0].height, blocks[0].width
    network, variables = Supernet(space.slots, skip_unused=True), random_variables(space, 7)
    batches = np.stack([random_images(space, 2, seed, (height, width)) * (1 + seed) for seed in range(3)])
    collect = compile_quickly(lambda v, g, b: recalibrate(network, v, g, b))
    stats = collect(variables, gates_of(space, genotype), batches)

    small, static = slice_variables(variables, space.slots, row), ChainNetwork(blocks)
    update = compile_quickly(lambda v, x: static.apply(v, x, train=True, mutable=["batch_stats"])[1]["batch_stats"])
    # flax's running average: new = 0.9 old + 0.1 of the batch
    own = [
        jax.tree.map(lambda new, old: (new - 0.9 * old) / 0.1, update(small, images), small["batch_stats"])
        for images in batches[:, :, :height, :width]
    ]
    expected = jax.tree.map(lambda *leaves: sum(leaves) / 3, *own)
    found = slice_variables({"batch_stats": stats}, space.slots, row)["batch_stats"]
    jax.tree.map(lambda a, b: np.testing.assert_allclose(a, b, rtol=1e-4, atol=1e-5), found, expected)
    # one batch alone would give others
    one, all_three = (stats["block_00_conv"]["BatchNorm_0"]["var"] for stats in (own[0], expected))
    assert np.abs(one / all_three - 1).max() > 0.1

    again = compile_quickly(lambda v, b: recalibrate(static, v, None, b))(small, batches[:, :, :height, :width])
    jax.tree.map(lambda a, b: np.testing.assert_allclose(a, b, rtol=1e-4, atol=1e-5), again, expected)


def test_gates_of_a_batch_under_jit_equal_those_of_single_rows():
    genotypes = random_genotypes(DETECTION, 5, seed=2)
    batch = jax.jit(lambda g: make_gates(DETECTION.slots, DETECTION.lower(g)))(jnp.asarray(genotypes))
    for index, genotype in enumerate(genotypes):
        single = jax.tree.map(lambda leaf, index=index: leaf[index], batch)
        jax.tree.map(np.testing.assert_array_equal, single, gates_of(DETECTION, genotype))


def detection_row(**changed):
    """The largest detector's row with fields of its block 1 changed."""
    row = DETECTION.lower(np.array((0, 0, 0, 0, 1), np.int32))
    columns = {name: column.copy() for name, column in row._asdict().items()}
    for name, value in changed.items():
        columns[name][1] = value
    return row._replace(**columns)


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"kind": kind_index("depthwise")}, "slot 1 holds a depthwise; allowed: fused_ibn, ibn|ibn, fused_ibn"),
        ({"out_channels": 9}, "slot 1: out_channels is 9; allowed: at most 8"),
        ({"expansion": 4}, "slot 1: hidden channels is 16; allowed: at most 12"),
        ({"kernel": 5}, "slot 1: kernel is 5; allowed: at most 3"),
        ({"height": 8}, "slot 1: height is 8; allowed: 12"),
        ({"stride": 1}, "slot 1: stride is 1; allowed: 2"),
        ({"mask": False}, "slot 1 is empty; it is not an optional one"),
    ],
)
def test_a_workload_that_does_not_fit_is_refused(changed, message):
    with pytest.raises(TaskInputError, match=message):
        make_gates(DETECTION.slots, detection_row(**changed))


def test_sizes_whose_windows_stand_differently_than_the_canvas_are_refused():
    slots = CLASSIFICATION.slots
    row = CLASSIFICATION.lower(np.zeros(6, np.int32))
    assert slots[0].height == 15
    smaller = row._replace(height=row.height.copy(), width=row.width.copy())
    smaller.height[0] = smaller.width[0] = 13
    make_gates(slots, smaller, varying_size=True)
    smaller.height[0] = 14
    with pytest.raises(TaskInputError, match="kernel 3 with stride 2 stands differently over 14 pixels"):
        make_gates(slots, smaller, varying_size=True)


@pytest.mark.parametrize(
    ("slots", "message"),
    [
        ((dataclasses.replace(SLOT, kinds=("max_pool",)),), "max_pool in a supernet; allowed: conv"),
        ((dataclasses.replace(SLOT, kinds=("conv", "upsample")),), "conv, upsample change the size differently"),
        ((dataclasses.replace(SLOT, kinds=("ibn",), activation=False),), "predicting layer of kind ibn"),
        ((SLOT, SLOT), "slot 0 gives 3x3 pixels.* next takes 6x6"),
        ((dataclasses.replace(SLOT, optional=True),), "only with varying_size=True"),
    ],
)
def test_slots_no_supernet_is_made_for_are_refused(slots, message):
    row = jax.tree.map(lambda column: np.zeros(len(slots), column.dtype), detection_row())
    with pytest.raises(TaskInputError, match=message):
        make_gates(slots, row)


def test_images_of_another_size_and_batches_of_rows_are_refused():
    gates = gates_of(DETECTION, np.zeros(5, np.int32))
    network = Supernet(DETECTION.slots)
    with pytest.raises(TaskInputError, match=r"images are \(16, 24, 3\).* takes \(24, 16, 3\)"):
        network.apply({}, jnp.zeros((1, 16, 24, 3)), gates, train=False)
    with pytest.raises(TaskInputError, match="gates of 4 slots; the supernet has 5"):
        network.apply({}, jnp.zeros((1, 24, 16, 3)), gates[:4], train=False)
    with pytest.raises(TaskInputError, match=r"workload of shape \(2, 5\); allowed: one row"):
        slice_variables({}, DETECTION.slots, DETECTION.lower(np.zeros((2, 5), np.int32)))
