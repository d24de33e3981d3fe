"""Tiny spaces with the three tasks' heads, and what the supernet's tests ask of them."""

from dataclasses import replace

import jax
import jax.numpy as jnp
import numpy as np

from tasks.networks.gates import make_gates
from tasks.networks.initialise import initialise
from tasks.networks.supernet import Supernet
from tasks.spaces.layer import Decision, Layer, Presence
from tasks.spaces.registry import SKELETONS
from tasks.spaces.space import SearchSpace


def predicting(channels):
    return Layer("conv", channels, kernel=1, activation=False, fixed_channels=True)


# sides 15 -> 8 -> 4: odd ones too; an ibn of expansion 1 has no expanding convolution
CLASSIFICATION = SearchSpace(
    "tiny classification",
    (
        Decision("stem", (4, 6)),
        Decision("channels", (4, 5, 7)),
        Decision("kernel", (3, 5)),
        Decision("block_1", ("ibn_1", "ibn_3", "fused_ibn_2", "conv")),
        Decision("block_2", ("ibn_2", "fused_ibn_1", "depthwise")),
        Decision("layers", (1, 2)),
    ),
    (
        Layer("conv", "stem", stride=2),
        Layer("block_1", "channels", kernel="kernel", stride=2),
        Layer("block_2", None, kernel="kernel", present=Presence("layers", (2,))),
        Layer("global_pool", kernel=1),
        predicting(3),
    ),
    input_side=15,
    input_channels=1,
)
DETECTION = SearchSpace(
    "tiny detection",
    (
        Decision("width_multiplier", (1.0, 0.5)),
        Decision("block_1", ("ibn_3", "fused_ibn_2", "fused_ibn_3")),
        Decision("block_2", ("ibn_3", "fused_ibn_2", "conv")),
        Decision("block_3", ("ibn_3", "fused_ibn_2")),
        Decision("layers", (2, 3)),
    ),
    (
        Layer("conv", 4, stride=2),
        Layer("block_1", 8, stride=2),
        Layer("block_2", 8, stride=2),
        Layer("block_3", 8, present=Presence("layers", (3,))),
        predicting(5),
    ),
    input_side=(24, 16),
    channel_step=2,
)
SEGMENTATION = SearchSpace(
    "tiny segmentation",
    (
        Decision("input_side", (32, 16, 24)),
        Decision("stem", (5, 4)),
        Decision("channels", (6, 8)),
        Decision("kernel", (3, 5)),
        Decision("block_1", ("ibn_2", "fused_ibn_2", "conv")),
        Decision("up", ("ibn_2", "conv")),
        Decision("output_stride", (2, 4)),
    ),
    (
        Layer("conv", "stem", stride=2),
        Layer("block_1", "channels", kernel="kernel", stride=2),
        Layer("upsample", kernel=1, stride=2, present=Presence("output_stride", (2,))),
        Layer("up", 5, present=Presence("output_stride", (2,))),
        predicting(3),
    ),
    input_side="input_side",
)
# the tasks' own skeletons with one stage of up to two layers; others add places of the same kinds
SHORT_SKELETONS = {
    name: replace(skeleton, stages=skeleton.stages[1:2], most_layers=2) for name, skeleton in SKELETONS.items()
}
SPACES = {"classification": CLASSIFICATION, "detection": DETECTION, "segmentation": SEGMENTATION}


def varying(space):
    return isinstance(space.input_side, str)


def gates_of(space, genotypes):
    return make_gates(space.slots, space.lower(genotypes), varying(space))


def random_genotypes(space, count, seed):
    return np.random.default_rng(seed).integers(0, space.cardinalities, (count, len(space.cardinalities)), np.int32)


def random_variables(space, seed):
    """Initial kernels; everything else random too, so that nothing agrees because it is one or zero."""
    first = space.slots[0]
    variables = initialise(Supernet(space.slots), (first.height, first.width, first.in_channels), jax.random.key(seed))
    generator = np.random.default_rng(seed)

    def draw(path, leaf):
        if path[-1].key == "kernel":
            return leaf
        low, high = (0.5, 1.5) if path[-1].key in ("scale", "var") else (-0.5, 0.5)
        return jnp.asarray(generator.uniform(low, high, leaf.shape), jnp.float32)

    return jax.tree_util.tree_map_with_path(draw, variables)


def random_images(space, count, seed, size=None):
    """Images in the corner of the first slot's canvas: (height, width) pixels, or as large as it is."""
    slot = space.slots[0]
    images = np.zeros((count, slot.height, slot.width, slot.in_channels), np.float32)
    height, width = size or (slot.height, slot.width)
    images[:, :height, :width] = np.random.default_rng(seed).normal(size=(count, height, width, slot.in_channels))
    return images


def compile_quickly(function):
    """Jit for functions that run a few times only: LLVM's optimisations cost most of the time."""
    options = {"xla_backend_optimization_level": 0, "xla_llvm_disable_expensive_passes": True}
    return jax.jit(function, compiler_options=options)
