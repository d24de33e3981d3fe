"""Predictor-guided search: an ensemble learns from the trials, and Thompson draws pick among mutants of the best.

White, Neiswanger and Savani, BANANAS: Bayesian Optimization with Neural Architectures for Neural Architecture Search,
arXiv:1910.11858.  Other than there, the predictors see genotypes one-hot instead of paths, and learn ranks of scores,
so that failures, penalties and outliers do no harm.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import jax
import jax.numpy as jnp
import optax

from nas_algos.checks import check_between, check_positive
from nas_algos.genotypes import checked_cardinalities, mutate, sample
from nas_algos.strategies.archive import Archive, add, empty_archive
from nas_algos.strategy import Strategy


@dataclass(frozen=True)
class BananasSettings:
    """What may be set."""

    batch: int = 5
    """Genotypes of each round."""
    first: int = 20
    """Uniform genotypes before the ensemble is asked."""
    memory: int = 256
    """Trials that the ensemble learns from: the best half, and the latest (`archive.Archive`)."""
    candidates: int = 100
    """Mutants it picks from."""
    parents: int = 10
    """Best trials that they come from."""
    members: int = 5
    """Networks of the ensemble."""
    width: int = 32
    """Hidden units of each."""
    steps: int = 60
    """Of Adam in each round."""
    learning_rate: float = 0.01
    """Of Adam."""


def bananas(cardinalities: Sequence[int], settings: BananasSettings = BananasSettings()) -> Strategy:
    """Predictor-guided search for one objective; the ensemble is trained anew in every round."""
    choices = checked_cardinalities(cardinalities)
    names = ("batch", "first", "memory", "candidates", "parents", "members", "width", "steps")
    check_positive("bananas", settings, *names)
    check_between("bananas", settings, 1e-6, 1, "learning_rate")
    check_between("bananas", settings, 1, settings.memory, "parents")
    check_between("bananas", settings, 1, max(settings.memory // 2, 1), "batch")
    check_between("bananas", settings, settings.batch, 1_000_000, "candidates")
    memory, batch = settings.memory, settings.batch
    optimiser = optax.adam(settings.learning_rate)

    def features(genotypes: jax.Array) -> jax.Array:
        """One-hot decisions in a row, float32[n, columns]."""
        columns = [jax.nn.one_hot(genotypes[:, d], count) for d, count in enumerate(choices)]
        return jnp.concatenate(columns, axis=1)

    def draw_mutants(keys: Sequence[jax.Array], parents: jax.Array) -> jax.Array:
        one_key, two_key, both_key = keys
        once = mutate(one_key, parents, choices)
        twice = mutate(two_key, once, choices)
        return jnp.where(jax.random.bernoulli(both_key, 0.5, (len(parents), 1)), twice, once)

    def how_many(known: jax.Array) -> jax.Array:
        return jnp.maximum(known.sum(), 1).astype(jnp.float32)

    def predict(weights: tuple[jax.Array, ...], inputs: jax.Array) -> jax.Array:
        into, bias, out = weights
        return (jax.nn.relu(inputs @ into + bias[None]) @ out[:, None])[:, 0]

    def train(key: jax.Array, inputs: jax.Array, targets: jax.Array, known: jax.Array) -> Any:
        into_key, out_key = jax.random.split(key)
        into = jax.random.normal(into_key, (inputs.shape[1], settings.width)) * (2 / len(choices)) ** 0.5
        out = jax.random.normal(out_key, (settings.width,)) / settings.width**0.5
        weights = into, jnp.zeros(settings.width), out

        def loss(weights: tuple[jax.Array, ...]) -> jax.Array:
            errors = jnp.where(known, predict(weights, inputs) - targets, 0.0)
            return (errors**2).sum() / how_many(known)

        def step(carry, _):
            weights, moments = carry
            gradient = jax.grad(loss)(weights)
            with jax.numpy_dtype_promotion("standard"):  # optax raises floats to whole powers
                updates, moments = optimiser.update(gradient, moments)
            return (optax.apply_updates(weights, updates), moments), None

        (weights, _), _ = jax.lax.scan(step, (weights, optimiser.init(weights)), length=settings.steps)
        return weights

    def init(key: jax.Array) -> Archive:
        del key
        return empty_archive(memory, len(choices), 1)

    def pick(state: Archive, key: jax.Array) -> jax.Array:
        train_key, parent_key, *mutant_keys, draw_key = jax.random.split(key, 6)
        known, scores = state.born >= 0, state.scores[:, 0]
        order = jnp.argsort(jnp.where(known, scores, jnp.nan))  # unknown ones last
        ranks = jnp.searchsorted(scores[order], scores, side="left")
        targets = jnp.where(known, ranks.astype(jnp.float32) / how_many(known), 0.0) - 0.5
        seen = features(state.genotypes)
        keys = jax.random.split(train_key, settings.members)
        ensemble = jax.vmap(lambda key: train(key, seen, targets, known))(keys)
        best = jnp.minimum(settings.parents, known.sum())
        parents = order[jax.random.randint(parent_key, (settings.candidates,), 0, jnp.maximum(best, 1))]
        candidates = draw_mutants(mutant_keys, state.genotypes[parents])
        guesses = jax.vmap(lambda weights: predict(weights, features(candidates)))(ensemble)
        draws = guesses.mean(0) + guesses.std(0) * jax.random.normal(draw_key, (len(candidates),))
        old = ((candidates[:, None] == state.genotypes[None]).all(-1) & known[None]).any(1)
        twins = jnp.tri(len(candidates), k=-1, dtype=bool) & (candidates[:, None] == candidates[None]).all(-1)
        draws = draws + jnp.where(old | twins.any(1), 1e6, 0.0)
        return candidates[jnp.argsort(draws)[:batch]]

    def ask(state: Archive, key: jax.Array) -> jax.Array:
        first_key, pick_key = jax.random.split(key)
        filling = state.told + jnp.arange(batch) < settings.first
        return jnp.where(filling[:, None], sample(first_key, choices, batch), pick(state, pick_key))

    return Strategy("bananas", choices, init, ask, add, batch)
