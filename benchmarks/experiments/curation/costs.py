"""The objective that curation is evaluated by.

Fixed before any result was seen: least latency of the networks that have at least the baseline's MACs
and at least its parameters.  Latency alone would be least for the smallest network; the two floors stand in for
quality, and how well they do is not measured here.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from nas_algos.objectives import is_feasible, least_cost
from tasks.spaces.space import SearchSpace

SLACK = 1e-5  # of a floor: single precision


class Floors(NamedTuple):
    """The baseline's MACs, bytes of parameters, and latency in ms."""

    macs: float
    param_bytes: float
    latency_ms: float


def shortfall(macs: Any, param_bytes: Any, floors: Floors) -> Any:
    """How far a network is below a floor, the worse of both in natural logarithms; 0 or less for none; [...]."""
    xp = np if isinstance(macs, np.ndarray) else jnp
    return xp.maximum(xp.log(floors.macs / macs), xp.log(floors.param_bytes / param_bytes))


def score(estimate: Callable[[Any], Any], space: SearchSpace, floors: Floors, genotypes: jax.Array) -> jax.Array:
    """The objective of uncurated genotypes int32[b, D] as float32[b], less is better; traceable.

    With floors met the latency relative to the baseline's; else infeasible, by the shortfall (`nas_algos.objectives`).
    """
    cost = estimate(space.lower(genotypes)).cost
    quality = -shortfall(cost.macs, cost.param_bytes, floors)
    relative = cost.latency_ms / floors.latency_ms
    return least_cost("latency", floor=-SLACK, reference=1.0).score(quality, {"latency": relative})


def latency_of_score(scores: np.ndarray, floors: Floors) -> np.ndarray:
    """Latency in ms of scores, infinite where a floor is not met."""
    scores = np.asarray(scores, float)
    able = is_feasible(scores.ravel()).reshape(scores.shape)
    return np.where(able, scores * floors.latency_ms, np.inf)
