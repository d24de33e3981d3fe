"""REINFORCE: a distribution over each decision, moved towards choices that scored better than usual.

Zoph and Le, Neural Architecture Search with Reinforcement Learning, arXiv:1611.01578, with Williams's estimator; the
controller is one vector of logits per decision, without a recurrent network, as in Bender et al., arXiv:2008.06120.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import optax
from flax import struct

from nas_algos.checks import check_between, check_positive
from nas_algos.genotypes import checked_cardinalities
from nas_algos.strategy import Strategy


@dataclass(frozen=True)
class ReinforceSettings:
    """batch: genotypes of each round.  learning_rate: of Adam.  entropy: weight of the entropy bonus.

    memory: share of the old baseline that stays in each round.  failure: advantage of a failed trial, in typical
    deviations from the baseline.
    """

    batch: int = 8
    learning_rate: float = 0.2
    entropy: float = 0.01
    memory: float = 0.9
    failure: float = -2.0


@struct.dataclass
class ReinforceState:
    """logits: float32[D, most choices]; moments: of Adam.  baseline, deviation: float32[], of scores; told: int32[]."""

    logits: jax.Array
    moments: Any
    baseline: jax.Array
    deviation: jax.Array
    told: jax.Array


def reinforce(cardinalities: Sequence[int], settings: ReinforceSettings = ReinforceSettings()) -> Strategy:
    """Policy gradient for one objective; advantages are in units of the scores' typical deviation."""
    choices = checked_cardinalities(cardinalities)
    check_positive("reinforce", settings, "batch")
    check_between("reinforce", settings, 1e-6, 10, "learning_rate")
    check_between("reinforce", settings, 0, 10, "entropy")
    check_between("reinforce", settings, 0, 0.9999, "memory")
    check_between("reinforce", settings, -100, 0, "failure")
    allowed = jnp.array(np.arange(max(choices)) < np.array(choices)[:, None])
    optimiser = optax.adam(settings.learning_rate)

    def init(key: jax.Array) -> ReinforceState:
        del key
        logits = jnp.zeros(allowed.shape)
        return ReinforceState(logits, optimiser.init(logits), jnp.zeros(()), jnp.zeros(()), jnp.zeros((), jnp.int32))

    def log_probabilities(logits: jax.Array) -> jax.Array:
        return jax.nn.log_softmax(jnp.where(allowed, logits, -1e9), axis=-1)

    def ask(state: ReinforceState, key: jax.Array) -> jax.Array:
        shape = settings.batch, len(choices)
        return jax.random.categorical(key, log_probabilities(state.logits)[None], shape=shape).astype(jnp.int32)

    def loss(logits: jax.Array, genotypes: jax.Array, advantages: jax.Array) -> jax.Array:
        log_p = log_probabilities(logits)
        chosen = log_p[jnp.arange(len(choices))[None], genotypes].sum(-1)
        entropy = -jnp.where(allowed, jnp.exp(log_p) * log_p, 0.0).sum()
        return -(advantages * chosen).mean() - settings.entropy * entropy

    def tell(state: ReinforceState, genotypes: jax.Array, scores: jax.Array) -> ReinforceState:
        good = jnp.isfinite(scores)
        some = good.any()
        values, count = jnp.where(good, scores, 0.0), jnp.maximum(good.sum(), 1).astype(jnp.float32)
        mean = values.sum() / count
        memory = jnp.where(state.deviation > 0, settings.memory, 0.0)
        baseline = jnp.where(some, memory * state.baseline + (1 - memory) * mean, state.baseline)
        spread = jnp.where(good, jnp.abs(values - baseline), 0.0).sum() / count
        deviation = jnp.where(some, memory * state.deviation + (1 - memory) * spread, state.deviation)
        advantages = jnp.where(good, (baseline - values) / jnp.maximum(deviation, 1e-12), settings.failure)
        advantages = jnp.clip(advantages, -5.0, 5.0)
        gradient = jax.grad(loss)(state.logits, genotypes, advantages)
        with jax.numpy_dtype_promotion("standard"):  # optax raises floats to whole powers
            updates, moments = optimiser.update(gradient, state.moments)
        logits = state.logits + jnp.asarray(updates)
        return ReinforceState(logits, moments, baseline, deviation, state.told + len(genotypes))

    return Strategy("reinforce", choices, init, ask, tell, settings.batch)
