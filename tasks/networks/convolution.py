"""Standard convolution whose gradients are matrix products.

XLA on CPU runs a forward convolution as a tuned library call, but falls back to scalar loops for the gradients inside
a `lax.scan` (forty to two hundred times slower), and transposes whole activations for the gradient of a pointwise
weight.  `benchmarks/training_speed.py` prints both.
"""

from __future__ import annotations

from functools import partial

import jax
import jax.numpy as jnp
from jax import lax

from tasks.networks.windows import fold, pad_same, taps


def conv(x: jax.Array, weights: jax.Array, stride: int) -> jax.Array:
    """Convolve, padding "SAME".  x: [N, H, W, C]; weights: [K, K, C, O]; result: [N, ceil(H/s), ceil(W/s), O]."""
    if weights.shape[0] == 1:
        return _pointwise(x[:, ::stride, ::stride], weights[0, 0])
    return _conv(x, weights, stride)


@jax.custom_vjp
def _pointwise(x: jax.Array, weights: jax.Array) -> jax.Array:
    return x @ weights


def _pointwise_forward(x: jax.Array, weights: jax.Array) -> tuple[jax.Array, tuple[jax.Array, jax.Array]]:
    return x @ weights, (x, weights)


def _pointwise_backward(saved: tuple[jax.Array, jax.Array], g: jax.Array) -> tuple[jax.Array, jax.Array]:
    x, weights = saved
    g_rows = _rows(g)
    return (g_rows @ weights.T).reshape(x.shape), _rows(x).T @ g_rows


_pointwise.defvjp(_pointwise_forward, _pointwise_backward)


@partial(jax.custom_vjp, nondiff_argnums=(2,))
def _conv(x: jax.Array, weights: jax.Array, stride: int) -> jax.Array:
    return lax.conv_general_dilated(x, weights, (stride, stride), "SAME", dimension_numbers=("NHWC", "HWIO", "NHWC"))


def _conv_forward(x: jax.Array, weights: jax.Array, stride: int) -> tuple[jax.Array, tuple[jax.Array, jax.Array]]:
    return _conv(x, weights, stride), (x, weights)


def _conv_backward(stride: int, saved: tuple[jax.Array, jax.Array], g: jax.Array) -> tuple[jax.Array, jax.Array]:
    x, weights = saved
    kernel, _, channels, _ = weights.shape
    patches = jnp.concatenate(taps(pad_same(x, kernel, stride), kernel, stride, g.shape[1:3]), axis=-1)
    weight_gradient = (_rows(patches).T @ _rows(g)).reshape(weights.shape)
    if stride == 1:
        turned = weights[::-1, ::-1].swapaxes(2, 3)
        return _conv(g, turned, 1), weight_gradient
    spread = (_rows(g) @ weights.reshape(kernel * kernel * channels, -1).T).reshape(*g.shape[:3], -1)
    return fold(spread, x.shape, kernel, stride), weight_gradient


_conv.defvjp(_conv_forward, _conv_backward)


def _rows(x: jax.Array) -> jax.Array:
    """[..., C] as a matrix that exists in memory: without the barrier XLA fuses and transposes it, ten times slower."""
    return lax.optimization_barrier(x.reshape(-1, x.shape[-1]))
