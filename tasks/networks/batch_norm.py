"""Batch normalisation (arXiv:1502.03167) with its gradient written out, so that it reads the activations twice only."""

from __future__ import annotations

import jax
import jax.numpy as jnp
from flax import linen as nn
from jax import lax

EPSILON = 1e-3
MOMENTUM = 0.9


@jax.custom_vjp
def _normalise(
    x: jax.Array, scale: jax.Array, bias: jax.Array, pixels: jax.Array
) -> tuple[jax.Array, jax.Array, jax.Array]:
    """Normalise x [..., C] by its own mean and variance over all axes but the last; also returns those two [C].

    pixels: how many positions count; x is zero at the others.
    """
    return _normalise_forward(x, scale, bias, pixels)[0]


def _normalise_forward(
    x: jax.Array, scale: jax.Array, bias: jax.Array, pixels: jax.Array
) -> tuple[tuple[jax.Array, jax.Array, jax.Array], tuple[jax.Array, ...]]:
    axes = tuple(range(x.ndim - 1))
    mean = x.sum(axes) / pixels
    variance = jnp.maximum((x * x).sum(axes) / pixels - mean * mean, 0.0)
    inverse = lax.rsqrt(variance + EPSILON)
    return ((x - mean) * (inverse * scale) + bias, mean, variance), (x, mean, variance, inverse, scale, pixels)


def _normalise_backward(
    saved: tuple[jax.Array, ...], gradients: tuple[jax.Array, jax.Array, jax.Array]
) -> tuple[jax.Array, jax.Array, jax.Array, jax.Array]:
    # the batch statistics only feed the running averages, so no gradient comes back through them
    (x, mean, variance, inverse, scale, n), g = saved, gradients[0]
    axes = tuple(range(x.ndim - 1))
    g_bias = g.sum(axes)
    g_scale = ((g * x).sum(axes) - mean * g_bias) * inverse
    g_x = (inverse * scale) * (g - g_bias / n - (x - mean) * (inverse * g_scale / n))
    # mean = sum / n and variance = sum of squares / n - mean^2; compiled away unless n depends on what is learned
    g_n = (inverse * scale * (g_bias * mean + g_scale * inverse * (variance - mean * mean) / 2)).sum() / n
    return g_x, g_scale, g_bias, g_n


_normalise.defvjp(_normalise_forward, _normalise_backward)


class BatchNorm(nn.Module):
    """Batch statistics in training, running averages (collection "batch_stats") otherwise.  [..., C] to [..., C]."""

    @nn.compact
    def __call__(self, x: jax.Array, train: bool, pixels: jax.Array | None = None) -> jax.Array:
        """Normalise over all axes but the last; gradients do not flow through the running averages.

        pixels: how many positions the batch statistics count, all if not given; x must be zero at the others.
        """
        shape = x.shape[-1:]
        scale = self.param("scale", nn.initializers.ones, shape)
        bias = self.param("bias", nn.initializers.zeros, shape)
        running_mean = self.variable("batch_stats", "mean", jnp.zeros, shape)
        running_variance = self.variable("batch_stats", "var", jnp.ones, shape)
        if not train:
            inverse = lax.rsqrt(running_variance.value + EPSILON)
            return (x - running_mean.value) * (inverse * scale) + bias
        counted = jnp.asarray(x.size // x.shape[-1], x.dtype) if pixels is None else pixels
        y, mean, variance = _normalise(x, scale, bias, counted)
        if not self.is_initializing():
            running_mean.value = MOMENTUM * running_mean.value + (1 - MOMENTUM) * mean
            running_variance.value = MOMENTUM * running_variance.value + (1 - MOMENTUM) * variance
        return y
