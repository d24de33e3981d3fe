"""A supernet trained on uniformly drawn networks, then searched with the weights that they inherit from it.

Guo et al., Single path one-shot NAS with uniform sampling (SPOS), arXiv:1904.00420: one network, uniformly drawn, in
each step; evolution afterwards, statistics of batch normalisation collected anew for each candidate.

sandwich: the rule of Yu and Huang, Universally slimmable networks, arXiv:1903.05134, as in Cai et al., Once-for-all,
arXiv:1908.09791: each step trains the largest network, the smallest and random ones on one batch.  Without their
distillation from the largest, for which every task would need a loss of its own.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from nas_algos.checks import check_between, check_positive
from nas_algos.errors import AlgorithmInputError
from nas_algos.genotypes import checked_cardinalities, sample
from nas_algos.load import build_strategy
from nas_algos.loops import compiled, learn, propose, start
from nas_algos.objectives import best_quality
from nas_algos.single_shot.algorithm import Found, Inputs, Look, Outcome, SingleShot, as_genotype
from nas_algos.single_shot.relaxed import check_bounds, extreme, within
from nas_algos.single_shot.supernet import Supernet, Variables
from nas_algos.single_shot.weights import Weights, start_weights, train_paths

STALE_PROPOSALS = 500  # a strategy that proposed nothing new within the bounds so many times in a row is stopped


@dataclass(frozen=True)
class OneShotSettings:
    """sandwich: train the largest, the smallest and `random_paths` networks in each step, else these alone.

    strategy: of the search with inherited weights, a name in the registry; settings fit its number of evaluations.
    search_share: of the budget that this search may spend.
    """

    sandwich: bool = False
    random_paths: int = 1
    strategy: str = "regularised_evolution"
    search_share: float = 0.2


class OneShotState(NamedTuple):
    """The weights are all there is."""

    weights: Weights


def one_shot(
    supernet: Supernet, bounds: Mapping[str, float], settings: OneShotSettings = OneShotSettings()
) -> SingleShot:
    """Its network is the best by inherited weights among those that the search saw within the bounds {cost: most}."""
    check_positive("one_shot", settings, "random_paths")
    check_between("one_shot", settings, 0.01, 0.9, "search_share")
    cardinalities = checked_cardinalities(supernet.cardinalities)
    check_bounds("one_shot", supernet, bounds)
    objective = best_quality(bounds)
    build_strategy(settings.strategy, cardinalities, 1, objectives=1)  # a wrong name is told before the training
    ends = [extreme(supernet, largest) for largest in (True, False)] if settings.sandwich else []

    def step(state: OneShotState, inputs: Inputs) -> tuple[OneShotState, Outcome]:
        draw_key, train_key = jax.random.split(inputs.key)
        drawn = sample(draw_key, cardinalities, settings.random_paths)
        paths = jnp.concatenate([jnp.asarray(np.stack(ends)), drawn]) if ends else drawn
        weights, loss, skipped = train_paths(supernet, state.weights, paths, inputs.batch, train_key, inputs.rate)
        return OneShotState(weights), Outcome(paths, paths[0], jnp.zeros((), bool), loss, skipped)

    def finish(state: OneShotState, evaluations: int, key: jax.Array) -> Found:
        variables = Variables(state.weights.params, state.weights.statistics)
        strategy = build_strategy(settings.strategy, cardinalities, evaluations, objectives=1)
        searching, rounds_key = start(strategy, key)
        strategy = compiled(strategy)
        cost = jax.jit(supernet.cost)
        known: dict[tuple[int, ...], float] = {}
        stale = rounds = 0
        while len(known) < evaluations and stale < STALE_PROPOSALS:
            genotypes = propose(strategy, searching, rounds_key, rounds)
            costs = cost(genotypes)
            qualities, stale = [], stale + len(genotypes)
            for row, inside in zip(map(as_genotype, genotypes), within(costs, bounds), strict=True):
                if inside and row not in known and len(known) < evaluations:
                    known[row], stale = supernet.quality(variables, row), 0
                # what is over a bound scores by how far it is, whatever its quality
                qualities.append(known.get(row, math.nan) if inside else 0.0)
            searching = learn(strategy, searching, genotypes, objective.score(np.array(qualities), costs))
            rounds += 1
        looks = tuple(Look(genotype, quality) for genotype, quality in known.items())
        best = max((look for look in looks if math.isfinite(look.quality)), key=lambda look: look.quality, default=None)
        if best is None:
            why = "none could be judged" if looks else "none was within the bounds"
            raise AlgorithmInputError(
                f"one_shot: of {rounds * strategy.batch} networks proposed {why}; allowed: bounds some keep"
            )
        return Found(best.genotype, None, looks)

    def init(key: jax.Array) -> OneShotState:
        return OneShotState(start_weights(supernet, key))

    name = "sandwich" if settings.sandwich else "one_shot"
    paths = settings.random_paths + len(ends)
    return SingleShot(name, init, step, finish, None, bounds, settings, paths=paths, search_share=settings.search_share)
