"""Condition number of the neural tangent kernel: W. Chen et al., "Neural architecture search on ImageNet in four GPU
hours" (TE-NAS, arXiv:2102.11535, section 3.1).

Theta_ij = <gradient of example i's summed outputs in the weights, that of example j's>; the better conditioned, the
better it trains, so the score is -log(largest / smallest eigenvalue).  Normalised by the batch's statistics, held
constant (see Probe.example_gradients).  NaN where rounding makes the smallest eigenvalue negative.
"""

from __future__ import annotations

import jax
import jax.numpy as jnp

from nas_algos.zero_shot.network import Probe


def ntk(probe: Probe, key: jax.Array) -> jax.Array:
    """Negative logarithm of the condition number.  Needs no randomness."""
    gradients = probe.example_gradients(lambda output, example: output.sum())
    rows = [gradient.reshape(len(gradient), -1) for gradient in gradients.values()]
    kernel = jnp.stack([row @ row.T for row in rows]).sum(0)
    eigenvalues = jnp.linalg.eigvalsh(kernel)
    return jnp.log(eigenvalues[0]) - jnp.log(eigenvalues[-1])
