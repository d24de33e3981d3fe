"""SNIP: N. Lee et al., "SNIP: single-shot network pruning based on connection sensitivity" (arXiv:1810.02340, section
4), summed over all weights, not normalised, as a score by arXiv:2101.08134.

Sum over weights of |weight * gradient of the loss in it|, after one batch, normalised by batch statistics.
"""

from __future__ import annotations

import jax
import jax.numpy as jnp

from nas_algos.zero_shot.network import Probe


def snip(probe: Probe, key: jax.Array) -> jax.Array:
    """Sum over weights of the connection sensitivity.  Needs no randomness."""
    gradients, _ = probe.loss_gradients
    kernels = probe.network.kernels
    return jnp.stack([jnp.abs(kernels[name] * gradient).sum() for name, gradient in gradients.items()]).sum()
