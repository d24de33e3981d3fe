"""A supernet trained on uniformly drawn networks, then searched with the weights that they inherit from it.

Guo et al., Single path one-shot NAS with uniform sampling (SPOS), arXiv:1904.00420: one network, uniformly drawn, in
each step; evolution afterwards, statistics of batch normalisation collected anew for each candidate.  The evolution is
another one here: the paper's is a genetic algorithm, with crossover and mutation of the top k of all networks so far.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

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
"""That searches with inherited weights unless another is asked for; the paper has a genetic algorithm."""


@dataclass(frozen=True)
class OneShotSettings:
    """How the supernet is trained, and how much of the budget is left to search in it."""

    sandwich: bool = False
    """Train the largest and the smallest network in each step besides the random ones (`single_shot.sandwich`)."""
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
    ends = [extreme(supernet, largest) for largest in (True, False)] if settings.sandwich else []

    def draw(key: jax.Array, share: Any) -> jax.Array:
        del share
        drawn = sample(key, cardinalities, settings.random_paths)
        return jnp.concatenate([jnp.asarray(np.stack(ends)), drawn]) if ends else drawn

    name = "sandwich" if settings.sandwich else "one_shot"
    return train_drawn(name, supernet, bounds, settings, draw, settings.random_paths + len(ends))


def train_drawn(
    name: str,
    supernet: Supernet,
    bounds: Mapping[str, float],
    settings: Any,
    draw: Callable[[jax.Array, Any], jax.Array],
    paths: int,
) -> SingleShot:
    """One set of weights, moved in each step by the networks int32[paths, D] drawn for it, then searched by STRATEGY.

    settings: with a search_share.  draw: of a key and the share of the training that is done, traceable.
    """

    def step(state: OneShotState, inputs: Inputs) -> tuple[OneShotState, Outcome]:
        draw_key, train_key = jax.random.split(inputs.key)
        networks = draw(draw_key, inputs.share)
        weights, loss, skipped = train_paths(supernet, state.weights, networks, inputs.batch, train_key, inputs.rate)
        return OneShotState(weights), Outcome(networks, networks[0], jnp.zeros((), bool), loss, skipped)

    def init(key: jax.Array) -> OneShotState:
        return OneShotState(start_weights(supernet, key))

    finish = finish_by_search(supernet, bounds, STRATEGY, {})
    return SingleShot(name, init, step, finish, None, bounds, settings, paths=paths, search_share=settings.search_share)
