"""Depthwise convolution as shifted multiply-adds, with gradients written for CPUs.

XLA's grouped convolution on CPU runs one group at a time and is ten to thirty times slower than the nine
multiply-adds it stands for; the automatic gradient of those towards the kernel sums each tap over batch and space
in a strided order that is as slow again.  `benchmarks/timings/training.py` prints both.
"""

from __future__ import annotations

from functools import partial

import jax
import jax.numpy as jnp
from jax import lax

from tasks.networks.windows import pad_same, row_taps, spread, taps

# with so few channels, loops over one pixel's channels are too short to pay: whole rows are one axis then
NARROW = 16


@partial(jax.custom_vjp, nondiff_argnums=(2,))
def depthwise_conv(x: jax.Array, weights: jax.Array, stride: int) -> jax.Array:
    """Convolve each channel with its own kernel, padding "SAME".

    x: [N, H, W, C]; weights: [K, K, C]; result: [N, ceil(H / stride), ceil(W / stride), C].
    """
    kernel = weights.shape[0]
    out = (-(-x.shape[1] // stride), -(-x.shape[2] // stride))
    return _weighted_sum(taps(pad_same(x, kernel, stride), kernel, stride, out), weights)


def _forward(x: jax.Array, weights: jax.Array, stride: int) -> tuple[jax.Array, tuple[jax.Array, jax.Array]]:
    return depthwise_conv(x, weights, stride), (x, weights)


def _backward(stride: int, saved: tuple[jax.Array, jax.Array], g: jax.Array) -> tuple[jax.Array, jax.Array]:
    x, weights = saved
    kernel, size = weights.shape[0], x.shape[1:3]
    input_gradient = _weighted_sum(taps(spread(g, size, kernel, stride), kernel, 1, size), weights[::-1, ::-1])
    return input_gradient, _kernel_gradient(x, kernel, stride, g)


def _weighted_sum(views: list[jax.Array], weights: jax.Array) -> jax.Array:
    """Sum of views [N, H, W, C], each times its tap of weights [K, K, C]."""
    flat = weights.reshape(len(views), -1)
    total = views[0] * flat[0]
    for view, tap in zip(views[1:], flat[1:], strict=True):
        total += view * tap
    return total


def _kernel_gradient(x: jax.Array, kernel: int, stride: int, g: jax.Array) -> jax.Array:
    """Sum each tap's product over batch and space; on CPU over the batch first, where accumulators stay in cache."""

    def at_once(x: jax.Array, g: jax.Array) -> jax.Array:
        views = taps(pad_same(x, kernel, stride), kernel, stride, g.shape[1:3])
        return jnp.stack([(view * g).sum((0, 1, 2)) for view in views]).reshape(kernel, kernel, -1)

    return lax.platform_dependent(x, g, cpu=partial(_by_example, kernel, stride), default=at_once)


def _by_example(kernel: int, stride: int, x: jax.Array, g: jax.Array) -> jax.Array:
    def add_example(sums: list[jax.Array], example: tuple[jax.Array, jax.Array]) -> tuple[list[jax.Array], None]:
        image, gradient = example
        padded = pad_same(image, kernel, stride)
        views = row_taps(padded, kernel, g.shape[1:3]) if joined else taps(padded, kernel, stride, g.shape[1:3])
        return [s + view * gradient for s, view in zip(sums, views, strict=True)], None

    joined = stride == 1 and g.shape[-1] <= NARROW
    gradients = g.reshape(*g.shape[:2], -1) if joined else g
    start = [jnp.zeros(gradients.shape[1:], g.dtype)] * (kernel * kernel)
    sums, _ = lax.scan(add_example, start, (x, gradients))
    return jnp.stack([s.reshape(g.shape[1:]).sum((0, 1)) for s in sums]).reshape(kernel, kernel, -1)


depthwise_conv.defvjp(_forward, _backward)
