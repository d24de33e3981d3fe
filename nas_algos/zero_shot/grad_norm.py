"""Gradient norm: M. S. Abdelfattah et al., "Zero-cost proxies for lightweight NAS" (arXiv:2101.08134, section 3.2).

Sum over layers of the Euclidean norm of the loss's gradient in the layer's weights, after one batch, normalised by
batch statistics as in training.
"""

from __future__ import annotations

import jax
import jax.numpy as jnp

from nas_algos.zero_shot.network import Probe


def grad_norm(probe: Probe, key: jax.Array) -> jax.Array:
    """Sum over layers of gradient norms.  Needs no randomness."""
    weights, _ = probe.loss_gradients
    return jnp.stack([jnp.sqrt((gradient**2).sum()) for gradient in weights.values()]).sum()
