"""Latency of many networks of one space, in blocks on all cores."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any

import jax
import numpy as np

from benchmarks.runtime.worker import allowed_cores
from tasks.spaces.space import SearchSpace

# of the latency, a step that counts: drawing the weights of the same network again moves it by .0003 to .0007
COUNTED = 0.002
CHUNK = 64  # networks at a time, so that what they compute stays in a core's cache
BLOCK = 16 * CHUNK  # rows of one compiled call, which fewer are filled up to


def compile_costs(space: SearchSpace) -> Callable[[Any, Any], Any]:
    """Latency in ms [BLOCK] of an estimate and uncurated genotypes [BLOCK, D], for all estimates of one kind."""

    def latency(estimate: Any, genotypes: jax.Array) -> jax.Array:
        chunks = genotypes.reshape(-1, CHUNK, genotypes.shape[-1])
        return jax.lax.map(lambda chunk: estimate(space.lower(chunk)).cost.latency_ms, chunks).reshape(-1)

    return jax.jit(latency)


class ManyCosts:
    """Latency of uncurated genotypes as NumPy arrays, in blocks of one shape on all cores.

    compiled: of `compile_costs`.
    """

    def __init__(self, compiled: Callable[[Any, Any], Any], estimate: Callable[[Any], Any]):
        self._compiled, self._estimate = compiled, estimate

    def latency_ms(self, genotypes: np.ndarray) -> np.ndarray:
        """float[n] of int32[n, D]."""
        return in_blocks(partial(self._compiled, self._estimate), genotypes, 1)[0]


def in_blocks(function: Callable[[Any], Any], genotypes: np.ndarray, columns: int) -> list[np.ndarray]:
    """So many columns float[n] of a compiled function of genotypes int32[BLOCK, D], for n of them, on all cores."""
    count = len(genotypes)
    padded = np.resize(genotypes, (-(-max(count, 1) // BLOCK) * BLOCK, genotypes.shape[1])) if count else genotypes
    parts = [padded[start : start + BLOCK] for start in range(0, len(padded), BLOCK)]
    with ThreadPoolExecutor(len(allowed_cores())) as pool:  # a compiled call leaves Python alone
        found = list(pool.map(lambda part: jax.tree.map(np.asarray, function(part)), parts))
    rows = zip(*(part if isinstance(part, tuple) else (part,) for part in found), strict=True)
    joined = [np.concatenate(row)[:count].astype(float) for row in rows]
    return joined or [np.zeros(0)] * columns
