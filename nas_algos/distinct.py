"""Proposals that were not tried before: one wrapper for every strategy, since nobody trains a network twice.

Published algorithms repeat themselves: a child may be its parent's twin, a controller draws its favourite again and
again, a walk comes back.  Here a proposal that was tried already, or stands twice in a round, is mutated until it is
new, up to `tries` times; the strategy learns of what was tried in place of what it had proposed.
"""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from flax import struct

from nas_algos.errors import AlgorithmInputError
from nas_algos.genotypes import codes, hashed, mutate_by, random_bits
from nas_algos.keys import fold_in
from nas_algos.strategy import State, Strategy

TRIES = 8
MEMORY = 4096
MUTATIONS = 2**31 - 1
"""The key of a round's mutations is the round's folded with this, beyond all that strategies split that into: to split
folds with 0, 1, 2, ..."""


@struct.dataclass
class DistinctState:
    """What was tried, and the strategy's own state."""

    tried: jax.Array
    """uint32[memory]: codes of trials, each at the place that its hash gives; a later one drives out an earlier."""
    inner: State


def nothing_tried(memory: int) -> jax.Array:
    """A memory of no trials, uint32[memory]: at no place a code whose hash gives that place."""
    elsewhere = np.arange(1, 64, dtype=np.uint32)
    elsewhere = elsewhere[hashed(elsewhere) % memory != 0]
    # the hash of 0 is 0, so that 0 stands for nothing at all places but that
    return jnp.zeros(memory, jnp.uint32).at[0].set(elsewhere[0])


def remember(tried: jax.Array, marks: jax.Array) -> jax.Array:
    """The memory uint32[memory] with these codes, uint32[b]."""
    return tried.at[_place(tried, marks)].set(marks)


def is_tried(tried: jax.Array, marks: jax.Array) -> jax.Array:
    """bool[b]: which codes uint32[b] the memory holds; never one that was not tried."""
    return tried[_place(tried, marks)] == marks


def repeats(tried: jax.Array, marks: jax.Array) -> jax.Array:
    """bool[b]: codes uint32[b] that the memory holds, or that stand earlier in the same round."""
    twins = jnp.tri(len(marks), k=-1, dtype=bool).T & (marks[:, None] == marks[None])
    return is_tried(tried, marks) | twins.any(0)


def _place(tried: jax.Array, marks: jax.Array) -> jax.Array:
    # hashed: plain remainders of codes are decided by the last decisions where all choices are powers of two
    return (hashed(marks) % len(tried)).astype(jnp.int32)


def without_repeats(strategy: Strategy, tries: int = TRIES, memory: int = MEMORY) -> Strategy:
    """The strategy, which proposes what was tried already only when `tries` mutations found nothing new.

    memory: places for trials, one for each hash, where a later trial drives out an earlier one: of 4,096 places 100
    trials lose about 1.2, 300 about 10.7 and 1,000 about 113, which may be proposed again.  It proposes what the
    strategy alone would, as long as that is new.
    """
    if tries < 0 or memory < 2:
        raise AlgorithmInputError(f"without_repeats: {tries} tries, {memory} places; allowed: 0 and more, 2 and more")
    choices, batch = strategy.cardinalities, strategy.batch

    def init(key: jax.Array) -> DistinctState:
        return DistinctState(nothing_tried(memory), strategy.init(key))

    def ask(state: DistinctState, key: jax.Array) -> jax.Array:
        first = jnp.asarray(strategy.ask(state.inner, key))
        bits = random_bits(fold_in(key, MUTATIONS), (tries, 2, batch))

        def unfinished(carry: tuple[jax.Array, jax.Array, jax.Array]) -> jax.Array:
            turn, _, known = carry
            return (turn < tries) & known.any()

        def again(carry: tuple[jax.Array, jax.Array, jax.Array]) -> tuple[jax.Array, jax.Array, jax.Array]:
            turn, genotypes, known = carry
            genotypes = jnp.where(known[:, None], mutate_by(bits[turn], genotypes, choices), genotypes)
            return turn + 1, genotypes, repeats(state.tried, codes(genotypes, choices))

        # a loop, as most rounds need no turn of it
        start = jnp.zeros((), jnp.int32), first, repeats(state.tried, codes(first, choices))
        return jax.lax.while_loop(unfinished, again, start)[1]

    def tell(state: DistinctState, genotypes: Any, scores: Any) -> DistinctState:
        marks = codes(jnp.asarray(genotypes), choices)
        return DistinctState(remember(state.tried, marks), strategy.tell(state.inner, genotypes, scores))

    return strategy._replace(init=init, ask=ask, tell=tell)
