"""The sliding windows of a convolution with TensorFlow's "SAME" padding, as shifted views of one padded array."""

from __future__ import annotations

import jax
import jax.numpy as jnp
from jax import lax


def same_padding(size: int, kernel: int, stride: int) -> tuple[int, int]:
    """Low and high padding in pixels of "SAME" in TensorFlow and TFLite: the output is ceil(size / stride)."""
    total = max((-(-size // stride) - 1) * stride + kernel - size, 0)
    return total // 2, total - total // 2


def pad_same(x: jax.Array, kernel: int, stride: int) -> jax.Array:
    """Pad [..., H, W, C] with the zeros that "SAME" means for this kernel and stride."""
    spatial = [same_padding(size, kernel, stride) for size in x.shape[-3:-1]]
    return jnp.pad(x, [(0, 0)] * (x.ndim - 3) + [*spatial, (0, 0)])


def taps(padded: jax.Array, kernel: int, stride: int, out: tuple[int, ...]) -> list[jax.Array]:
    """The kernel * kernel shifted views [..., *out, C] of `padded` [..., H, W, C], row by row."""
    leading = padded.ndim - 3
    rows, cols = (1 + (n - 1) * stride for n in out)
    return [
        lax.slice(
            padded,
            (0,) * leading + (i, j, 0),
            (*padded.shape[:leading], i + rows, j + cols, padded.shape[-1]),
            (1,) * leading + (stride, stride, 1),
        )
        for i in range(kernel)
        for j in range(kernel)
    ]


def row_taps(padded: jax.Array, kernel: int, out: tuple[int, ...]) -> list[jax.Array]:
    """`taps` of one image [H, W, C] at stride 1, each as rows of all their channels [h, w * C]."""
    channels = padded.shape[-1]
    rows = padded.reshape(padded.shape[0], -1)
    return [rows[i : i + out[0], j * channels : (j + out[1]) * channels] for i in range(kernel) for j in range(kernel)]


def spread(g: jax.Array, size: tuple[int, ...], kernel: int, stride: int) -> jax.Array:
    """Place the output gradient g [N, h, w, C] where a stride-1 correlation of it gives `size` pixels."""
    spatial = []
    for pixels, n in zip(size, g.shape[1:3], strict=True):
        low = kernel - 1 - same_padding(pixels, kernel, stride)[0]
        spatial.append((low, pixels + kernel - 1 - low - (1 + (n - 1) * stride), stride - 1))
    return lax.pad(g, jnp.zeros((), g.dtype), [(0, 0, 0), *spatial, (0, 0, 0)])


def fold(patches: jax.Array, shape: tuple[int, ...], kernel: int, stride: int) -> jax.Array:
    """The transpose of concatenated `taps` over `pad_same`: sum patches [N, h, w, K*K*C] into [N, H, W, C].

    Each of the stride x stride phases of the result is summed apart, at the patches' size, and then they interleave.
    """
    (n, h, w), channels = patches.shape[:3], shape[-1]
    low = [same_padding(pixels, kernel, stride)[0] for pixels in shape[1:3]]
    phases: list[list[jax.Array]] = [[] for _ in range(stride * stride)]
    for index in range(kernel * kernel):
        i, j = divmod(index, kernel)
        # the tap at p falls on pixel stride * p + i - low = stride * (p + down) + y
        (down, y), (right, x) = divmod(i - low[0], stride), divmod(j - low[1], stride)
        piece = patches[..., index * channels : (index + 1) * channels]
        zero = jnp.zeros((), piece.dtype)
        phases[y * stride + x].append(
            lax.pad(piece, zero, [(0, 0, 0), (down, -down, 0), (right, -right, 0), (0, 0, 0)])
        )
    nothing = jnp.zeros((n, h, w, channels), patches.dtype)
    sums = jnp.stack([sum(phase[1:], phase[0]) if phase else nothing for phase in phases], axis=3)
    pixels = sums.reshape(n, h, w, stride, stride, channels).transpose(0, 1, 3, 2, 4, 5)
    return pixels.reshape(n, h * stride, w * stride, channels)[:, : shape[1], : shape[2]]
