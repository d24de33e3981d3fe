"""AZ-NAS: J. Lee and B. Ham, "Assembling zero-cost proxies for network architecture search" (CVPR 2024,
arXiv:2403.19232, section 3).

Four proxies, combined by `sum_of_log_ranks` over the networks that are compared; the first three come of one pass of
Gaussian images, as many as the batch has examples, normalised by their own statistics:

    expressivity   sum over blocks of the entropy of the eigenvalues of the features' covariance between channels, over
                   all pixels of all images, the eigenvalues divided by their sum
    progressivity  smallest increase of that entropy from one block to the next
    trainability   mean over blocks, without the first, of  2 - s - 1 / s,  s the largest singular value of the block's
                   Jacobian as gradients see it: gradients of the output are Rademacher vectors v, and the Jacobian is
                   estimated by the mean over pixels of  (gradient of the input) v^T, an input with a stride's pixels
                   side by side as channels
    complexity     FLOPs; MACs here, which rank alike

Where this differs from the paper and the authors' code: the blocks are those with weights up to the features that the
head is given (an upsampling step between two blocks is part of no Jacobian), and each block's Jacobian is in its own
input; an input whose side the stride does not divide is extended by zeros behind; a block that passes its input on
unchanged, which the code gives minus infinity, is in none of our spaces; eigenvalues that rounding makes negative are
zero.
"""

from __future__ import annotations

from collections.abc import Mapping

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax

from nas_algos.zero_shot.log_ranks import sum_of_log_ranks
from nas_algos.zero_shot.network import BlockPass, Probe

PARTS = ("az_expressivity", "az_progressivity", "az_trainability", "macs")
SMALL = 1e-8
"""Added to shares of eigenvalues before their logarithm, as in the authors' code."""
LEAST = 1e-6
"""Added to a singular value before it divides, as there."""


def az_nas(scores: Mapping[str, np.ndarray]) -> np.ndarray:
    """Combined score, float64 [n], of the parts' scores [n]."""
    return sum_of_log_ranks(scores, PARTS)


def az_expressivity(probe: Probe, key: jax.Array) -> jax.Array:
    """Sum of the blocks' entropies.  Its randomness is that of the probe's images."""
    return jnp.stack([jnp.where(block.used > 0, entropy(block), 0.0) for block in probe.blocks]).sum()


def az_progressivity(probe: Probe, key: jax.Array) -> jax.Array:
    """Smallest increase of entropy between neighbouring blocks; infinite for a single one."""
    least, last = jnp.array(jnp.inf), jnp.array(-jnp.inf)
    for block in probe.blocks:
        here = entropy(block)
        least = jnp.where(block.used > 0, jnp.minimum(least, here - last), least)
        last = jnp.where(block.used > 0, here, last)
    return least


def az_trainability(probe: Probe, key: jax.Array) -> jax.Array:
    """Mean over blocks of how near the gradients' scale stays to one; NaN for a single one."""
    total, count, before = jnp.zeros(()), jnp.zeros(()), jnp.zeros(())
    for place, block in enumerate(probe.blocks):
        signs = jax.random.rademacher(jax.random.fold_in(key, place), block.output.shape, jnp.float32)
        counts = block.used * before
        total = total + jnp.where(counts > 0, scale_kept(block, signs), 0.0)
        count, before = count + counts, jnp.maximum(before, block.used)
    return total / count


def entropy(block: BlockPass) -> jax.Array:
    """Entropy of the shares of a block's eigenvalues in their sum, scalar, at most log(channels)."""
    pixels = jnp.broadcast_to(block.pixels, block.output.shape[:3]).reshape(-1, 1)
    features = block.output.reshape(-1, block.output.shape[-1])
    count = pixels.sum()
    centred = (features - features.sum(0, keepdims=True) / count) * pixels
    eigenvalues = jnp.maximum(jnp.linalg.eigvalsh(centred.T @ centred / count), 0.0)
    shares = eigenvalues / eigenvalues.sum()
    return -(shares * jnp.log(shares + SMALL)).sum()


def scale_kept(block: BlockPass, signs: jax.Array) -> jax.Array:
    """2 - s - 1 / s of a block, scalar; signs: +1 or -1 for each value of its output [N, h, w, C]."""
    count, height, width, channels = signs.shape
    signs = signs * block.pixels[None, :, :, None] * block.channels[None, None, None]
    gradient, stride = block.input_gradient(signs), block.stride
    missing = [(0, stride * side - have, 0) for side, have in zip((height, width), gradient.shape[1:3], strict=True)]
    gradient = lax.pad(gradient, jnp.zeros(()), [(0, 0, 0), *missing, (0, 0, 0)])
    grouped = gradient.reshape(count, height, stride, width, stride, -1).transpose(0, 1, 3, 2, 4, 5)
    jacobian = grouped.reshape(count * height * width, -1).T @ signs.reshape(-1, channels)
    jacobian = jacobian / (count * block.pixels.sum())
    gram = jacobian.T @ jacobian if jacobian.shape[0] > jacobian.shape[1] else jacobian @ jacobian.T
    largest = jnp.sqrt(jnp.maximum(jnp.linalg.eigvalsh(gram)[-1], 0.0))
    return 2.0 - largest - 1.0 / (largest + LEAST)
