"""Who dominates whom: fronts and crowding, for scores that are all minimised.

All compare every row with every other and never sort: on a CPU, XLA compares forty rows with forty many times faster
than it sorts them, and a search in a table does little else.
"""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np

from nas_algos.objectives import is_feasible

_WORD = 32


def dominates(scores: jax.Array) -> jax.Array:
    """bool[n, n] of scores [n, M]: is row i nowhere worse than row j and better in some column?"""
    nowhere_worse, better = jnp.ones((), bool), jnp.zeros((), bool)
    for column in scores.T:  # one by one, as a short last axis is slow
        nowhere_worse = nowhere_worse & (column[:, None] <= column[None])
        better = better | (column[:, None] < column[None])
    return nowhere_worse & better


def front_ranks(scores: jax.Array, present: jax.Array, enough: int) -> jax.Array:
    """int32[n]: 0 for the non-dominated of the rows present, 1 for those dominated by these alone, and so on.

    Stops when `enough` rows are ranked; the others, and rows not present, get n.
    """
    count = len(scores)
    above = _packed(dominates(scores))  # who dominates each row, a bit for each
    wanted = jnp.minimum(enough, present.sum())

    def peel(carry: tuple[jax.Array, jax.Array]) -> tuple[jax.Array, jax.Array]:
        ranks, level = carry
        left = present & (ranks == count)
        dominated = jnp.zeros((), bool)
        for dominators, still in zip(above, _packed(left[:, None]), strict=True):
            dominated = dominated | ((dominators & still) != 0)
        return jnp.where(left & ~dominated, level, ranks), level + 1

    def unfinished(carry: tuple[jax.Array, jax.Array]) -> jax.Array:
        return (carry[0] < count).sum() < wanted

    first = jnp.full(count, count, jnp.int32), jnp.zeros((), jnp.int32)
    return jax.lax.while_loop(unfinished, peel, first)[0]


def _packed(flags: jax.Array) -> list[jax.Array]:
    """bool[n, m] as words of 32 rows each, ceil(n / 32) of uint32[m]."""
    words = []
    for start in range(0, len(flags), _WORD):
        rows = flags[start : start + _WORD]
        bits = jnp.array(np.uint32(1) << np.arange(len(rows), dtype=np.uint32))
        words.append(jnp.where(rows, bits[:, None], np.uint32(0)).sum(0, dtype=jnp.uint32))
    return words


def crowding(scores: jax.Array, ranks: jax.Array) -> jax.Array:
    """float32[n]: distance between each row's neighbours in its own front, summed over columns [n, M] scaled to 0..1.

    The ends of a front get +inf; failed rows get nothing or +inf.  The scale is that of feasible rows.
    """
    columns = list(scores.T)
    if len(columns) == 2:  # within a front one column falls where the other rises: one order serves both
        return _gaps(ranks, columns)
    return sum((_gaps(ranks, [column]) for column in columns), jnp.zeros(len(scores)))


def _gaps(ranks: jax.Array, columns: list[jax.Array]) -> jax.Array:
    """float32[n]: gap between the neighbours by the first column in a row's front, summed over columns."""
    place = _places(ranks, columns[0])
    order = _inverse(place)
    rank, total = ranks[order], jnp.zeros(len(ranks) - 2)
    for column in columns:
        feasible = is_feasible(column)
        span = jnp.where(feasible, column, -jnp.inf).max() - jnp.where(feasible, column, jnp.inf).min()
        value = column[order]
        gap = jnp.abs(value[2:] - value[:-2]) / jnp.maximum(span, 1e-30)
        total = total + jnp.where(jnp.isfinite(gap), gap, 0.0)  # between failed rows there is none
    inner = (rank[1:-1] == rank[:-2]) & (rank[1:-1] == rank[2:])
    return jnp.pad(jnp.where(inner, total, jnp.inf), 1, constant_values=jnp.inf)[place]


def first_places(keys: jax.Array, count: int) -> jax.Array:
    """int32[count]: the rows of the smallest keys [n], in order, equal ones as they stand."""
    return _inverse(_places(keys))[:count]


def _places(*keys: jax.Array) -> jax.Array:
    """int32[n]: where each row comes by the first key [n], by the next where that is equal, and so on."""
    rows = jnp.arange(len(keys[0]))
    before = rows[:, None] < rows[None]
    for key in reversed(keys):
        before = (key[:, None] < key[None]) | ((key[:, None] == key[None]) & before)
    return before.sum(0, dtype=jnp.int8 if len(rows) < 128 else jnp.int32).astype(jnp.int32)


def _inverse(places: jax.Array) -> jax.Array:
    """int32[n]: the row at each place."""
    rows = jnp.arange(len(places), dtype=jnp.int32)
    # compared: writing rows to their places is a loop of so many steps, half of what a small search costs on the host
    return jnp.where(places[None] == rows[:, None], rows[None], 0).sum(1, dtype=jnp.int32)
