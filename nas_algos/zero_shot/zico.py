"""ZiCo: G. Li et al., "ZiCo: zero-shot NAS via inverse coefficient of variation on gradients" (arXiv:2301.11300,
the definition of ZiCo).

Sum over layers of  log(sum over weights of E|g| / sqrt(Var|g|)), g the weight's gradient of the loss.  Mean and
variance are over single examples here, not over batches of them, so that the batch's order cannot matter.  Normalised
by the batch's statistics, held constant.  Weights whose gradient does not vary are left out, as in the authors' code.
"""

from __future__ import annotations

import jax
import jax.numpy as jnp

from nas_algos.zero_shot.network import Probe


def zico(probe: Probe, key: jax.Array) -> jax.Array:
    """Sum over layers of the logarithm of the inverse coefficient of variation.  Needs no randomness."""
    layers = probe.network.layers
    score = jnp.zeros(())
    for name, gradients in probe.example_gradients(probe.network.loss).items():
        sizes = jnp.abs(gradients)
        spread = sizes.std(0)
        ratios = jnp.where(spread > 0, sizes.mean(0) / jnp.where(spread > 0, spread, 1.0), 0.0)
        used = layers[name].used > 0
        score = score + jnp.where(used, jnp.log(jnp.where(used, ratios.sum(), 1.0)), 0.0)
    return score
