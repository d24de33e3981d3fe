"""Moves in a space, on whole arrays of genotypes: draw, step to neighbours, mutate, cross over.

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


def all_neighbours(genotypes: jax.Array, cardinalities: Sequence[int]) -> jax.Array:
    """Every genotype that differs in one decision: int32[..., D] to int32[..., sum(cardinalities) - D, D]."""
    decisions = np.repeat(np.arange(len(cardinalities)), np.array(cardinalities) - 1)
    steps = np.concatenate([np.arange(1, n) for n in cardinalities])
    choices = np.asarray(cardinalities)[decisions]
    rows = jnp.repeat(genotypes[..., None, :], len(decisions), axis=-2)
    moved = (genotypes[..., decisions] + steps) % choices
    return jnp.where(np.arange(len(cardinalities)) == decisions[:, None], moved[..., None], rows)


def next_neighbours(genotypes: jax.Array, cardinalities: Sequence[int]) -> tuple[jax.Array, jax.Array]:
    """One step up and one down in each decision: int32[..., 2 D, D], and bool[..., 2 D], False where there is none.

    What lies beyond a decision's range stays where it was.  Steps mean something for ordered decisions only.
    """
    D = len(cardinalities)
    steps = np.concatenate([np.eye(D, dtype=np.int32), -np.eye(D, dtype=np.int32)])
    moved = genotypes[..., None, :] + steps
    inside = ((moved >= 0) & (moved < jnp.asarray(cardinalities, jnp.int32))).all(-1)
    return jnp.where(inside[..., None], moved, genotypes[..., None, :]), inside


def mutate(key: jax.Array, genotypes: jax.Array, cardinalities: Sequence[int], rate: float) -> jax.Array:
    """Each decision of genotypes int32[b, D] changed with probability `rate` to another choice, uniform among those."""
    choices = jnp.asarray(cardinalities, jnp.int32)
    which_key, step_key = jax.random.split(key)
    changed = jax.random.bernoulli(which_key, rate, genotypes.shape) & (choices > 1)
    step = jax.random.randint(step_key, genotypes.shape, 1, jnp.maximum(choices, 2)[None])
    return jnp.where(changed, (genotypes + step) % choices, genotypes)


def cross_over(key: jax.Array, mothers: jax.Array, fathers: jax.Array) -> jax.Array:
    """Uniform crossover: each decision of the children int32[b, D] is the mother's or the father's, half and half."""
    return jnp.where(jax.random.bernoulli(key, 0.5, mothers.shape), mothers, fathers)
