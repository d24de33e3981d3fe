"""Zen-score: M. Lin et al., "Zen-NAS: a zero-shot NAS for high-performance deep image recognition" (arXiv:2102.01063,
algorithm 1).

Weights are N(0, 1), so that the width of a layer shows in the scale of what it gives; normalisation takes that scale
out and the score puts it back:  log E |f(x) - f(x + 0.01 e)| + sum over normalisations of log sqrt(mean over channels
of variance), x and e Gaussian images, f the features before the head, without residual connections, which the paper
removes.  Activations are the network's own (capped at six).  x + 0.01 e is normalised as x is, so that f is one
function.
"""

from __future__ import annotations

import jax
import jax.numpy as jnp

from nas_algos.zero_shot.network import Probe

STEP = 0.01


def draw_images(key: jax.Array, shape: tuple[int, ...]) -> tuple[jax.Array, jax.Array]:
    """The Gaussian images x and e."""
    image_key, change_key = jax.random.split(key)
    return jax.random.normal(image_key, shape), jax.random.normal(change_key, shape)


def zen(probe: Probe, key: jax.Array) -> jax.Array:
    """Zen-score over as many pairs of images as the batch has examples."""
    network = probe.network
    pixels = network.pixels[None, :, :, None]
    images, changes = draw_images(key, network.images.shape)
    here = network.run(network.unit_kernels, images * pixels, residuals=False)
    there = network.run(network.unit_kernels, (images + STEP * changes) * pixels, here.normalisations, residuals=False)
    score = jnp.log(jnp.sqrt(((here.features - there.features) ** 2).sum((1, 2, 3))).mean())
    for found in here.normalisations.values():
        channels = found.used.sum()
        variance = (found.variance * found.used).sum() / jnp.maximum(channels, 1.0)
        score = score + jnp.where(channels > 0, 0.5 * jnp.log(jnp.where(channels > 0, variance, 1.0)), 0.0)
    return score
