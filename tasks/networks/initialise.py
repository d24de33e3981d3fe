"""Initial parameters, drawn on the host: drawing them in compiled code costs more compilation than a short training."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from flax import linen as nn


def host_generator(key: jax.Array) -> np.random.Generator:
    """A numpy generator for draws that would not be worth compiling; consumes the key like any jax.random call."""
    return np.random.default_rng(np.asarray(jax.random.key_data(key)))


def initialise(network: nn.Module, image_shape: tuple[int, int, int], key: jax.Array) -> dict[str, Any]:
    """Variables ("params", "batch_stats") of a network that takes (images [N, *image_shape], train).

    Kernels are normal with variance 2 / fan-in (arXiv:1502.01852), the fan-in of a depthwise kernel [K, K, C] being its
    window and that of a convolution [K, K, C, O] its window times C; all else starts as its module says.
    """
    shapes = jax.eval_shape(lambda: network.init(jax.random.key(0), jnp.zeros((1, *image_shape)), train=False))
    generator = host_generator(key)

    def draw(path: tuple[Any, ...], leaf: jax.ShapeDtypeStruct) -> np.ndarray:
        name = path[-1].key
        if name == "kernel":
            fan_in = np.prod(leaf.shape[:3] if len(leaf.shape) == 4 else leaf.shape[:2])
            return generator.normal(0.0, np.sqrt(2.0 / fan_in), leaf.shape).astype(leaf.dtype)
        return np.full(leaf.shape, 1.0 if name in ("scale", "var") else 0.0, leaf.dtype)

    # whole, and of the right type: a conversion would be compiled for each shape
    return jax.device_put(jax.tree_util.tree_map_with_path(draw, shapes))
