"""Which architectures of a task are trained for its table: drawn before any training, from spaces and latency alone.

Networks are drawn in cells: those of a cell share kinds of block, kernels, layers and sizes, and differ in their
channels, so that an accelerator can train a cell at once (`tasks.cohort`).  Cells are stratified over latency: of many
drawn at random, as many are kept in each equal part of the range of the logarithm of latency, as far as there are any.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax
import numpy as np

from tasks.networks.initialise import host_generator
from tasks.spaces.lowering import MULTIPLIER
from tasks.spaces.space import SearchSpace

# cells drawn for each one that is kept
CANDIDATES = 20
# shares of candidates beyond the ends of the range that is divided
TAIL = 0.01


def draw_cells(
    space: SearchSpace, cells: int, networks: int, key: jax.Array, latency_ms: Callable[[np.ndarray], Any]
) -> np.ndarray:
    """Genotypes int32 [cells, networks, D] of a space; no two networks of a cell are equal where the space has enough.

    latency_ms: genotypes int32 [n, D] to milliseconds [n].
    """
    generator = host_generator(key)
    drawn = np.stack([_cell(space, networks, generator) for _ in range(cells * CANDIDATES)])
    flat = drawn.reshape(-1, drawn.shape[-1])
    level = np.log(np.asarray(latency_ms(flat))).reshape(len(drawn), networks).mean(1)
    return drawn[_stratified(level, cells, generator)]


def _cell(space: SearchSpace, networks: int, generator: np.random.Generator) -> np.ndarray:
    """One cell: all decisions alike but those over channels."""
    shared = generator.integers(0, space.cardinalities)
    free = [i for i, decision in enumerate(space.decisions) if _of_channels(decision.name)]
    cell: dict[tuple[int, ...], np.ndarray] = {}
    for _ in range(networks * 20):
        genotype = shared.copy()
        genotype[free] = generator.integers(0, np.array(space.cardinalities)[free])
        cell.setdefault(tuple(genotype.tolist()), genotype)
        if len(cell) == networks:
            break
    found = list(cell.values())
    return np.stack([found[number % len(found)] for number in range(networks)]).astype(np.int32)


def _of_channels(name: str) -> bool:
    return name == MULTIPLIER or name.startswith("channels")


def _stratified(level: np.ndarray, count: int, generator: np.random.Generator) -> np.ndarray:
    """Positions of `count` levels, one from each of as many equal parts of their range, the rest at random."""
    low, high = np.quantile(level, [TAIL, 1 - TAIL])
    part = np.clip(((level - low) / max(high - low, 1e-9) * count).astype(int), 0, count - 1)
    order = generator.permutation(len(level))
    _, first = np.unique(part[order], return_index=True)
    chosen = order[first]
    rest = order[~np.isin(order, chosen)]
    return np.concatenate([chosen, rest[: count - len(chosen)]])
