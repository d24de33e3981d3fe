"""Few-shot NAS: Y. Zhao et al., arXiv:2006.06863, section 3: several supernets, each of a part of the space.

One decision splits the space; the networks of each of its choices share weights among themselves alone.  One supernet
is trained on uniformly drawn networks first, then each part goes on from its weights and its optimiser's moments (the
paper's transfer), on networks that are still drawn from the whole space, so that every part gets its share.  All is
charged: the spend is that of one supernet, divided among the parts.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from nas_algos.checks import check_between, check_whole
from nas_algos.evaluator import Genotype
from nas_algos.genotypes import checked_cardinalities, sample
from nas_algos.single_shot.algorithm import Inputs, Outcome, SingleShot
from nas_algos.single_shot.inherited import finish_by_search
from nas_algos.single_shot.one_shot import STRATEGY
from nas_algos.single_shot.relaxed import check_bounds, choice_macs
from nas_algos.single_shot.supernet import Supernet, Variables
from nas_algos.single_shot.weights import Weights, start_weights, train_paths


@dataclass(frozen=True)
class FewShotSettings:
    """What splits the space and when, and how much of the budget is left to search in the supernets."""

    decision: int = -1
    """The place in the genotype of the decision that splits; -1: the one whose choices differ most in MACs."""
    shared_share: float = 0.5
    """Share of the training before the split."""
    search_share: float = 0.2
    """Share of the budget that the search with inherited weights may spend."""


class FewShotState(NamedTuple):
    """Weights of every part, each leaf with an axis of parts in front; alike until the split."""

    weights: Weights


def few_shot(
    supernet: Supernet, bounds: Mapping[str, float], settings: FewShotSettings = FewShotSettings()
) -> SingleShot:
    """Its network is the best by inherited weights among those that the search saw within the bounds {cost: most}."""
    check_between("few_shot", settings, 0.0, 0.95, "shared_share")
    check_between("few_shot", settings, 0.01, 0.9, "search_share")
    cardinalities = checked_cardinalities(supernet.cardinalities)
    check_bounds("few_shot", supernet, bounds)
    check_whole("few_shot", settings, -1, len(cardinalities) - 1, "decision")
    decision = widest(supernet) if settings.decision == -1 else settings.decision
    parts = cardinalities[decision]

    def init(key: jax.Array) -> FewShotState:
        weights = start_weights(supernet, key)
        return FewShotState(jax.tree.map(lambda leaf: jnp.stack([leaf] * parts), weights))

    def step(state: FewShotState, inputs: Inputs) -> tuple[FewShotState, Outcome]:
        draw_key, train_key = jax.random.split(inputs.key)
        parted = inputs.share >= settings.shared_share
        path = sample(draw_key, cardinalities, 1)
        part = jnp.where(parted, path[0, decision], 0)
        before = part_of(state.weights, part)
        own, loss, skipped = train_paths(supernet, before, path, inputs.batch, train_key, inputs.rate)

        def moved(whole: jax.Array, leaf: jax.Array) -> jax.Array:
            # all of them before the split, which never comes where the steps are few
            return jnp.where(parted, whole.at[part].set(leaf), leaf[None])

        weights = jax.tree.map(moved, state.weights, own)
        return FewShotState(weights), Outcome(path, path[0], jnp.zeros((), bool), loss, skipped)

    def inherited(variables: Variables, genotype: Genotype) -> Variables:
        return part_of(variables, genotype[decision])

    finish = finish_by_search(supernet, bounds, STRATEGY, {}, inherited)
    share = settings.search_share
    return SingleShot("few_shot", init, step, finish, None, bounds, settings, search_share=share, inherited=inherited)


def part_of(tree: Any, part: Any) -> Any:
    """One part's leaves."""
    return jax.tree.map(lambda leaf: leaf[part], tree)


def widest(supernet: Supernet) -> int:
    """The decision whose choices differ most in the MACs that they give the largest network."""
    macs = choice_macs(supernet)
    return int(np.where(np.isfinite(macs), macs.max(1, keepdims=True) - macs, 0.0).max(1).argmax())
