"""NSGA-II: the best fronts survive, and within the last front the least crowded.

Deb, Pratap, Agarwal and Meyarivan, A Fast and Elitist Multiobjective Genetic Algorithm: NSGA-II, IEEE Transactions on
Evolutionary Computation 6(2), 2002.  For choices instead of numbers: the father gives a run of decisions (two-point
crossover), and mutation redraws a decision.  A child that was tried already, or has a twin among its siblings, is
mutated again.  The first genotypes are stratified: each choice of a decision comes as often as the others (a Latin
hypercube; McKay, Beckman and Conover, Technometrics 21(2), 1979).

The defaults were tuned, at 300 trials, on benchmarks.experiments.strategies.problems.tuning_tables, and nowhere else.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import jax
import jax.numpy as jnp
import numpy as np
from flax import struct

from nas_algos.checks import check_between, check_positive
from nas_algos.genotypes import below, checked_cardinalities, codes, mutate_by, random_bits
from nas_algos.pareto import crowding, first_places, front_ranks
from nas_algos.strategy import Strategy


@dataclass(frozen=True)
class Nsga2Settings:
    """population: genotypes alive.  batch: children of each round.  objectives: columns of a score, 2 or more.

    mutated_decisions: expected number of decisions redrawn in a child.  crossover: probability of two parents.
    retries: further mutations of a child that was tried already.  memory: places of a table of what was tried; what
    comes to the same place later drives out what was there.
    """

    population: int = 12
    batch: int = 12
    objectives: int = 2
    mutated_decisions: float = 0.5
    crossover: float = 0.9
    retries: int = 2
    memory: int = 512


@struct.dataclass
class Nsga2State:
    """genotypes: int32[population, D]; scores: float32[population, M]; told: int32[], trials so far.

    strength: float32[population], smaller is better: front, then crowding; +inf where nobody lives.
    tried: uint32[memory], codes of trials, each at the place of its remainder.
    """

    genotypes: jax.Array
    scores: jax.Array
    strength: jax.Array
    tried: jax.Array
    told: jax.Array


def nsga2(cardinalities: Sequence[int], settings: Nsga2Settings = Nsga2Settings()) -> Strategy:
    """NSGA-II for two objectives or more; the first `population` genotypes are stratified."""
    choices = checked_cardinalities(cardinalities)
    check_positive("nsga2", settings, "population", "batch", "memory")
    check_between("nsga2", settings, 0, 100, "retries")
    check_between("nsga2", settings, 2, 8, "objectives")
    check_between("nsga2", settings, 0, len(choices), "mutated_decisions")
    check_between("nsga2", settings, 0, 1, "crossover")
    check_between("nsga2", settings, 2, 1 << 20, "memory")
    population, batch, memory = settings.population, settings.batch, settings.memory
    counts, redrawn = jnp.array([choices], jnp.int32), _share(settings.mutated_decisions / len(choices))

    def init(key: jax.Array) -> Nsga2State:
        del key
        return Nsga2State(
            jnp.zeros((population, len(choices)), jnp.int32),
            jnp.full((population, settings.objectives), jnp.inf, jnp.float32),
            jnp.full(population, jnp.inf, jnp.float32),
            jnp.arange(1, memory + 1, dtype=jnp.uint32),  # at no place the code of that place, so nothing was tried
            jnp.zeros((), jnp.int32),
        )

    def child(state: Nsga2State, words: jax.Array, draws: jax.Array) -> jax.Array:
        rivals = below(words[:4], population)
        fights = state.strength[rivals]
        mothers = jnp.where(fights[0] <= fights[1], rivals[0], rivals[1])
        fathers = jnp.where(fights[2] <= fights[3], rivals[2], rivals[3])
        paired = words[4] < _share(settings.crossover)
        one, other = below(words[5], len(choices)), below(words[6], len(choices) + 1)
        place = jnp.arange(len(choices))[None]
        run = (place >= jnp.minimum(one, other)[:, None]) & (place < jnp.maximum(one, other)[:, None])
        genes = jnp.where(paired[:, None] & run, state.genotypes[fathers], state.genotypes[mothers])
        moved = genes + 1 + below(draws[0], counts - 1)
        moved = jnp.where(moved >= counts, moved - counts, moved)
        return jnp.where(draws[1] < redrawn, moved, genes)

    def stratified(draws: jax.Array) -> jax.Array:
        stratum = (draws[1][:, None] < draws[1][None]).sum(0, dtype=jnp.int32)
        # a place in the stratum, in case there are more choices than children
        return (stratum * counts + below(draws[0], counts)) // batch

    def repeated(state: Nsga2State, children: jax.Array) -> jax.Array:
        marks = codes(children, choices)
        twins = jnp.tri(batch, k=-1, dtype=bool).T & (marks[:, None] == marks[None])
        return (state.tried[marks % memory] == marks) | twins.any(0)

    def ask(state: Nsga2State, key: jax.Array) -> jax.Array:
        small = (7 + 2 * settings.retries) * batch
        words = random_bits(key, (small + 2 * batch * len(choices),))
        words, draws = words[:small].reshape(-1, batch), words[small:].reshape(2, batch, len(choices))
        filling = state.told + jnp.arange(batch) < population
        children = jnp.where(filling[:, None], stratified(draws), child(state, words, draws))
        for retry in range(7, len(words), 2):
            again = mutate_by(words[retry : retry + 2], children, choices)
            children = jnp.where(repeated(state, children)[:, None], again, children)
        return children

    def tell(state: Nsga2State, genotypes: jax.Array, scores: jax.Array) -> Nsga2State:
        everyone = jnp.concatenate([state.genotypes, jnp.asarray(genotypes)])
        totals = jnp.concatenate([state.scores, jnp.asarray(scores)])
        alive = jnp.concatenate([jnp.isfinite(state.strength), jnp.ones(len(genotypes), bool)])
        marks = codes(everyone, choices)
        # who lives already has no twin, so that only the new rows, the columns here, are to be compared with all above
        above = jnp.tri(len(genotypes), len(everyone), population - 1, dtype=bool).T & alive[:, None]
        twins = (above & (marks[:, None] == marks[None, population:])).any(0)
        present = jnp.concatenate([alive[:population], ~twins])
        ranks = front_ranks(totals, present, population)
        # rank first, then the less crowded: 1 / (1 + distance) lies in 0..1
        crowded = 0.99 / (1 + crowding(totals, ranks))
        strength = jnp.where(present, ranks.astype(jnp.float32) + crowded, jnp.inf)
        kept = first_places(strength, population)
        return Nsga2State(
            everyone[kept],
            totals[kept],
            strength[kept],
            state.tried.at[marks[population:] % memory].set(marks[population:]),
            state.told + len(genotypes),
        )

    return Strategy("nsga2", choices, init, ask, tell, batch, settings.objectives)


def _share(probability: float) -> np.uint32:
    """The limit that a random word is below with this probability."""
    return np.uint32(min(round(probability * 2**32), 2**32 - 1))
