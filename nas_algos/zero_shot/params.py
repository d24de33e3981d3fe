"""Number of parameters as deployed, normalisations folded into biases: the plainest baseline."""

from __future__ import annotations

import jax
import jax.numpy as jnp

from nas_algos.zero_shot.network import Probe


def params(probe: Probe, key: jax.Array) -> jax.Array:
    """Weights and biases.  Needs no randomness."""
    counts = [layer.used * (layer.fan_in + 1) * layer.outputs for layer in probe.network.layers.values()]
    return jnp.stack(counts).sum()
