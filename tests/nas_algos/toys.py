"""A small problem with known optima."""

import jax.numpy as jnp

CARDINALITIES = (4, 5, 3, 6, 4, 5, 3, 6, 4, 5, 1, 6)
TARGET = tuple(choices // 2 for choices in CARDINALITIES)


def separable(strategy):
    """genotypes [b, D] -> decisions that differ from TARGET; as a second objective, those that are not 0."""

    def evaluate(genotypes):
        first = (genotypes != jnp.array([TARGET])).sum(1).astype(jnp.float32)
        if strategy.objectives == 1:
            return first
        return jnp.stack([first, (genotypes != 0).sum(1).astype(jnp.float32)], axis=1)

    return evaluate
