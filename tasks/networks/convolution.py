"""Standard convolution whose gradients are matrix products or forward convolutions.

XLA on CPU runs a forward convolution as a tuned library call, but falls back to scalar loops for the gradients inside
a `lax.scan` (forty to two hundred times slower), and transposes whole activations for the gradient of a pointwise
weight.  `benchmarks/training_speed.py` prints both.
"""

from __future__ import annotations

from functools import partial

import jax
import jax.numpy as jnp
from jax import lax

from tasks.networks.windows import fold, pad_same, same_padding, taps

# with so few channels the views of the taps are copied in pieces too small for the memory to keep up
NARROW = 16


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
    return (g_rows @ weights.T).reshape(x.shape), _product_over_rows(_rows(x), g_rows)


_pointwise.defvjp(_pointwise_forward, _pointwise_backward)


@partial(jax.custom_vjp, nondiff_argnums=(2,))
def _conv(x: jax.Array, weights: jax.Array, stride: int) -> jax.Array:
    return lax.conv_general_dilated(x, weights, (stride, stride), "SAME", dimension_numbers=("NHWC", "HWIO", "NHWC"))


def _conv_forward(x: jax.Array, weights: jax.Array, stride: int) -> tuple[jax.Array, tuple[jax.Array, jax.Array]]:
    return _conv(x, weights, stride), (x, weights)


def _conv_backward(stride: int, saved: tuple[jax.Array, jax.Array], g: jax.Array) -> tuple[jax.Array, jax.Array]:
    x, weights = saved
    kernel, _, channels, _ = weights.shape
    weight_gradient = _weight_gradient(x, kernel, stride, g)
    if stride == 1:
        turned = weights[::-1, ::-1].swapaxes(2, 3)
        return _conv(g, turned, 1), weight_gradient
    spread = (_rows(g) @ weights.reshape(kernel * kernel * channels, -1).T).reshape(*g.shape[:3], -1)
    return fold(spread, x.shape, kernel, stride), weight_gradient


_conv.defvjp(_conv_forward, _conv_backward)


def _weight_gradient(x: jax.Array, kernel: int, stride: int, g: jax.Array) -> jax.Array:
    """Sum over batch and space of each tap's outer product, [K, K, C, O]."""
    if x.shape[-1] > NARROW:
        g_rows = _rows(g)
        views = taps(pad_same(x, kernel, stride), kernel, stride, g.shape[1:3])
        products = [_product_over_rows(_rows(view), g_rows) for view in views]
        return jnp.stack(products).reshape(kernel, kernel, x.shape[-1], -1)
    padding = []
    for pixels, n in zip(x.shape[1:3], g.shape[1:3], strict=True):
        low = same_padding(pixels, kernel, stride)[0]
        padding.append((low, kernel + (n - 1) * stride - pixels - low))
    # the batch is summed over, so it takes the place of the channels, and those take the place of the batch
    gradient = lax.conv_general_dilated(
        lax.optimization_barrier(x.transpose(3, 1, 2, 0)),
        lax.optimization_barrier(g.transpose(1, 2, 0, 3)),
        (1, 1),
        padding,
        rhs_dilation=(stride, stride),
        dimension_numbers=("NHWC", "HWIO", "NHWC"),
    )
    return gradient.transpose(1, 2, 0, 3)


def _product_over_rows(a: jax.Array, b: jax.Array) -> jax.Array:
    """a^T b for a [M, C] and b [M, O], the narrow one on the left: the library is two to three times slower else."""
    return a.T @ b if a.shape[1] <= b.shape[1] else (b.T @ a).T


def _rows(x: jax.Array) -> jax.Array:
    """[..., C] as a matrix that exists in memory: without the barrier XLA fuses and transposes it, ten times slower."""
    return lax.optimization_barrier(x.reshape(-1, x.shape[-1]))
