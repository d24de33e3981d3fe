"""A bounded memory of trials that keeps the best: what predictors learn from, and what they take parents from."""

from __future__ import annotations

import jax
import jax.numpy as jnp
from flax import struct

from nas_algos.pareto import dominates, first_places


@struct.dataclass
class Archive:
    """Trials; of more than it holds, the oldest that is not among the best half makes room."""

    genotypes: jax.Array
    """int32[memory, D]."""
    scores: jax.Array
    """float32[memory, M], +inf where nothing is kept."""
    born: jax.Array
    """int32[memory]: number of each trial, -1 where nothing is kept."""
    told: jax.Array
    """int32[], trials so far, kept or not."""


def empty_archive(memory: int, decisions: int, columns: int) -> Archive:
    """An archive without trials."""
    return Archive(
        jnp.zeros((memory, decisions), jnp.int32),
        jnp.full((memory, columns), jnp.inf, jnp.float32),
        jnp.full(memory, -1, jnp.int32),
        jnp.zeros((), jnp.int32),
    )


def add(archive: Archive, genotypes: jax.Array, scores: jax.Array, objectives: int | None = None) -> Archive:
    """With further trials: genotypes int32[b, D], scores float32[b, M] or [b]; b at most the archive's half.

    objectives: columns that say which are the best, the first ones; all of them if None.
    """
    memory, count = len(archive.born), len(genotypes)
    number = archive.told + jnp.arange(count)

    def in_order(archive: Archive) -> jax.Array:
        return number

    def crowded_out(archive: Archive) -> jax.Array:
        worse = dominates(archive.scores[:, :objectives]).sum(0, dtype=jnp.int32)  # of one column: its place by score
        kept = jnp.zeros(memory, bool).at[first_places(worse, memory // 2)].set(True)
        return first_places(jnp.where(kept, archive.told, archive.born), count)

    places = jax.lax.cond(archive.told + count <= memory, in_order, crowded_out, archive)
    return Archive(
        archive.genotypes.at[places].set(jnp.asarray(genotypes)),
        archive.scores.at[places].set(jnp.asarray(scores).reshape(count, -1)),
        archive.born.at[places].set(number),
        archive.told + count,
    )
