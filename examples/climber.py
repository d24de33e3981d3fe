"""Hill climbing: change one decision of the best genotype, and keep the change unless it is worse."""

import jax.numpy as jnp

from nas_algos.genotypes import mutate, sample
from nas_algos.strategy import Strategy


def strategy(cardinalities):
    def init(key):
        return sample(key, cardinalities, 1), jnp.full(1, jnp.inf)

    def ask(state, key):
        return mutate(key, state[0], cardinalities)

    def tell(state, genotypes, scores):
        better = scores <= state[1]
        return jnp.where(better[:, None], genotypes, state[0]), jnp.where(better, scores, state[1])

    return Strategy("climber", tuple(cardinalities), init, ask, tell)
