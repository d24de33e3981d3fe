"""Genotypes as arrays: draw and mutate.  Pure functions that run under jit and vmap."""

from __future__ import annotations

import operator
from collections.abc import Sequence

import jax
import jax.numpy as jnp

from nas_algos.errors import AlgorithmInputError


def checked_cardinalities(cardinalities: Sequence[int]) -> tuple[int, ...]:
    """The choices of each decision as plain ints.  Raises AlgorithmInputError unless there are some, all at least 1."""
    try:
        checked = tuple(operator.index(choices) for choices in cardinalities)
    except TypeError as error:
        raise AlgorithmInputError(f"cardinalities are {cardinalities!r}; allowed: whole numbers, 1 or more") from error
    if not checked or min(checked) < 1:
        raise AlgorithmInputError(f"cardinalities are {checked}; allowed: at least one decision, each of 1 or more")
    return checked


def sample(key: jax.Array, cardinalities: Sequence[int], count: int) -> jax.Array:
    """Uniform genotypes, int32[count, D]."""
    choices = jnp.asarray(cardinalities, jnp.int32)
    return jax.random.randint(key, (count, len(choices)), 0, choices[None], jnp.int32)


def mutate(key: jax.Array, genotypes: jax.Array, cardinalities: Sequence[int]) -> jax.Array:
    """Each of genotypes, int32[b, D], with one decision changed to another of its choices.

    The decision is uniform among those with a choice, and the new value among the others.  Where no decision has a
    choice, the genotype stays as it is.
    """
    decision_key, step_key = jax.random.split(key)
    choices = jnp.asarray(cardinalities, jnp.int32)
    count = len(genotypes)
    open_decisions = jnp.where((choices > 1) | (choices.max() == 1), 0.0, -jnp.inf)
    decision = jax.random.categorical(decision_key, open_decisions, shape=(count,))
    step = jax.random.randint(step_key, (count,), 1, jnp.maximum(choices[decision], 2), jnp.int32)
    rows = jnp.arange(count)
    return genotypes.at[rows, decision].set((genotypes[rows, decision] + step) % choices[decision])
