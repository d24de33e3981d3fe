"""Standard convolution whose gradients are matrix products or forward convolutions.

XLA on CPU runs a forward convolution as a tuned library call, but falls back to scalar loops for the gradients inside
a `lax.scan` (forty to two hundred times slower), and transposes whole activations for the gradient of a pointwise
weight.  `benchmarks/timings/training.py` prints both.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import partial

import jax
import jax.numpy as jnp
from jax import lax

from tasks.networks.windows import fold, pad_same, same_padding, taps

# the library's forward convolution of so few channels, those of an image, is slower than its product of patches
NARROW = 4
# patches of a few images at a time, so that what is copied is still in the cache when it is multiplied
CHUNK_BYTES = 3 * 2**18


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
    kernel, _, channels, outputs = weights.shape
    out = [-(-pixels // stride) for pixels in x.shape[1:3]]
    matrix = weights.reshape(-1, outputs)

    def at_once(x: jax.Array) -> jax.Array:
        return (_patches(x, kernel, stride, out) @ matrix).reshape(x.shape[0], *out, outputs)

    def in_chunks(x: jax.Array) -> jax.Array:
        chunk = _chunk(x.shape[0], math.prod(out) * matrix.size // outputs)
        return lax.map(at_once, x.reshape(-1, chunk, *x.shape[1:])).reshape(x.shape[0], *out, outputs)

    # XLA swaps image and kernel where the kernel is the larger, which no library has: eight to sixteen times slower
    wide = channels > NARROW and kernel <= min(x.shape[1:3])
    # elsewhere than on CPU a cohort's networks are one more axis, for which libraries have no tuned convolution
    return lax.platform_dependent(
        x, cpu=(lambda x: _library_conv(x, weights, stride)) if wide else in_chunks, default=at_once
    )


def _library_conv(x: jax.Array, weights: jax.Array, stride: int) -> jax.Array:
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
    channels, outputs = x.shape[-1], g.shape[-1]
    columns = kernel * (channels + outputs) if stride == 1 else kernel * kernel * channels

    def at_once(x: jax.Array, g: jax.Array) -> jax.Array:
        if stride == 1:
            return _crossed_product(x, kernel, g)
        patches = _patches(x, kernel, stride, g.shape[1:3])
        return _product_over_rows(patches, _rows(g)).reshape(kernel, kernel, channels, outputs)

    def in_chunks(x: jax.Array, g: jax.Array) -> jax.Array:
        chunk = _chunk(x.shape[0], math.prod(g.shape[1:3]) * columns)
        pieces = [a.reshape(-1, chunk, *a.shape[1:]) for a in (x, g)]
        start = jnp.zeros((kernel, kernel, channels, outputs), g.dtype)
        return lax.scan(lambda total, piece: (total + at_once(*piece), None), start, tuple(pieces))[0]

    return lax.platform_dependent(x, g, cpu=in_chunks, default=at_once)


def _crossed_product(x: jax.Array, kernel: int, g: jax.Array) -> jax.Array:
    """The weight gradient at stride 1, as one product of the columns' taps of x with the rows' taps of g.

    Sum over p of x[p + (i, j)] g[p] is the sum over q of x[q + (0, j)] g[q - (i, 0)]: the same products, of wider
    matrices, and K * (C + O) values to copy for a pixel where patches of x have K * K * C.
    """
    height, width = x.shape[1:3]
    top, (left, right) = same_padding(height, kernel, 1)[0], same_padding(width, kernel, 1)
    padded = jnp.pad(x, [(0, 0), (0, 0), (left, right), (0, 0)])
    x_taps = jnp.concatenate([padded[:, :, j : j + width] for j in range(kernel)], axis=-1)
    padded = jnp.pad(g, [(0, 0), (kernel - 1 - top, top), (0, 0), (0, 0)])
    g_taps = jnp.concatenate([padded[:, i : i + height] for i in reversed(range(kernel))], axis=-1)
    product = _product_over_rows(_rows(x_taps), _rows(g_taps))
    return product.reshape(kernel, x.shape[-1], kernel, g.shape[-1]).transpose(2, 0, 1, 3)


def _patches(x: jax.Array, kernel: int, stride: int, out: Sequence[int]) -> jax.Array:
    """What the window sees at each pixel of the output, as a matrix [N * h * w, K * K * C] in memory."""
    return _rows(jnp.concatenate(taps(pad_same(x, kernel, stride), kernel, stride, tuple(out)), axis=-1))


def _chunk(batch: int, values: int) -> int:
    """How many images, a divisor of the batch, to copy so many float32 values of at a time."""
    return max(n for n in range(1, batch + 1) if batch % n == 0 and (n == 1 or 4 * n * values <= CHUNK_BYTES))


def _product_over_rows(a: jax.Array, b: jax.Array) -> jax.Array:
    """a^T b for a [M, C] and b [M, O], the narrow one on the left: the library is two to three times slower else."""
    return a.T @ b if a.shape[1] <= b.shape[1] else (b.T @ a).T


def _rows(x: jax.Array) -> jax.Array:
    """[..., C] as a matrix that exists in memory: without the barrier XLA fuses and transposes it, ten times slower."""
    return lax.optimization_barrier(x.reshape(-1, x.shape[-1]))
