"""A small problem with known optima, and an evaluator that remembers."""

import jax.numpy as jnp

from nas_algos.evaluator import Immediate

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


class Asked(Immediate):
    """An evaluator that notes what it was asked for."""

    def __init__(self, quality, cost, cardinalities):
        super().__init__(cardinalities, cost, self.answer)
        self.quality, self.requests = quality, []

    def answer(self, requests):
        self.requests += requests
        return [self.quality(request) for request in requests]

    @property
    def genotypes(self):
        return [request.genotype for request in self.requests]
