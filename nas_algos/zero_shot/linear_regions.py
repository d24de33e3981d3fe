"""Linear regions along lines: B. Hanin and D. Rolnick, "Complexity of linear regions in deep networks"
(arXiv:1901.09021, section 4); as a score after TE-NAS (arXiv:2102.11535, section 3.2).

TE-NAS counts how many different activation patterns its samples have.  With thousands of units no two images share
one, so here that count would be the batch's size for every network.  Counted instead, as in the first paper, are the
boundaries that are crossed on straight lines: from the mean image of the batch to each of its images, at STEPS
equal steps, how many units turn on or off; the mean over lines, plus one.  A unit that turns twice in a step is missed.
Normalised by the batch's statistics, held constant, so that the network is one piecewise linear function.
"""

from __future__ import annotations

import jax
import jax.numpy as jnp
from jax import lax

from nas_algos.zero_shot.network import Probe

STEPS = 4


def linear_regions(probe: Probe, key: jax.Array) -> jax.Array:
    """Mean number of linear regions along a line.  Needs no randomness."""
    network, held = probe.network, probe.first.normalisations
    count = len(network.images)
    middle = network.images.mean(0, keepdims=True)

    def codes(images: jax.Array) -> dict[str, jax.Array]:
        units = network.run(network.kernels, images, held).units
        return {name: (layer.before > 0) & (layer.used > 0) for name, layer in units.items()}

    def step(before: dict[str, jax.Array], share: jax.Array) -> tuple[dict[str, jax.Array], jax.Array]:
        now = codes(middle + share * (network.images - middle))
        turned = [(now[name] != before[name]).sum(dtype=jnp.int32) for name in now]
        return now, jnp.stack(turned).sum()

    start = codes(jnp.broadcast_to(middle, network.images.shape))
    _, crossings = lax.scan(step, start, jnp.arange(1, STEPS + 1) / STEPS)
    return 1 + crossings.sum().astype(jnp.float32) / count
