"""Uniform random search: the baseline of every comparison.

Li and Talwalkar, Random Search and Reproducibility for Neural Architecture Search, arXiv:1902.07638.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import jax

from nas_algos.checks import check_positive
from nas_algos.genotypes import checked_cardinalities, sample
from nas_algos.strategy import Strategy


@dataclass(frozen=True)
class RandomSettings:
    """batch: genotypes of each round.  objectives: columns of a score; any number is as good."""

    batch: int = 1
    objectives: int = 1


def random_search(cardinalities: Sequence[int], settings: RandomSettings = RandomSettings()) -> Strategy:
    """Independent uniform genotypes; there is nothing to learn, so the state is empty."""
    choices = checked_cardinalities(cardinalities)
    check_positive("random", settings, "batch", "objectives")

    def init(key: jax.Array) -> tuple[()]:
        del key
        return ()

    def ask(state: tuple[()], key: jax.Array) -> jax.Array:
        del state
        return sample(key, choices, settings.batch)

    def tell(state: tuple[()], genotypes: jax.Array, scores: jax.Array) -> tuple[()]:
        del genotypes, scores
        return state

    return Strategy("random", choices, init, ask, tell, settings.batch, settings.objectives)
