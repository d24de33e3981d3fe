"""Moves in a space, on whole arrays of genotypes: draw, and step to neighbours.

All are pure functions of `SearchSpace.cardinalities` that run under jit and vmap.  (`nas_algos` has its own, as it
knows no space; experiments that walk over a space use these.)
"""

from __future__ import annotations

from collections.abc import Sequence

import jax
import jax.numpy as jnp
import numpy as np


def sample(key: jax.Array, cardinalities: Sequence[int], count: int) -> jax.Array:
    """Uniform genotypes, int32[count, D]."""
    return jax.random.randint(key, (count, len(cardinalities)), 0, jnp.asarray(cardinalities, jnp.int32)[None])


def next_neighbours(genotypes: jax.Array, cardinalities: Sequence[int]) -> tuple[jax.Array, jax.Array]:
    """One step up and one down in each decision: int32[..., 2 D, D], and bool[..., 2 D], False where there is none.

    What lies beyond a decision's range stays where it was.  Steps mean something for ordered decisions only.
    """
    D = len(cardinalities)
    steps = np.concatenate([np.eye(D, dtype=np.int32), -np.eye(D, dtype=np.int32)])
    moved = genotypes[..., None, :] + steps
    inside = ((moved >= 0) & (moved < jnp.asarray(cardinalities, jnp.int32))).all(-1)
    return jnp.where(inside[..., None], moved, genotypes[..., None, :]), inside
