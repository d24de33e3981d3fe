"""Genetic algorithm for one objective: tournaments pick two parents, the best of parents and children live on.

Goldberg and Deb, A Comparative Analysis of Selection Schemes Used in Genetic Algorithms, Foundations of Genetic
Algorithms 1, 1991 (tournaments), with Syswerda's uniform crossover.  One child at a time replaces the worst (steady
state); no two alike live.  Where nothing better has been found for long all start anew, an idea of Eshelman, The CHC
Adaptive Search Algorithm, Foundations of Genetic Algorithms 1, 1991.  There the best one stays, and the others become
mutants of it; here all are uniform, as descendants of the best would lead back to where the search was caught.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import jax
import jax.numpy as jnp
import numpy as np
from flax import struct

from nas_algos.checks import check_between, check_positive, check_whole
from nas_algos.genotypes import (
    MOST_DRAWN,
    below,
    checked_cardinalities,
    limit_for,
    new_twins,
    open_decisions,
    random_bits,
)
from nas_algos.pareto import first_places
from nas_algos.strategy import Strategy


@dataclass(frozen=True)
class GeneticSettings:
    """What may be set."""

    population: int = 20
    """Genotypes alive."""
    batch: int = 1
    """Children of each round, all from the same population."""
    tournament: int = 2
    """Drawn for each parent, of which the best is taken."""
    crossover: float = 0.9
    """Probability of two parents."""
    mutated_decisions: float = 1.0
    """Expected number of decisions redrawn in a child, of those with a choice."""
    patience: int = 10
    """Trials without a better one until all start anew, over the larger of the population and the number of networks
    that are a single change away.  Fewer than 10 cost quality on the tables that defaults are tuned on."""


@struct.dataclass
class GeneticState:
    """Who lives."""

    genotypes: jax.Array
    """int32[population, D]."""
    scores: jax.Array
    """float32[population], +inf where nobody lives."""
    alive: jax.Array
    """int32[], how many live: the first so many; twins leave places empty."""
    told: jax.Array
    """int32[], trials since the last start."""
    stalled: jax.Array
    """int32[], trials since the best of them."""


def genetic(cardinalities: Sequence[int], settings: GeneticSettings = GeneticSettings()) -> Strategy:
    """A genetic algorithm for one objective; the first `population` genotypes are uniform."""
    choices = checked_cardinalities(cardinalities)
    check_positive("genetic", settings, "batch", "tournament", "patience")
    check_whole("genetic", settings, 1, MOST_DRAWN, "population")
    check_between("genetic", settings, 0, 1, "crossover")
    check_between("genetic", settings, 0, open_decisions(choices), "mutated_decisions")
    population, batch, decisions = settings.population, settings.batch, len(choices)
    counts = jnp.array([choices], jnp.int32)
    patience = min(settings.patience * max(population, sum(choices) - decisions), np.iinfo(np.int32).max)
    redrawn = limit_for(settings.mutated_decisions / open_decisions(choices))
    paired = limit_for(settings.crossover)

    def init(key: jax.Array) -> GeneticState:
        del key
        return GeneticState(
            jnp.zeros((population, decisions), jnp.int32),
            jnp.full(population, jnp.inf, jnp.float32),
            jnp.zeros((), jnp.int32),
            jnp.zeros((), jnp.int32),
            jnp.zeros((), jnp.int32),
        )

    def parents(state: GeneticState, bits: jax.Array) -> jax.Array:
        rivals = below(bits, jnp.maximum(state.alive, 1).astype(jnp.uint32))
        winners, best = rivals[0], state.scores[rivals[0]]
        for rival in rivals[1:]:
            score = state.scores[rival]
            winners, best = jnp.where(score < best, rival, winners), jnp.minimum(score, best)
        return state.genotypes[winners]

    def ask(state: GeneticState, key: jax.Array) -> jax.Array:
        tournament = settings.tournament
        bits = random_bits(key, (batch, 2 * tournament + 1 + 3 * decisions))
        small, large = bits[:, : 2 * tournament + 1].T, bits[:, 2 * tournament + 1 :].reshape(batch, 3, decisions)
        mothers, fathers = parents(state, small[:tournament]), parents(state, small[tournament:-1])
        swapped = (large[:, 0] >> 31).astype(bool) & (small[-1] < paired)[:, None]
        genes = jnp.where(swapped, fathers, mothers)
        moved = genes + 1 + below(large[:, 1], counts - 1)
        moved = jnp.where(moved >= counts, moved - counts, moved)
        children = jnp.where((large[:, 2] < redrawn) & (counts > 1), moved, genes)
        filling = (state.told + jnp.arange(batch) < population) | (state.alive == 0)
        return jnp.where(filling[:, None], below(large[:, 1], counts), children)

    def tell(state: GeneticState, genotypes: jax.Array, scores: jax.Array) -> GeneticState:
        everyone = jnp.concatenate([state.genotypes, jnp.asarray(genotypes)])
        totals = jnp.concatenate([state.scores, jnp.asarray(scores)])
        alive = jnp.arange(population) < state.alive
        gone = jnp.concatenate([~alive, new_twins(everyone, alive, choices)])
        # failed ones before places where nobody lives
        kept = first_places(jnp.where(gone, jnp.inf, jnp.minimum(totals, 3e38)), population)
        better = totals[kept[0]] < state.scores[0]
        stalled = jnp.where(better, 0, state.stalled + len(genotypes))
        over = stalled >= patience
        return GeneticState(
            everyone[kept],
            jnp.where(over, jnp.inf, totals[kept]),
            jnp.where(over, 0, jnp.minimum((~gone).sum(), population)),
            jnp.where(over, 0, state.told + len(genotypes)),
            jnp.where(over, 0, stalled),
        )

    return Strategy("genetic", choices, init, ask, tell, batch)
