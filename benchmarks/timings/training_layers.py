"""Why our convolutions exist: milliseconds of value and gradients, ours against what XLA makes of its own.

`accelnas reproduce training_speed` prints it.  Each row is the median of several calls inside a
`lax.scan`, as in training, on the cores this process may use.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Iterator

import jax
import jax.numpy as jnp
from jax import lax
from rich.table import Table

from tasks.networks.convolution import conv
from tasks.networks.depthwise import depthwise_conv

BATCH, STEPS, CALLS = 16, 4, 5
# (name, input side, channels in, channels out, kernel, stride): layers of the detection baseline, and one of
# classification's space whose kernel is larger than the image
LAYERS = (
    ("stem", 96, 3, 8, 3, 2),
    ("fused early", 48, 8, 24, 3, 2),
    ("fused late", 12, 24, 144, 3, 1),
    ("pointwise", 24, 16, 96, 1, 1),
    ("depthwise early", 48, 48, 48, 3, 2),
    ("depthwise late", 12, 144, 144, 3, 1),
    ("large kernel", 4, 40, 160, 5, 1),
)


def _xla(x: jax.Array, weights: jax.Array, stride: int, groups: int) -> jax.Array:
    return lax.conv_general_dilated(
        x, weights, (stride, stride), "SAME", dimension_numbers=("NHWC", "HWIO", "NHWC"), feature_group_count=groups
    )


def _gradient_ms(layer: Callable[[jax.Array, jax.Array], jax.Array], images: jax.Array, weights: jax.Array) -> float:
    """Median milliseconds of one value and both gradients."""

    def step(total: jax.Array, x: jax.Array) -> tuple[jax.Array, None]:
        value, gradients = jax.value_and_grad(lambda x, w: jnp.sum(layer(x, w) ** 2), (0, 1))(x, weights)
        return total + value + sum(jnp.sum(g) for g in gradients), None

    run = jax.jit(lambda images: lax.scan(step, jnp.zeros(()), images)[0])
    run(images).block_until_ready()
    times = []
    for _ in range(CALLS):
        started = time.perf_counter()
        run(images).block_until_ready()
        times.append(time.perf_counter() - started)
    return statistics.median(times) / STEPS * 1e3


def rows(key: jax.Array) -> Iterator[tuple[str, float, float]]:
    """(layer, ours, XLA's) in milliseconds for a batch of 16."""
    for name, side, channels, out, kernel, stride in LAYERS:
        key, x_key, w_key = jax.random.split(key, 3)
        images = jax.random.normal(x_key, (STEPS, BATCH, side, side, channels))
        if name.startswith("depthwise"):
            weights = jax.random.normal(w_key, (kernel, kernel, channels))
            ours = _gradient_ms(lambda x, w, s=stride: depthwise_conv(x, w, s), images, weights)
            theirs = _gradient_ms(lambda x, w, s=stride: _xla(x, w[:, :, None], s, w.shape[-1]), images, weights)
        else:
            weights = jax.random.normal(w_key, (kernel, kernel, channels, out))
            ours = _gradient_ms(lambda x, w, s=stride: conv(x, w, s), images, weights)
            theirs = _gradient_ms(lambda x, w, s=stride: _xla(x, w, s, 1), images, weights)
        yield name, ours, theirs


def layer_table(key: jax.Array) -> Table:
    """The rows as a table to print."""
    table = Table("layer", "ours ms", "XLA ms", "ratio", title=f"Value and gradients, batch {BATCH}, median of {CALLS}")
    for name, ours, theirs in rows(key):
        table.add_row(name, f"{ours:.2f}", f"{theirs:.2f}", f"{theirs / ours:.1f}x")
    return table
