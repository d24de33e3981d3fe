"""WRCor: K. Jing et al., "Zero-shot neural architecture search with weighted response correlation" (arXiv:2507.08841).

Each activation's responses are what it is given, and the loss's gradients in that; for either, examples are correlated
with each other (Pearson, over units).  K is the sum over activations of  2^i (|C of values| + |C of gradients|),  i the
number of the block, so that what lies deeper counts more; the score is  log |det K|.

What the abstract leaves open is as in the authors' code: which responses, weights that double from block to block, and
that a matrix in which a correlation does not exist is left out.  Normalised by batch statistics, as in training.
"""

from __future__ import annotations

import itertools

import jax
import jax.numpy as jnp

from nas_algos.zero_shot.network import Probe, Units


def wrcor(probe: Probe, key: jax.Array) -> jax.Array:
    """Logarithm of the determinant of the weighted correlations.  Needs no randomness."""
    network = probe.network
    shapes = jax.eval_shape(lambda: dict(network.run(network.kernels, network.images).units))

    def loss(scales: dict[str, jax.Array]) -> tuple[jax.Array, dict[str, Units]]:
        made = network.run(network.kernels, network.images, unit_scales=scales)
        return network.loss(made.output), dict(made.units)

    ones = {name: jnp.ones(layer.after.shape) for name, layer in shapes.items()}
    gradients, units = jax.grad(loss, has_aux=True)(ones)
    count = len(network.images)
    total, weight = jnp.zeros((count, count)), jnp.ones(())
    for _, names in itertools.groupby(sorted(units), key=lambda name: name.partition("/")[0]):
        here = jnp.zeros(())  # the other kinds at a block's place are blocks of their own, and not in use
        for name in names:
            layer = units[name]
            # the gradient in a scale is activation times gradient; off or capped, units pass none on
            passing = (layer.after > 0) & (layer.before <= layer.after * (1 + 1e-6))
            gradient = jnp.where(passing, gradients[name] / jnp.where(passing, layer.after, 1.0), 0.0)
            total += weight * (correlations(layer.before, layer.used) + correlations(gradient, layer.used))
            here = jnp.maximum(here, layer.used.max())
        weight = weight * (1 + here)
    return jnp.linalg.slogdet(total)[1]


def correlations(values: jax.Array, used: jax.Array) -> jax.Array:
    """Sizes of the correlations between examples, [N, N], of values [N, h, w, C]; zeros where one does not exist."""
    rows, ones = values.reshape(len(values), -1), used.reshape(1, -1)
    centred = (rows - (rows * ones).sum(1, keepdims=True) / jnp.maximum(ones.sum(), 1.0)) * ones
    norms = jnp.sqrt((centred**2).sum(1, keepdims=True))
    exist = (norms > 0).all()
    centred = centred / jnp.where(exist, norms, 1.0)
    return jnp.where(exist, jnp.abs(centred @ centred.T), 0.0)
