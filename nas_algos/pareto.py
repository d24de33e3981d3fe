"""Who dominates whom: fronts and crowding, for scores that are all minimised."""

from __future__ import annotations

import jax
import jax.numpy as jnp


def dominates(scores: jax.Array) -> jax.Array:
    """bool[n, n] of scores [n, M]: is row i nowhere worse than row j and better in some column?"""
    rows, columns = scores[:, None], scores[None]
    return (rows <= columns).all(-1) & (rows < columns).any(-1)


def front_ranks(scores: jax.Array, present: jax.Array, enough: int) -> jax.Array:
    """int32[n]: 0 for the non-dominated of the rows present, 1 for those dominated by these alone, and so on.

    Stops when `enough` rows are ranked; the others, and rows not present, get n.
    """
    count = len(scores)
    above = dominates(scores) & present[:, None] & present[None]

    def peel(carry: tuple[jax.Array, jax.Array]) -> tuple[jax.Array, jax.Array]:
        ranks, level = carry
        left = present & (ranks == count)
        front = left & ~(above & left[:, None]).any(0)
        return jnp.where(front, level, ranks), level + 1

    def unfinished(carry: tuple[jax.Array, jax.Array]) -> jax.Array:
        ranks, _ = carry
        ranked = (ranks < count).sum()
        return ranked < jnp.minimum(enough, present.sum())

    first = jnp.full(count, count, jnp.int32), jnp.zeros((), jnp.int32)
    return jax.lax.while_loop(unfinished, peel, first)[0]


def crowding(scores: jax.Array, ranks: jax.Array) -> jax.Array:
    """float32[n]: distance between each row's neighbours in its own front, summed over columns [n, M] scaled to 0..1.

    The ends of a front get +inf.
    """
    total = jnp.zeros(len(scores))
    for column in scores.T:
        order = jnp.lexsort((column, ranks))
        value, rank = column[order], ranks[order]
        finite = jnp.where(jnp.isfinite(column), column, jnp.nan)
        span = jnp.nan_to_num(jnp.nanmax(finite, initial=-jnp.inf) - jnp.nanmin(finite, initial=jnp.inf), posinf=0.0)
        inner = jnp.zeros(len(scores), bool).at[1:-1].set((rank[1:-1] == rank[:-2]) & (rank[1:-1] == rank[2:]))
        gap = jnp.zeros(len(scores)).at[1:-1].set(value[2:] - value[:-2]) / jnp.maximum(span, 1e-30)
        gap = jnp.where(inner, jnp.nan_to_num(gap, nan=0.0), jnp.inf)
        total = total.at[order].add(gap)
    return total
