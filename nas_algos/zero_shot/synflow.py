"""SynFlow: H. Tanaka et al., "Pruning neural networks without any data by iteratively conserving synaptic flow"
(arXiv:2006.05467, section 6), summed over all weights as a score by arXiv:2101.08134.

R = 1^T f(1) of the network with absolute weights, an input of ones, and without normalisation, as arXiv:2101.08134
does; then every value is positive and ReLU the identity (the cap at six is left out, or all deep networks would reach
it).  The score is the logarithm of the sum of weight * dR/dweight: a network of thirty layers would overflow without.
Weights are normal with variance 2 / fan-in of the architecture.
"""

from __future__ import annotations

import jax
import jax.numpy as jnp

from nas_algos.zero_shot.network import Probe


def synflow(probe: Probe, key: jax.Array) -> jax.Array:
    """Logarithm of the synaptic flow through all weights.  Needs no randomness."""
    network = probe.network
    ones = jnp.broadcast_to(network.pixels[None, :, :, None], (1, *network.images.shape[1:]))
    kernels = {name: jnp.abs(kernel) for name, kernel in network.kernels.items()}

    def flow(kernels: dict[str, jax.Array]) -> tuple[jax.Array, jax.Array]:
        output, logarithm = network.run_linear(kernels, ones)
        return output.sum(), logarithm

    gradients, logarithm = jax.grad(flow, has_aux=True)(kernels)
    return jnp.log(sum((kernels[name] * gradient).sum() for name, gradient in gradients.items())) + logarithm
