"""Number of convolutions in a row: a baseline."""

from __future__ import annotations

import jax
import jax.numpy as jnp

from nas_algos.zero_shot.network import Probe


def depth(probe: Probe, key: jax.Array) -> jax.Array:
    """Convolutions that the architecture has.  Needs no randomness."""
    return jnp.stack([jnp.asarray(layer.used) for layer in probe.network.layers.values()]).sum()
