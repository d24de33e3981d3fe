"""NASWOT: J. Mellor et al., "Neural architecture search without training" (arXiv:2006.04647, equations 1 and 2).

c_i is the binary code of the units that are on (given more than zero) for example i; K_ij = units - Hamming distance of
c_i and c_j; the score is log |det K|.  Capped units count as on.  Normalised by batch statistics, as in training.
"""

from __future__ import annotations

import jax
import jax.numpy as jnp

from nas_algos.zero_shot.network import Probe


def naswot(probe: Probe, key: jax.Array) -> jax.Array:
    """Logarithm of the determinant of the kernel over activation codes.  Needs no randomness."""
    count = len(probe.network.images)
    agreeing, units = jnp.zeros((count, count)), jnp.zeros(())
    for layer in probe.first.units.values():
        used = layer.used.reshape(1, -1)
        on = (layer.before.reshape(count, -1) > 0).astype(jnp.float32) * used
        off = used - on
        agreeing, units = agreeing + on @ on.T + off @ off.T, units + layer.used.sum()
    # scaled to entries of at most one, which the determinant of many examples needs in single precision
    return jnp.linalg.slogdet(agreeing / units)[1] + count * jnp.log(units)
