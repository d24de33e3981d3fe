"""A supernet trained on uniformly drawn networks, then searched with the weights that they inherit from it.

Guo et al., Single path one-shot NAS with uniform sampling (SPOS), arXiv:1904.00420: one network, uniformly drawn, in
each step; evolution afterwards, statistics of batch normalisation collected anew for each candidate.

sandwich: the rule of Yu and Huang, Universally slimmable networks, arXiv:1903.05134, as in Cai et al., Once-for-all,
arXiv:1908.09791: each step trains the largest network, the smallest and random ones on one batch.  Without their
distillation from the largest, for which every task would need a loss of its own.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from nas_algos.checks import check_between, check_positive
from nas_algos.genotypes import checked_cardinalities, sample
from nas_algos.single_shot.algorithm import Inputs, Outcome, SingleShot
from nas_algos.single_shot.inherited import finish_by_search
from nas_algos.single_shot.relaxed import check_bounds, extreme
from nas_algos.single_shot.supernet import Supernet
from nas_algos.single_shot.weights import Weights, start_weights, train_paths

STRATEGY = "regularised_evolution"
"""That searches with inherited weights, as in the paper, unless another is asked for."""


@dataclass(frozen=True)
class OneShotSettings:
    """How the supernet is trained, and how much of the budget is left to search in it."""

    sandwich: bool = False
    """Train the largest and the smallest network in each step besides the random ones."""
    random_paths: int = 1
    """Uniformly drawn networks that each step trains."""
    search_share: float = 0.2
    """Share of the budget that the search with inherited weights may spend."""


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
    finish = finish_by_search(supernet, bounds, STRATEGY, {})
    ends = [extreme(supernet, largest) for largest in (True, False)] if settings.sandwich else []

    def step(state: OneShotState, inputs: Inputs) -> tuple[OneShotState, Outcome]:
        draw_key, train_key = jax.random.split(inputs.key)
        drawn = sample(draw_key, cardinalities, settings.random_paths)
        paths = jnp.concatenate([jnp.asarray(np.stack(ends)), drawn]) if ends else drawn
        weights, loss, skipped = train_paths(supernet, state.weights, paths, inputs.batch, train_key, inputs.rate)
        return OneShotState(weights), Outcome(paths, paths[0], jnp.zeros((), bool), loss, skipped)

    def init(key: jax.Array) -> OneShotState:
        return OneShotState(start_weights(supernet, key))

    name = "sandwich" if settings.sandwich else "one_shot"
    paths = settings.random_paths + len(ends)
    return SingleShot(name, init, step, finish, None, bounds, settings, paths=paths, search_share=settings.search_share)
