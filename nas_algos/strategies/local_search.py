"""Local search: walk to a better neighbour until there is none, then start again elsewhere.

White, Nolen and Savani, Exploring the Loss Landscape in Neural Architecture Search, arXiv:2005.02960.  This is its
variant that moves to the first better neighbour instead of trying all of them.  Other than there, in place of a
neighbour that was tried already a neighbour of that one is (`nas_algos.distinct`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import jax
import jax.numpy as jnp
from flax import struct

from nas_algos.checks import check_positive
from nas_algos.genotypes import checked_cardinalities, sample
from nas_algos.keys import split
from nas_algos.strategy import Strategy


@dataclass(frozen=True)
class LocalSearchSettings:
    """batch: neighbours tried in each round, of which the best counts."""

    batch: int = 1


@struct.dataclass
class LocalSearchState:
    """genotype: int32[D], where it stands; score: float32[].  order: int32[N], in which neighbours are tried, in turn.

    tried: int32[], trials so far.  stale: int32[], trials since the last move; N or more is a local optimum.
    """

    genotype: jax.Array
    score: jax.Array
    order: jax.Array
    tried: jax.Array
    stale: jax.Array


def local_search(cardinalities: Sequence[int], settings: LocalSearchSettings = LocalSearchSettings()) -> Strategy:
    """First-improvement local search for one objective, with uniform restarts."""
    choices = checked_cardinalities(cardinalities)
    check_positive("local_search", settings, "batch")
    batch = settings.batch
    moves = [(decision, step) for decision, count in enumerate(choices) for step in range(1, count)]
    neighbours = len(moves)
    decisions, steps = jnp.array(moves or [(0, 0)], jnp.int32).T

    def init(key: jax.Array) -> LocalSearchState:
        order_key, genotype_key = split(key)
        return LocalSearchState(
            genotype=sample(genotype_key, choices, 1)[0],
            score=jnp.full((), jnp.inf, jnp.float32),
            order=jax.random.permutation(order_key, max(neighbours, 1)).astype(jnp.int32),
            tried=jnp.zeros((), jnp.int32),
            stale=jnp.full((), neighbours, jnp.int32),
        )

    def ask(state: LocalSearchState, key: jax.Array) -> jax.Array:
        move = state.order[(state.tried + jnp.arange(batch)) % len(state.order)]
        decision = decisions[move]
        value = (state.genotype[decision] + steps[move]) % jnp.array(choices, jnp.int32)[decision]
        nearby = jnp.tile(state.genotype, (batch, 1)).at[jnp.arange(batch), decision].set(value)
        return jnp.where(state.stale >= neighbours, sample(key, choices, batch), nearby)

    def tell(state: LocalSearchState, genotypes: jax.Array, scores: jax.Array) -> LocalSearchState:
        best = jnp.argmin(scores)
        moves_on = (scores[best] < state.score) | (state.stale >= neighbours)
        return LocalSearchState(
            genotype=jnp.where(moves_on, genotypes[best], state.genotype),
            score=jnp.where(moves_on, scores[best], state.score),
            order=state.order,
            tried=state.tried + len(genotypes),
            stale=jnp.where(moves_on, 0, state.stale + len(genotypes)),
        )

    return Strategy("local_search", choices, init, ask, tell, batch)
