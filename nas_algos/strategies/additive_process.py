"""A Gaussian process over genotypes that learns which decisions matter: a sum of a term for each, one for all together.

Duvenaud, Nickisch and Rasmussen, Additive Gaussian Processes, NeurIPS 2011, at order one, where two genotypes covary by
a decision's variance if they agree in it.  The other term, of what decisions do together, falls with the number of
those that differ, D of D: variance * exp(-scale * differing / D).  The variances, the noise's among them, are fitted to
each target by a few steps of algorithm 1 of Zhou, Hu, Zhou and Lange, MM Algorithms for Variance Components Models,
Journal of Computational and Graphical Statistics 28, 2019.  Other than there, an inverse gamma prior holds each by its
start, as a search has seen few trials.
"""

from __future__ import annotations

from typing import NamedTuple

import jax
import jax.numpy as jnp
from jax.scipy.linalg import solve_triangular

_TRUST = 2.0
"""How strongly the prior holds: twice the shape of the inverse gamma distribution, and 2 more."""


class Prior(NamedTuple):
    """Where the variances start; those of the process add up to 1."""

    together: float
    """Of what decisions do together; the rest is shared by the decisions alike."""
    noise: float
    """Of a target around the process."""
    scale: float
    """Logarithm by which the covariance of what they do together has fallen where everything differs."""


def posterior(
    prior: Prior, steps: int, seen: jax.Array, targets: jax.Array, known: jax.Array, asked: jax.Array
) -> tuple[jax.Array, jax.Array]:
    """Means and deviations float32[m, t] at asked int32[m, D], from targets float32[n, t] of those rows of seen that
    known, bool[n, t], has.

    A target that is the same wherever it is known is expected everywhere.  One target is done after another: many
    searches at once factor matrices in batches, whose parts jaxlib gives to the threads that XLA runs on and waits for
    them on one of these (0.10): two batches at a time on two threads wait for ever.
    """
    decisions, count = seen.shape[1], len(asked)
    terms, across = _terms(seen, seen, prior.scale), _terms(seen, asked, prior.scale)
    alone = jnp.full(decisions, (1 - prior.together) / decisions)
    start = jnp.append(alone, jnp.array([prior.together, prior.noise]))

    def fitted(target: jax.Array, rows: jax.Array) -> tuple[jax.Array, jax.Array]:
        own = terms * (rows[:, None] * rows[None])[None]

        def factored(variances: jax.Array) -> jax.Array:
            # what is not known stands alone
            diagonal = 1 + (variances[-1] - 1) * rows
            return jnp.linalg.cholesky(jnp.tensordot(variances[:-1], own, 1) + jnp.diag(diagonal))

        def step(_: int, variances: jax.Array) -> jax.Array:
            half = solve_triangular(factored(variances), jnp.eye(len(rows)), lower=True)
            inverse = half.T @ half
            solved = inverse @ target
            traces = jnp.append((inverse[None] * own).sum((1, 2)), jnp.diag(inverse) @ rows)
            found = jnp.append(own @ solved @ solved, solved**2 @ rows)
            return variances * jnp.sqrt((found + _TRUST * start / variances**2) / (traces + _TRUST / variances))

        variances = jax.lax.fori_loop(0, steps, step, start)
        right = jnp.tensordot(variances[:-1], across, 1) * rows[:, None]
        solved = solve_triangular(factored(variances), jnp.append(right, target[:, None], axis=1), lower=True)
        left = variances[:-1].sum() - (solved[:, :-1] ** 2).sum(0)
        return solved[:, :-1].T @ solved[:, -1], jnp.sqrt(jnp.maximum(left, 1e-6))

    def one_target(given: tuple[jax.Array, jax.Array]) -> tuple[jax.Array, jax.Array]:
        target, rows = given
        low, high = jnp.where(rows, target, jnp.inf).min(), jnp.where(rows, target, -jnp.inf).max()
        same = jnp.full(count, jnp.where(rows.any(), low, 0.0)), jnp.full(count, 1e-3)
        return jax.lax.cond(low < high, fitted, lambda *_: same, jnp.where(rows, target, 0.0), rows.astype(jnp.float32))

    mean, deviation = jax.lax.map(one_target, (targets.T, known.T))
    return mean.T, deviation.T


def _terms(one: jax.Array, other: jax.Array, scale: float) -> jax.Array:
    """float32[D + 1, n, m]: whether genotypes [n, D] and [m, D] agree in each decision; and the term of all."""
    same = (one.T[:, :, None] == other.T[:, None]).astype(jnp.float32)
    return jnp.concatenate([same, jnp.exp((same.mean(0) - 1) * scale)[None]])
