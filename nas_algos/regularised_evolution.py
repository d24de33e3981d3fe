"""Regularised (aging) evolution: a tournament picks the parent, one mutation makes the child, the oldest dies.

Real, Aggarwal, Huang and Le, Regularized Evolution for Image Classifier Architecture Search, arXiv:1802.01548,
algorithm 1.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import jax
import jax.numpy as jnp
from flax import struct

from nas_algos.checks import check_positive
from nas_algos.errors import AlgorithmInputError
from nas_algos.genotypes import checked_cardinalities, mutate, sample
from nas_algos.strategy import Strategy


@dataclass(frozen=True)
class EvolutionSettings:
    """population: genotypes alive (P in the paper).  tournament: drawn with replacement for each parent (S).

    batch: children of each round, all from the same population; the paper's algorithm is batch 1.
    """

    population: int = 50
    tournament: int = 10
    batch: int = 1


@struct.dataclass
class EvolutionState:
    """genotypes: int32[population, D], a ring; scores: float32[population]; told: int32[], trials so far."""

    genotypes: jax.Array
    scores: jax.Array
    told: jax.Array


def regularised_evolution(cardinalities: Sequence[int], settings: EvolutionSettings = EvolutionSettings()) -> Strategy:
    """Aging evolution for one objective; the first `population` genotypes are uniform."""
    choices = checked_cardinalities(cardinalities)
    check_positive("regularised_evolution", settings, "population", "tournament", "batch")
    population, batch = settings.population, settings.batch
    if batch > population:
        raise AlgorithmInputError(f"regularised_evolution: batch is {batch}; allowed: at most population {population}")

    def init(key: jax.Array) -> EvolutionState:
        del key
        return EvolutionState(
            jnp.zeros((population, len(choices)), jnp.int32),
            jnp.full(population, jnp.inf, jnp.float32),
            jnp.zeros((), jnp.int32),
        )

    def ask(state: EvolutionState, key: jax.Array) -> jax.Array:
        first_key, tournament_key, mutate_key = jax.random.split(key, 3)
        rivals = jax.random.randint(tournament_key, (batch, settings.tournament), 0, population)
        winners = rivals[jnp.arange(batch), jnp.argmin(state.scores[rivals], axis=1)]
        children = mutate(mutate_key, state.genotypes[winners], choices)
        filling = state.told + jnp.arange(batch) < population
        return jnp.where(filling[:, None], sample(first_key, choices, batch), children)

    def tell(state: EvolutionState, genotypes: jax.Array, scores: jax.Array) -> EvolutionState:
        oldest = (state.told + jnp.arange(len(genotypes))) % population
        return EvolutionState(
            state.genotypes.at[oldest].set(genotypes),
            state.scores.at[oldest].set(scores),
            state.told + len(genotypes),
        )

    return Strategy("regularised_evolution", choices, init, ask, tell, batch)
