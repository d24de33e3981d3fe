"""NSGA-II: the best fronts survive, and within the last front the least crowded.

Deb, Pratap, Agarwal and Meyarivan, A Fast and Elitist Multiobjective Genetic Algorithm: NSGA-II, IEEE Transactions on
Evolutionary Computation 6(2), 2002.  For choices instead of numbers: the father gives a run of decisions (two-point
crossover), and mutation redraws a decision.  The first genotypes are stratified: each choice of a decision comes as
often as the others in a round.  What breaks a bound is dominated by all that keeps it, by its score (section VI of the
paper; `nas_algos.objectives`).

The defaults were tuned, at 300 trials, on benchmarks.experiments.strategies.problems.tuning_tables, and nowhere else.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import jax
import jax.numpy as jnp
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
    stratified,
)
from nas_algos.pareto import crowding, first_places, front_ranks
from nas_algos.strategy import Strategy


@dataclass(frozen=True)
class Nsga2Settings:
    """What may be set."""

    population: int = 12
    """Genotypes alive."""
    batch: int = 12
    """Children of each round."""
    objectives: int = 2
    """Columns of a score, 2 or more."""
    mutated_decisions: float = 0.5
    """Expected number of decisions redrawn in a child, of those with a choice."""
    crossover: float = 0.9
    """Probability of two parents."""


@struct.dataclass
class Nsga2State:
    """Who lives."""

    genotypes: jax.Array
    """int32[population, D]."""
    scores: jax.Array
    """float32[population, M]."""
    strength: jax.Array
    """float32[population], smaller is better: front, then crowding; +inf where nobody lives."""
    told: jax.Array
    """int32[], trials so far."""


def nsga2(cardinalities: Sequence[int], settings: Nsga2Settings = Nsga2Settings()) -> Strategy:
    """NSGA-II for two objectives or more; the first `population` genotypes are stratified, round by round."""
    choices = checked_cardinalities(cardinalities)
    check_positive("nsga2", settings, "batch")
    check_whole("nsga2", settings, 1, MOST_DRAWN, "population")
    check_whole("nsga2", settings, 2, 8, "objectives")
    check_between("nsga2", settings, 0, open_decisions(choices), "mutated_decisions")
    check_between("nsga2", settings, 0, 1, "crossover")
    population, batch = settings.population, settings.batch
    counts = jnp.array([choices], jnp.int32)
    redrawn = limit_for(settings.mutated_decisions / open_decisions(choices))

    def init(key: jax.Array) -> Nsga2State:
        del key
        return Nsga2State(
            jnp.zeros((population, len(choices)), jnp.int32),
            jnp.full((population, settings.objectives), jnp.inf, jnp.float32),
            jnp.full(population, jnp.inf, jnp.float32),
            jnp.zeros((), jnp.int32),
        )

    def child(state: Nsga2State, words: jax.Array, draws: jax.Array) -> jax.Array:
        # the best come first, so that places where nobody lives are the last ones
        alive = jnp.isfinite(state.strength).sum()
        rivals = below(words[:4], jnp.maximum(alive, 1).astype(jnp.uint32))
        fights = state.strength[rivals]
        mothers = jnp.where(fights[0] <= fights[1], rivals[0], rivals[1])
        fathers = jnp.where(fights[2] <= fights[3], rivals[2], rivals[3])
        paired = words[4] < limit_for(settings.crossover)
        one, other = below(words[5], len(choices)), below(words[6], len(choices) + 1)
        place = jnp.arange(len(choices))[None]
        run = (place >= jnp.minimum(one, other)[:, None]) & (place < jnp.maximum(one, other)[:, None])
        genes = jnp.where(paired[:, None] & run, state.genotypes[fathers], state.genotypes[mothers])
        moved = genes + 1 + below(draws[0], counts - 1)
        moved = jnp.where(moved >= counts, moved - counts, moved)
        return jnp.where(draws[1] < redrawn, moved, genes)

    def ask(state: Nsga2State, key: jax.Array) -> jax.Array:
        small = 7 * batch
        words = random_bits(key, (small + 2 * batch * len(choices),))
        words, draws = words[:small].reshape(-1, batch), words[small:].reshape(2, batch, len(choices))
        nobody = ~jnp.isfinite(state.strength[0])
        filling = (state.told + jnp.arange(batch) < population) | nobody
        return jnp.where(filling[:, None], stratified(draws, choices), child(state, words, draws))

    def tell(state: Nsga2State, genotypes: jax.Array, scores: jax.Array) -> Nsga2State:
        everyone = jnp.concatenate([state.genotypes, jnp.asarray(genotypes)])
        totals = jnp.concatenate([state.scores, jnp.asarray(scores)])
        alive = jnp.isfinite(state.strength)
        present = jnp.concatenate([alive, ~new_twins(everyone, alive, choices)])
        ranks = front_ranks(totals, present, population)
        # rank first, then the less crowded: 1 / (1 + distance) lies in 0..1
        crowded = 0.99 / (1 + crowding(totals, ranks))
        strength = jnp.where(present, ranks.astype(jnp.float32) + crowded, jnp.inf)
        kept = first_places(strength, population)
        return Nsga2State(
            everyone[kept],
            totals[kept],
            strength[kept],
            state.told + len(genotypes),
        )

    return Strategy("nsga2", choices, init, ask, tell, batch, settings.objectives)
