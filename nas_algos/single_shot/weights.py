"""Shared weights, and one step of training them on the networks of a step."""

from __future__ import annotations

from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from jax import lax

from nas_algos.single_shot.supernet import Supernet, Variables


class Weights(NamedTuple):
    """The supernet's parameters and statistics, and the moments of its optimiser."""

    params: Any
    statistics: Any
    moments: Any


def start_weights(supernet: Supernet, key: jax.Array) -> Weights:
    """Untrained weights."""
    params, statistics = supernet.init(key)
    return Weights(params, statistics, jax.jit(supernet.optimiser.init)(params))


def train_paths(
    supernet: Supernet, weights: Weights, genotypes: jax.Array, batch: Any, key: jax.Array, rate: jax.Array
) -> tuple[Weights, jax.Array, jax.Array]:
    """Move the weights by the mean gradient of networks int32[m, D] on one batch.

    Returns weights, mean loss and how many of the networks failed: loss or gradient not finite.  Those are left out
    of both means; if all failed the weights stay as they were.  The statistics are the last network's.
    """

    def loss_of(params: Any, genotype: jax.Array, key: jax.Array) -> tuple[jax.Array, Any]:
        return supernet.loss(Variables(params, weights.statistics), genotype, batch, key)

    def add(carry: Any, path: Any) -> tuple[Any, None]:
        total, total_loss, count, statistics = carry
        (loss, fresh), gradient = jax.value_and_grad(loss_of, has_aux=True)(weights.params, *path)
        good = jnp.isfinite(loss) & all_finite(gradient) & all_finite(fresh)
        total = jax.tree.map(lambda a, b: a + jnp.where(good, b, jnp.zeros_like(b)), total, gradient)
        total_loss = total_loss + jnp.where(good, loss, jnp.zeros_like(loss))
        return (total, total_loss, count + good.astype(jnp.int32), choose(good, fresh, statistics)), None

    nothing = jax.tree.map(jnp.zeros_like, weights.params), jnp.zeros(()), jnp.zeros((), jnp.int32), weights.statistics
    keys = jax.random.split(key, len(genotypes))
    (total, total_loss, count, statistics), _ = lax.scan(add, nothing, (genotypes, keys))
    some = jnp.maximum(count, 1).astype(jnp.float32)
    gradient = jax.tree.map(lambda leaf: leaf / some, total)
    with jax.numpy_dtype_promotion("standard"):  # optax raises floats to whole powers
        updates, moments = supernet.optimiser.update(gradient, weights.moments, weights.params)
    moved = jax.tree.map(lambda p, u: p - rate * u, weights.params, updates)
    # an update may overflow although its gradient did not
    good = (count > 0) & all_finite(moved)
    skipped = len(genotypes) - count
    loss = jnp.where(count > 0, total_loss / some, jnp.nan)
    return choose(good, Weights(moved, statistics, moments), weights), loss, skipped


def all_finite(tree: Any) -> jax.Array:
    """bool[]: whether every value of every float leaf is finite."""
    flags = [jnp.isfinite(leaf).all() for leaf in jax.tree.leaves(tree) if jnp.issubdtype(leaf.dtype, jnp.floating)]
    return jnp.stack(flags).all() if flags else jnp.ones((), bool)


def choose(condition: jax.Array, yes: Any, no: Any) -> Any:
    """One of two pytrees of equal structure, by a scalar."""
    return jax.tree.map(lambda a, b: jnp.where(condition, a, b), yes, no)
