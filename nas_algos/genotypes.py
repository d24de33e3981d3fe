"""Genotypes as arrays: draw and mutate.  Pure functions that run under jit and vmap."""

from __future__ import annotations

import math
import operator
from collections.abc import Sequence

import jax
import jax.numpy as jnp
import numpy as np

from nas_algos.errors import AlgorithmInputError

_MOST_CHOICES = 1 << 16  # `below` multiplies halves of words


def checked_cardinalities(cardinalities: Sequence[int]) -> tuple[int, ...]:
    """The choices of each decision as plain ints.  Raises AlgorithmInputError unless all are from 1 to 65,536."""
    try:
        checked = tuple(operator.index(choices) for choices in cardinalities)
    except TypeError as error:
        raise AlgorithmInputError(f"cardinalities are {cardinalities!r}; allowed: whole numbers, 1 or more") from error
    if not checked or min(checked) < 1 or max(checked) > _MOST_CHOICES:
        raise AlgorithmInputError(
            f"cardinalities are {checked}; allowed: at least one decision, each of 1 or more, at most {_MOST_CHOICES}"
        )
    return checked


def random_bits(key: jax.Array, shape: Sequence[int]) -> jax.Array:
    """Random words, uint32 of this shape: 64 random bits of the key, and a counter hashed with them.

    The hash is lowbias32 (C. Wellons, hash-prospector, 2018), applied twice.  On a CPU that is several times as fast
    as jax.random.bits, whose cryptographic quality searches do not need and which took most of their time in a table.
    """
    seeds = jax.random.bits(key, (2,))
    counters = jax.lax.iota(jnp.uint32, math.prod(shape)).reshape(shape)
    return _hashed(_hashed(counters * np.uint32(0x9E3779B9) + seeds[0]) ^ seeds[1])


def _hashed(words: jax.Array) -> jax.Array:
    words = (words ^ (words >> 16)) * np.uint32(0x7FEB352D)
    words = (words ^ (words >> 15)) * np.uint32(0x846CA68B)
    return words ^ (words >> 16)


def below(bits: jax.Array, limits: jax.Array | int) -> jax.Array:
    """Uniform whole numbers, int32, of 0 .. limits - 1 from random uint32 bits; limits up to 65,536, broadcast.

    It is floor(bits * limits / 2^32), in halves so as not to overflow; a division would not be vectorised.  Some
    numbers are more likely than others by a share of less than limits / 2^32, which no search can notice.
    """
    limits = jnp.asarray(limits, jnp.uint32)
    high, low = (bits >> 16) * limits, (bits & 0xFFFF) * limits
    # limits of 65,536 carry nothing over: the sum stays below 2^32
    return ((high + (low >> 16)) >> 16).astype(jnp.int32)


def sample(key: jax.Array, cardinalities: Sequence[int], count: int) -> jax.Array:
    """Uniform genotypes, int32[count, D]."""
    choices = jnp.asarray(cardinalities, jnp.uint32)
    return below(random_bits(key, (count, len(choices))), choices[None])


def mutate(key: jax.Array, genotypes: jax.Array, cardinalities: Sequence[int]) -> jax.Array:
    """Each of genotypes, int32[b, D], with one decision changed to another of its choices.

    The decision is uniform among those with a choice, and the new value among the others.  Where no decision has a
    choice, the genotype stays as it is.
    """
    return mutate_by(random_bits(key, (2, len(genotypes))), genotypes, cardinalities)


def mutate_by(bits: jax.Array, genotypes: jax.Array, cardinalities: Sequence[int]) -> jax.Array:
    """`mutate` with random bits drawn by the caller, uint32[2, b]."""
    open_decisions = [decision for decision, choices in enumerate(cardinalities) if choices > 1]
    if not open_decisions:
        return genotypes
    choices = jnp.asarray(cardinalities, jnp.int32)[None]
    decision = jnp.array(open_decisions, jnp.int32)[below(bits[0], len(open_decisions))]
    # compared with every decision, because XLA writes single places one by one on a CPU
    chosen = decision[:, None] == jnp.arange(choices.shape[1])[None]
    moved = genotypes + 1 + below(bits[1][:, None], choices - 1)
    return jnp.where(chosen, jnp.where(moved >= choices, moved - choices, moved), genotypes)


def codes(genotypes: jax.Array, cardinalities: Sequence[int]) -> jax.Array:
    """A number for each genotype, int32[b, D] -> uint32[b]: different ones differ where the space is below 2^32.

    In larger spaces two genotypes share a number about as often as two random words do.
    """
    strides = [math.prod(cardinalities[decision + 1 :]) for decision in range(len(cardinalities))]
    if math.prod(cardinalities) > 1 << 32:
        strides = [pow(0x9E3779B1, decision + 1, 1 << 32) for decision in range(len(cardinalities))]
    return (genotypes.astype(jnp.uint32) * jnp.array(strides, jnp.uint32)[None]).sum(1, dtype=jnp.uint32)
