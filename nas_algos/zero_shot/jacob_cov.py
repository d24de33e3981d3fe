"""Jacobian covariance: J. Mellor et al., "Neural architecture search without training" (arXiv:2006.04647, in its
first version).

The gradients of each example's summed outputs in its image are correlated with each other; with the eigenvalues v of
that matrix the score is  - sum of log(v + k) + 1 / (v + k), k = 1e-5.  Normalised by the batch's statistics, held
constant: through them the gradient of a sum over the batch would vanish where a network ends in a linear bottleneck.
"""

from __future__ import annotations

import jax
import jax.numpy as jnp

from nas_algos.zero_shot.network import Probe

K = 1e-5


def jacob_cov(probe: Probe, key: jax.Array) -> jax.Array:
    """Score of the correlations between input gradients.  Needs no randomness."""
    network, held = probe.network, probe.first.normalisations

    def total(images: jax.Array) -> jax.Array:
        return network.run(network.kernels, images, held).output.sum()

    pixels = jnp.broadcast_to(network.pixels[..., None], network.images.shape[1:]).reshape(1, -1)
    jacobian = jax.grad(total)(network.images).reshape(len(network.images), -1) * pixels
    centred = (jacobian - jacobian.sum(1, keepdims=True) / pixels.sum()) * pixels
    centred = centred / jnp.sqrt((centred**2).sum(1, keepdims=True))
    eigenvalues = jnp.linalg.eigvalsh(centred @ centred.T)
    return -(jnp.log(eigenvalues + K) + 1 / (eigenvalues + K)).sum()
