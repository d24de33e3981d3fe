"""Strict fairness: X. Chu et al., FairNAS, arXiv:1907.01845, algorithm 1.

Each step trains as many networks as the decision with most choices has choices, drawn without replacement: each of
these choices is in exactly one of them, and the weights move once, by the gradients of all.  Here decisions have
different numbers of choices; one with fewer goes on where the last step stopped, so that after every step the updates
of its choices differ by one at most.  The mean of the gradients is taken instead of their sum: Adam alone would not
notice, but where their norm is clipped before it, as the tasks' optimiser does, sums are clipped sooner than means.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp

from nas_algos.checks import check_between
from nas_algos.genotypes import checked_cardinalities, random_bits
from nas_algos.single_shot.algorithm import Inputs, Outcome, SingleShot
from nas_algos.single_shot.inherited import finish_by_search
from nas_algos.single_shot.one_shot import STRATEGY
from nas_algos.single_shot.relaxed import check_bounds
from nas_algos.single_shot.supernet import Supernet
from nas_algos.single_shot.weights import Weights, start_weights, train_paths


@dataclass(frozen=True)
class FairSettings:
    """How much of the budget is left to search in the supernet."""

    search_share: float = 0.2
    """Share of the budget that the search with inherited weights may spend."""


class FairState(NamedTuple):
    """The weights, and the networks trained so far, int32[]."""

    weights: Weights
    trained: Any


def fair(supernet: Supernet, bounds: Mapping[str, float], settings: FairSettings = FairSettings()) -> SingleShot:
    """Its network is the best by inherited weights among those that the search saw within the bounds {cost: most}."""
    check_between("fair", settings, 0.01, 0.9, "search_share")
    cardinalities = checked_cardinalities(supernet.cardinalities)
    check_bounds("fair", supernet, bounds)
    paths = max(cardinalities)

    def init(key: jax.Array) -> FairState:
        return FairState(start_weights(supernet, key), jnp.zeros((), jnp.int32))

    def step(state: FairState, inputs: Inputs) -> tuple[FairState, Outcome]:
        draw_key, train_key = jax.random.split(inputs.key)
        networks = fair_networks(draw_key, cardinalities, paths, state.trained)
        weights, loss, skipped = train_paths(supernet, state.weights, networks, inputs.batch, train_key, inputs.rate)
        outcome = Outcome(networks, networks[0], jnp.zeros((), bool), loss, skipped)
        return FairState(weights, state.trained + paths), outcome

    finish = finish_by_search(supernet, bounds, STRATEGY, {})
    return SingleShot(
        "fair", init, step, finish, None, bounds, settings, paths=paths, search_share=settings.search_share
    )


def fair_networks(key: jax.Array, cardinalities: tuple[int, ...], count: int, trained: jax.Array) -> jax.Array:
    """int32[count, D], of each decision the choices that come next after `trained` networks, in random order."""
    order = jnp.argsort(random_bits(key, (count, len(cardinalities))), axis=0).astype(jnp.int32)
    return (trained + order) % jnp.array([cardinalities], jnp.int32)
