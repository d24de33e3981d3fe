"""Predictor-guided search: an ensemble learns from the trials, and Thompson draws pick among mutants of the best.

White, Neiswanger and Savani, BANANAS: Bayesian Optimization with Neural Architectures for Neural Architecture Search,
arXiv:1910.11858.  The predictors see genotypes one-hot, and learn ranks of scores, so that failures and outliers
do no harm.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import jax
import jax.numpy as jnp
import optax
from flax import struct

from nas_algos.checks import check_between, check_positive
from nas_algos.genotypes import checked_cardinalities, mutate, sample
from nas_algos.strategy import Strategy


@dataclass(frozen=True)
class BananasSettings:
    """batch: genotypes of each round.  first: uniform genotypes before the ensemble is asked.

    memory: trials that the ensemble learns from, the latest.  candidates: mutants it picks from.  parents: best trials
    that they come from.  members, width, steps, learning_rate: of the ensemble and its training.
    """

    batch: int = 5
    first: int = 20
    memory: int = 256
    candidates: int = 100
    parents: int = 10
    members: int = 5
    width: int = 32
    steps: int = 60
    learning_rate: float = 0.01


@struct.dataclass
class BananasState:
    """genotypes: int32[memory, D], a ring; scores: float32[memory]; told: int32[], trials so far."""

    genotypes: jax.Array
    scores: jax.Array
    told: jax.Array


def bananas(cardinalities: Sequence[int], settings: BananasSettings = BananasSettings()) -> Strategy:
    """Predictor-guided search for one objective; the ensemble is trained anew in every round."""
    choices = checked_cardinalities(cardinalities)
    names = ("batch", "first", "memory", "candidates", "parents", "members", "width", "steps")
    check_positive("bananas", settings, *names)
    check_between("bananas", settings, 1e-6, 1, "learning_rate")
    check_between("bananas", settings, 1, settings.memory, "parents", "batch")
    check_between("bananas", settings, settings.batch, 1_000_000, "candidates")
    memory, batch = settings.memory, settings.batch
    optimiser = optax.adam(settings.learning_rate)

    def features(genotypes: jax.Array) -> jax.Array:
        """One-hot decisions in a row, float32[n, sum of choices]."""
        return jnp.concatenate([jax.nn.one_hot(genotypes[:, d], count) for d, count in enumerate(choices)], axis=1)

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

    def init(key: jax.Array) -> BananasState:
        del key
        return BananasState(
            jnp.zeros((memory, len(choices)), jnp.int32),
            jnp.full(memory, jnp.inf, jnp.float32),
            jnp.zeros((), jnp.int32),
        )

    def pick(state: BananasState, key: jax.Array) -> jax.Array:
        train_key, parent_key, one_key, two_key, both_key, draw_key = jax.random.split(key, 6)
        known = jnp.arange(memory) < state.told
        order = jnp.argsort(jnp.where(known, state.scores, jnp.nan))  # unknown ones last
        ranks = jnp.searchsorted(state.scores[order], state.scores, side="left")
        targets = jnp.where(known, ranks.astype(jnp.float32) / how_many(known), 0.0) - 0.5
        seen = features(state.genotypes)
        keys = jax.random.split(train_key, settings.members)
        ensemble = jax.vmap(lambda key: train(key, seen, targets, known))(keys)
        best = jnp.minimum(settings.parents, known.sum())
        parents = order[jax.random.randint(parent_key, (settings.candidates,), 0, jnp.maximum(best, 1))]
        once = mutate(one_key, state.genotypes[parents], choices)
        twice = mutate(two_key, once, choices)
        mutants = jnp.where(jax.random.bernoulli(both_key, 0.5, (settings.candidates, 1)), twice, once)
        guesses = jax.vmap(lambda weights: predict(weights, features(mutants)))(ensemble)
        noise = jax.random.normal(draw_key, (settings.candidates,))
        draws = guesses.mean(0) + guesses.std(0) * noise
        old = ((mutants[:, None] == state.genotypes[None]).all(-1) & known[None]).any(1)
        twins = jnp.tri(settings.candidates, k=-1, dtype=bool) & (mutants[:, None] == mutants[None]).all(-1)
        draws = draws + jnp.where(old | twins.any(1), 1e6, 0.0)
        return mutants[jnp.argsort(draws)[:batch]]

    def ask(state: BananasState, key: jax.Array) -> jax.Array:
        first_key, pick_key = jax.random.split(key)
        filling = state.told + jnp.arange(batch) < settings.first
        return jnp.where(filling[:, None], sample(first_key, choices, batch), pick(state, pick_key))

    def tell(state: BananasState, genotypes: jax.Array, scores: jax.Array) -> BananasState:
        oldest = (state.told + jnp.arange(len(genotypes))) % memory
        return BananasState(
            state.genotypes.at[oldest].set(genotypes),
            state.scores.at[oldest].set(scores),
            state.told + len(genotypes),
        )

    return Strategy("bananas", choices, init, ask, tell, batch)
