"""Latency, MACs and parameters of many networks of the uncurated space, and the objective that curation is judged by.

The objective, fixed before any result was seen: least latency of the networks that have at least the baseline's MACs
and at least its parameters.  Latency alone would be least for the smallest network; the two floors stand in for
quality, and how well they do is not measured here.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from nas_algos.objectives import least_cost
from tasks.spaces.space import SearchSpace

SLACK = 1e-5  # of a floor: single precision
CHUNK = 64  # networks at a time, so that what they compute stays in a core's cache
BLOCK = 128 * CHUNK  # rows of one compiled call


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

    With floors met r / (r + 1) of the latency r relative to the baseline's, below 1; else 2 and the shortfall.
    """
    cost = estimate(space.lower(genotypes)).cost
    quality = -shortfall(cost.macs, cost.param_bytes, floors)
    relative = cost.latency_ms / floors.latency_ms
    return least_cost("latency", floor=-SLACK, reference=1.0).score(quality, {"latency": relative})


def latency_of_score(scores: np.ndarray, floors: Floors) -> np.ndarray:
    """Latency in ms of scores, infinite where a floor is not met."""
    scores = np.asarray(scores, float)
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(scores < 1, scores / (1 - scores) * floors.latency_ms, np.inf)


class Compiled(NamedTuple):
    """Functions of an estimate and uncurated genotypes [BLOCK, D], for all estimates of one kind."""

    latency: Callable[[Any, Any], Any]
    capacity: Callable[[Any, Any], Any]


def compile_costs(space: SearchSpace) -> Compiled:
    """Latency in ms [n]; and MACs and bytes of parameters [n] each, for which latency is not worked out."""

    def latency(estimate: Any, genotypes: jax.Array) -> jax.Array:
        chunks = genotypes.reshape(-1, CHUNK, genotypes.shape[-1])
        return jax.lax.map(lambda chunk: estimate(space.lower(chunk)).cost.latency_ms, chunks).reshape(-1)

    def capacity(estimate: Any, genotypes: jax.Array) -> tuple[jax.Array, jax.Array]:
        cost = estimate(space.lower(genotypes)).cost
        return cost.macs, cost.param_bytes

    return Compiled(jax.jit(latency), jax.jit(capacity))


class Evaluator:
    """Costs of uncurated genotypes as NumPy arrays, in blocks of one shape on all cores."""

    def __init__(self, compiled: Compiled, estimate: Callable[[Any], Any]):
        self._compiled, self._estimate = compiled, estimate

    def latency_ms(self, genotypes: np.ndarray) -> np.ndarray:
        """float[n] of int32[n, D]."""
        return self._blocks(self._compiled.latency, genotypes)[0]

    def capacity(self, genotypes: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """MACs and bytes of parameters, float[n] each, of int32[n, D]; many times as fast as latency."""
        macs, param_bytes = self._blocks(self._compiled.capacity, genotypes)
        return macs, param_bytes

    def _blocks(self, function: Callable[..., Any], genotypes: np.ndarray) -> list[np.ndarray]:
        count = len(genotypes)
        padded = np.resize(genotypes, (-(-max(count, 1) // BLOCK) * BLOCK, genotypes.shape[1])) if count else genotypes
        parts = [padded[start : start + BLOCK] for start in range(0, len(padded), BLOCK)]
        with ThreadPoolExecutor(len(os.sched_getaffinity(0))) as pool:  # a compiled call leaves Python alone
            found = list(pool.map(lambda part: jax.tree.map(np.asarray, function(self._estimate, part)), parts))
        columns = zip(*(part if isinstance(part, tuple) else (part,) for part in found), strict=True)
        joined = [np.concatenate(column)[:count].astype(float) for column in columns]
        return joined or [np.zeros(0), np.zeros(0)]
