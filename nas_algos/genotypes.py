"""Genotypes as arrays: draw and mutate.  Pure functions that run under jit and vmap."""

from __future__ import annotations

import math
import operator
from collections.abc import Sequence
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from nas_algos.errors import AlgorithmInputError
from nas_algos.keys import words as key_words

MOST_DRAWN = 1 << 16
"""The largest limit of `below`, which multiplies halves of words."""


def checked_cardinalities(cardinalities: Sequence[int]) -> tuple[int, ...]:
    """The choices of each decision as plain ints.  Raises AlgorithmInputError unless all are from 1 to 65,536."""
    try:
        checked = tuple(operator.index(choices) for choices in cardinalities)
    except TypeError as error:
        raise AlgorithmInputError(f"cardinalities are {cardinalities!r}; allowed: whole numbers, 1 or more") from error
    if not checked or min(checked) < 1 or max(checked) > MOST_DRAWN:
        raise AlgorithmInputError(
            f"cardinalities are {checked}; allowed: at least one decision, each of 1 or more, at most {MOST_DRAWN}"
        )
    return checked


def open_decisions(cardinalities: Sequence[int]) -> int:
    """How many decisions have a choice; 1 where none has."""
    return max(sum(choices > 1 for choices in cardinalities), 1)


def random_bits(key: jax.Array, shape: Sequence[int]) -> jax.Array:
    """Random words, uint32 of this shape: 64 random bits of the key, and a counter hashed with them.

    The hash is lowbias32 (C. Wellons, hash-prospector, 2018), applied twice.  On a CPU that is several times as fast
    as jax.random.bits, whose cryptographic quality searches do not need and which took most of their time in a table.
    """
    seeds = key_words(key, 2)
    counters = jax.lax.iota(jnp.uint32, math.prod(shape)).reshape(shape)
    words = counters * np.uint32(0x9E3779B9) + seeds[0]
    after = jnp.stack([seeds[1], jnp.zeros((), jnp.uint32)])
    # a loop, because XLA would else hash a word anew wherever it is used
    return jax.lax.fori_loop(0, 2, lambda turn, words: hashed(words) ^ after[turn], words)


def hashed(words: Any) -> Any:
    """lowbias32 of each word, uint32: each bit of a word decides half the bits of its hash; 0 stays 0."""
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


def limit_for(probability: float) -> np.uint32:
    """The limit that a random word is below with this probability."""
    return np.uint32(min(round(probability * 2**32), 2**32 - 1))


def sample(key: jax.Array, cardinalities: Sequence[int], count: int) -> jax.Array:
    """Uniform genotypes, int32[count, D]."""
    choices = jnp.asarray(cardinalities, jnp.uint32)
    return below(random_bits(key, (count, len(choices))), choices[None])


def stratified(bits: jax.Array, cardinalities: Sequence[int]) -> jax.Array:
    """Genotypes int32[b, D] from random bits uint32[2, b, D], each choice of a decision as often as the others.

    A Latin hypercube: McKay, Beckman and Conover, Technometrics 21(2), 1979.
    """
    count, choices = bits.shape[1], jnp.array([cardinalities], jnp.int32)
    stratum = (bits[1][:, None] < bits[1][None]).sum(0, dtype=jnp.int32)
    # a place in the stratum, in case there are more choices than genotypes
    return (stratum * choices + below(bits[0], choices)) // count


def mutate(key: jax.Array, genotypes: jax.Array, cardinalities: Sequence[int]) -> jax.Array:
    """Each of genotypes, int32[b, D], with one decision changed to another of its choices.

    The decision is uniform among those with a choice, and the new value among the others.  Where no decision has a
    choice, the genotype stays as it is.
    """
    return mutate_by(random_bits(key, (2, len(genotypes))), genotypes, cardinalities)


def mutate_by(bits: jax.Array, genotypes: jax.Array, cardinalities: Sequence[int]) -> jax.Array:
    """`mutate` with random bits drawn by the caller, uint32[2, b]."""
    count = sum(choices > 1 for choices in cardinalities)
    if not count:
        return genotypes
    # the place of each decision among those with a choice, compared with the one drawn: XLA on a CPU reads and writes
    # single places one by one
    places = np.cumsum([choices > 1 for choices in cardinalities]) - 1
    places = jnp.array(np.where(np.array(cardinalities) > 1, places, -1), jnp.int32)[None]
    chosen = below(bits[0], count)[:, None] == places
    choices = jnp.asarray(cardinalities, jnp.int32)[None]
    moved = genotypes + 1 + below(bits[1][:, None], choices - 1)
    return jnp.where(chosen, jnp.where(moved >= choices, moved - choices, moved), genotypes)


def codes(genotypes: jax.Array, cardinalities: Sequence[int]) -> jax.Array:
    """A number for each genotype, int32[b, D] -> uint32[b]: different ones differ where the space is below 2^32.

    In larger spaces two genotypes share a number about as often as two random words do.
    """
    strides = [math.prod(cardinalities[decision + 1 :]) for decision in range(len(cardinalities))]
    if math.prod(cardinalities) >= 1 << 32:
        strides = [pow(0x9E3779B1, decision + 1, 1 << 32) for decision in range(len(cardinalities))]
    return (genotypes.astype(jnp.uint32) * jnp.array(strides, jnp.uint32)[None]).sum(1, dtype=jnp.uint32)


def new_twins(genotypes: jax.Array, alive: jax.Array, cardinalities: Sequence[int]) -> jax.Array:
    """bool[b]: which of the last b of genotypes int32[n + b, D] are like one before them, by their codes.

    alive: bool[n], which of the first n count.  Those have no twins among themselves, and are not compared.
    """
    count, fresh = len(alive), len(genotypes) - len(alive)
    marks = codes(genotypes, cardinalities)
    counted = jnp.concatenate([alive, jnp.ones(fresh, bool)])
    above = jnp.tri(fresh, len(genotypes), count - 1, dtype=bool).T & counted[:, None]
    return (above & (marks[:, None] == marks[None, count:])).any(0)
