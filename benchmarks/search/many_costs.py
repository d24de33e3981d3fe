"""Latency, MACs and parameters of many networks of one space, in blocks on all cores."""

from __future__ import annotations

import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, NamedTuple

import jax
import numpy as np

from tasks.spaces.space import SearchSpace

# of the latency, a step that counts: drawing the weights of the same network again moves it by .0003 to .0007
COUNTED = 0.002
CHUNK = 64  # networks at a time, so that what they compute stays in a core's cache
BLOCK = 16 * CHUNK  # rows of one compiled call, which fewer are filled up to


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


class ManyCosts:
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
