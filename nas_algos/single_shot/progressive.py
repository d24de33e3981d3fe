"""Progressive shrinking: H. Cai et al., Once-for-all, arXiv:1908.09791, section 3.3.

The largest network is trained first; then smaller ones join it step by step, first in what their blocks are (kinds,
kernels, expansions, how many), then in channels: once-for-all's order is kernel, depth, width.  A decision's choices
join in the order of the MACs that they give the largest network, most first; a step's network is uniform over what has
joined.  Without the paper's distillation from the largest network, for which every task would need a loss of its own,
and without its transformation of kernels; channels are not sorted by importance, the first ones are kept.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from nas_algos.checks import check_between, check_positive
from nas_algos.errors import AlgorithmInputError
from nas_algos.genotypes import below, checked_cardinalities, random_bits
from nas_algos.single_shot.algorithm import SingleShot
from nas_algos.single_shot.one_shot import train_drawn
from nas_algos.single_shot.relaxed import check_bounds, choice_macs
from nas_algos.single_shot.supernet import Supernet


@dataclass(frozen=True)
class ProgressiveSettings:
    """When networks join, and how much of the budget is left to search in the supernet."""

    random_paths: int = 1
    """Networks that each step trains."""
    largest_share: float = 0.2
    """Share of the training that the largest network has to itself."""
    joined_share: float = 0.7
    """Share of the training after which all networks have joined; blocks join in the first half of the time until
    then, channels in the second."""
    search_share: float = 0.2
    """Share of the budget that the search with inherited weights may spend."""


def progressive(
    supernet: Supernet, bounds: Mapping[str, float], settings: ProgressiveSettings = ProgressiveSettings()
) -> SingleShot:
    """Its network is the best by inherited weights among those that the search saw within the bounds {cost: most}."""
    check_positive("progressive", settings, "random_paths")
    check_between("progressive", settings, 0.0, 1.0, "largest_share", "joined_share")
    check_between("progressive", settings, 0.01, 0.9, "search_share")
    if settings.largest_share > settings.joined_share:
        raise AlgorithmInputError(
            f"progressive: largest_share is {settings.largest_share}; allowed: at most joined_share, "
            f"{settings.joined_share}"
        )
    cardinalities = checked_cardinalities(supernet.cardinalities)
    check_bounds("progressive", supernet, bounds)
    order = jnp.asarray(np.argsort(-choice_macs(supernet), axis=1, kind="stable").astype(np.int32))

    def draw(key: jax.Array, share: Any) -> jax.Array:
        limits = joined(share, cardinalities, supernet.widths, settings)
        drawn = below(random_bits(key, (settings.random_paths, len(cardinalities))), limits[None])
        return jnp.take_along_axis(order[None], drawn[:, :, None], axis=2)[:, :, 0]

    return train_drawn("progressive", supernet, bounds, settings, draw, settings.random_paths)


def joined(
    share: Any, cardinalities: Sequence[int], widths: Sequence[bool], settings: ProgressiveSettings
) -> jax.Array:
    """int32[D]: how many choices of each decision have joined when so much of the training is done, at least one.

    widths: bool[D], the decisions over channels, which come second.
    """
    length = (settings.joined_share - settings.largest_share) / 2
    start = settings.largest_share + length * np.array(widths, np.float32)
    choices = np.array(cardinalities, np.float32)
    # the second choice joins at the start, the last one before the end
    part = jnp.floor((share - start) / max(length, 1e-6) * (choices - 1)) + 2
    return jnp.clip(part, 1, choices).astype(jnp.int32)
