"""Fisher: J. Turner et al., "BlockSwap: Fisher-guided block substitution for network compression" (arXiv:1906.04113,
section 3), after L. Theis et al. (arXiv:1801.05787); a score by arXiv:2101.08134.

For each channel of each activation  1 / (2 N) sum over examples of (sum over pixels of activation * gradient of the
summed loss in it)^2, summed over channels and layers.  Normalised by batch statistics.
"""

from __future__ import annotations

import jax
import jax.numpy as jnp

from nas_algos.zero_shot.network import Probe


def fisher(probe: Probe, key: jax.Array) -> jax.Array:
    """Sum over channels of the Fisher information.  Needs no randomness."""
    _, unit_scales = probe.loss_gradients
    count = len(probe.network.images)
    # the loss is a mean over the batch, the paper's a sum
    return jnp.stack([((count * gradient) ** 2).sum() / (2 * count) for gradient in unit_scales.values()]).sum()
