"""NSGA-II: the best fronts survive, and within the last front the least crowded.

Deb, Pratap, Agarwal and Meyarivan, A Fast and Elitist Multiobjective Genetic Algorithm: NSGA-II, IEEE Transactions on
Evolutionary Computation 6(2), 2002.  For choices instead of numbers: uniform crossover, and mutation that redraws a
decision.  Children that are alive already, or twice among their siblings, are replaced while there are spare ones.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import jax
import jax.numpy as jnp
from flax import struct

from nas_algos.checks import check_between, check_positive
from nas_algos.genotypes import checked_cardinalities, sample
from nas_algos.pareto import crowding, front_ranks
from nas_algos.strategy import Strategy


@dataclass(frozen=True)
class Nsga2Settings:
    """population: genotypes alive.  batch: children of each round.  objectives: columns of a score, 2 or more.

    mutated_decisions: expected number of decisions redrawn in a child.  crossover: probability of two parents.
    spares: children made for each that is asked for.
    """

    population: int = 20
    batch: int = 20
    objectives: int = 2
    mutated_decisions: float = 1.0
    crossover: float = 0.9
    spares: int = 3


@struct.dataclass
class Nsga2State:
    """genotypes: int32[population, D]; scores: float32[population, M]; told: int32[], trials so far.

    strength: float32[population], smaller is better: front, then crowding; +inf where nobody lives.
    """

    genotypes: jax.Array
    scores: jax.Array
    strength: jax.Array
    told: jax.Array


def nsga2(cardinalities: Sequence[int], settings: Nsga2Settings = Nsga2Settings()) -> Strategy:
    """NSGA-II for two objectives or more; the first `population` genotypes are uniform."""
    choices = checked_cardinalities(cardinalities)
    check_positive("nsga2", settings, "population", "batch", "spares")
    check_between("nsga2", settings, 2, 8, "objectives")
    check_between("nsga2", settings, 0, len(choices), "mutated_decisions")
    check_between("nsga2", settings, 0, 1, "crossover")
    population, batch = settings.population, settings.batch
    made = batch * settings.spares
    mutation = settings.mutated_decisions / len(choices)

    def init(key: jax.Array) -> Nsga2State:
        return Nsga2State(
            sample(key, choices, population),
            jnp.full((population, settings.objectives), jnp.inf, jnp.float32),
            jnp.full(population, jnp.inf, jnp.float32),
            jnp.zeros((), jnp.int32),
        )

    def ask(state: Nsga2State, key: jax.Array) -> jax.Array:
        first_key, rivals_key, child_key = jax.random.split(key, 3)
        rivals = jax.random.randint(rivals_key, (2, 2, made), 0, population)
        fights = state.strength[rivals]
        mothers, fathers = jnp.where(fights[0] <= fights[1], rivals[0], rivals[1])
        draws = jax.random.uniform(child_key, (3, made, len(choices)))
        paired = draws[0, :, :1] < settings.crossover
        genes = jnp.where(paired & (draws[1] < 0.5), state.genotypes[fathers], state.genotypes[mothers])
        redraws = draws[2] < mutation  # and where it is, draws[2] / mutation is uniform again
        steps = 1 + jnp.floor(draws[2] / max(mutation, 1e-9) * (jnp.array([choices]) - 1).astype(jnp.float32))
        moved = (genes + steps.astype(jnp.int32)) % jnp.array([choices], jnp.int32)
        children = _distinct_first(jnp.where(redraws, moved, genes), state.genotypes)[:batch]
        filling = state.told + jnp.arange(batch) < population
        return jnp.where(filling[:, None], sample(first_key, choices, batch), children)

    def tell(state: Nsga2State, genotypes: jax.Array, scores: jax.Array) -> Nsga2State:
        everyone = jnp.concatenate([state.genotypes, jnp.asarray(genotypes)])
        totals = jnp.concatenate([state.scores, jnp.asarray(scores)])
        born = jnp.arange(len(everyone)) >= population
        alive = born | ~jnp.isinf(state.strength)[jnp.minimum(jnp.arange(len(everyone)), population - 1)]
        present = alive & ~_seen_before(everyone, alive)
        ranks = front_ranks(totals, present, population)
        distance = crowding(totals, ranks)
        # rank first, then the less crowded: 1 / (1 + distance) lies in 0..1
        strength = jnp.where(present, ranks.astype(jnp.float32) + 0.99 / (1 + distance), jnp.inf)
        kept = jnp.argsort(strength)[:population]
        return Nsga2State(everyone[kept], totals[kept], strength[kept], state.told + len(genotypes))

    return Strategy("nsga2", choices, init, ask, tell, batch, settings.objectives)


def _equal(rows: jax.Array, others: jax.Array) -> jax.Array:
    """bool[n, m]: is row i of [n, D] the same genotype as row j of [m, D]?"""
    return (rows[:, None] == others[None]).all(-1)


def _seen_before(genotypes: jax.Array, alive: jax.Array) -> jax.Array:
    """bool[n]: is there an equal genotype alive further up?"""
    count = len(genotypes)
    return (jnp.tri(count, k=-1, dtype=bool) & _equal(genotypes, genotypes) & alive[None]).any(1)


def _distinct_first(children: jax.Array, population: jax.Array) -> jax.Array:
    """The children [n, D] in another order: those not in the population nor further up come first."""
    repeated = _equal(children, population).any(1) | _seen_before(children, jnp.ones(len(children), bool))
    return children[jnp.argsort(repeated, stable=True)]
