"""Regularised (aging) evolution: a tournament picks the parent, one mutation makes the child, the oldest dies.

Real, Aggarwal, Huang and Le, Regularized Evolution for Image Classifier Architecture Search, arXiv:1802.01548,
algorithm 1.  Other than there, a child that was tried already is mutated again (`nas_algos.distinct`), and small
budgets get small populations (`nas_algos.small_budgets`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import jax
import jax.numpy as jnp
from flax import struct

from nas_algos.checks import check_positive, check_whole
from nas_algos.errors import AlgorithmInputError
from nas_algos.genotypes import MOST_DRAWN, below, checked_cardinalities, mutate_by, random_bits, sample
from nas_algos.keys import split
from nas_algos.strategy import Strategy


@dataclass(frozen=True)
class EvolutionSettings:
    """What may be set."""

    population: int = 50
    """Genotypes alive (P in the paper)."""
    tournament: int = 10
    """Drawn with replacement for each parent (S)."""
    batch: int = 1
    """Children of each round, all from the same population; the paper's algorithm is batch 1."""


@struct.dataclass
class EvolutionState:
    """genotypes: int32[population, D], a ring; scores: float32[population]; told: int32[], trials so far."""

    genotypes: jax.Array
    scores: jax.Array
    told: jax.Array


def regularised_evolution(cardinalities: Sequence[int], settings: EvolutionSettings = EvolutionSettings()) -> Strategy:
    """Aging evolution for one objective; the first `population` genotypes are uniform."""
    choices = checked_cardinalities(cardinalities)
    check_positive("regularised_evolution", settings, "tournament", "batch")
    check_whole("regularised_evolution", settings, 1, MOST_DRAWN, "population")
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

    def child(state: EvolutionState, key: jax.Array, alive: Any = population) -> jax.Array:
        # all bits at once: small draws one by one would take most of the time of a search in a table
        bits = random_bits(key, (settings.tournament + 2, batch))
        rivals = below(bits[2:], alive)
        rival_scores = state.scores[rivals]
        winners, best = rivals[0], rival_scores[0]
        for rival, score in zip(rivals[1:], rival_scores[1:], strict=True):  # XLA fuses this, and not argmin
            winners, best = jnp.where(score < best, rival, winners), jnp.minimum(score, best)
        return mutate_by(bits[:2], state.genotypes[winners], choices)

    def ask(state: EvolutionState, key: jax.Array) -> jax.Array:
        def first(state: EvolutionState, key: jax.Array) -> jax.Array:
            first_key, child_key = split(key)
            filling = state.told + jnp.arange(batch) < population
            # the ring fills from its first place on
            children = child(state, child_key, jnp.maximum(state.told, 1).astype(jnp.uint32))
            return jnp.where(filling[:, None], sample(first_key, choices, batch), children)

        return jax.lax.cond(state.told < population, first, child, state, key)

    def tell(state: EvolutionState, genotypes: jax.Array, scores: jax.Array) -> EvolutionState:
        oldest = state.told % population
        return EvolutionState(
            _overwrite(state.genotypes, genotypes, oldest),
            _overwrite(state.scores, scores, oldest),
            state.told + len(genotypes),
        )

    return Strategy("regularised_evolution", choices, init, ask, tell, batch)


def _overwrite(ring: jax.Array, rows: jax.Array, first: jax.Array) -> jax.Array:
    """The ring with these rows from place `first` on, where it began again at the end."""
    if len(rows) == 1:  # the same as below, and many times faster in a scan
        return jax.lax.dynamic_update_slice_in_dim(ring, rows, first, axis=0)
    return ring.at[(first + jnp.arange(len(rows))) % len(ring)].set(rows)
