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


def below(bits: jax.Array, limits: jax.Array | int) -> jax.Array:
    """Uniform whole numbers, int32, of 0 .. limits - 1 from random uint32 bits; limits broadcast as in NumPy.

    The remainder favours small numbers by less than limits / 2^32, which no search can notice; jax.random.randint
    draws twice as many bits to halve the exponent of that.
    """
    return (bits % jnp.asarray(limits, jnp.uint32)).astype(jnp.int32)


def sample(key: jax.Array, cardinalities: Sequence[int], count: int) -> jax.Array:
    """Uniform genotypes, int32[count, D]."""
    choices = jnp.asarray(cardinalities, jnp.uint32)
    return below(jax.random.bits(key, (count, len(choices))), choices[None])


def mutate(key: jax.Array, genotypes: jax.Array, cardinalities: Sequence[int]) -> jax.Array:
    """Each of genotypes, int32[b, D], with one decision changed to another of its choices.

    The decision is uniform among those with a choice, and the new value among the others.  Where no decision has a
    choice, the genotype stays as it is.
    """
    return mutate_by(jax.random.bits(key, (2, len(genotypes))), genotypes, cardinalities)


def mutate_by(bits: jax.Array, genotypes: jax.Array, cardinalities: Sequence[int]) -> jax.Array:
    """`mutate` with random bits drawn by the caller, uint32[2, b]."""
    open_decisions = [decision for decision, choices in enumerate(cardinalities) if choices > 1]
    if not open_decisions:
        return genotypes
    choices = jnp.asarray(cardinalities, jnp.int32)
    decision = jnp.array(open_decisions, jnp.int32)[below(bits[0], len(open_decisions))]
    count = choices[decision]
    step = 1 + below(bits[1], count - 1)
    # a comparison with every decision, because XLA writes single places one by one on a CPU
    chosen = decision[:, None] == jnp.arange(len(choices))[None]
    return jnp.where(chosen, (genotypes + step[:, None]) % choices[None], genotypes)
