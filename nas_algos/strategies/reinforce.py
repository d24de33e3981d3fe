"""REINFORCE: a distribution over each decision, moved towards choices that scored better than usual.

Zoph and Le, Neural Architecture Search with Reinforcement Learning, arXiv:1611.01578, with Williams's estimator; the
controller is one vector of logits per decision, without a recurrent network, as in Bender et al., arXiv:2008.06120.

Other than there, advantages are in units of the typical deviation among feasible trials, whose baseline and deviation
are running means; what breaks a bound has a fixed advantage below zero that falls with how far it misses, and what
failed the least.  Both in one scale would drown the differences between feasible networks in the penalty.
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
from nas_algos.objectives import is_feasible, violation
from nas_algos.strategy import Strategy


@dataclass(frozen=True)
class ReinforceSettings:
    """What may be set."""

    batch: int = 8
    """Genotypes of each round, two or more: one score alone does not differ from its round's mean."""
    learning_rate: float = 0.2
    """Of Adam."""
    entropy: float = 0.01
    """Weight of the entropy bonus."""
    memory: float = 0.9
    """Share of the old baseline that stays in each round."""
    failure: float = -2.0
    """Advantage of a failed trial, in typical deviations from the baseline."""


@struct.dataclass
class ReinforceState:
    """The distribution, and what scores are compared with."""

    logits: jax.Array
    """float32[D, most choices]."""
    moments: Any
    """Of Adam."""
    baseline: jax.Array
    """float32[], of feasible scores."""
    deviation: jax.Array
    """float32[], of feasible scores; 0 before the first."""
    told: jax.Array
    """int32[], trials so far."""


class Controller:
    """A distribution over genotypes, independent between decisions, with what REINFORCE and PPO ask of it."""

    def __init__(self, cardinalities: Sequence[int]):
        self.choices = checked_cardinalities(cardinalities)
        self._allowed = jnp.array(np.arange(max(self.choices)) < np.array(self.choices)[:, None])

    def start(self, optimiser: optax.GradientTransformation, key: jax.Array) -> ReinforceState:
        """The uniform distribution."""
        del key
        logits = jnp.zeros(self._allowed.shape)
        return ReinforceState(logits, optimiser.init(logits), jnp.zeros(()), jnp.zeros(()), jnp.zeros((), jnp.int32))

    def _log_probabilities(self, logits: jax.Array) -> jax.Array:
        return jax.nn.log_softmax(jnp.where(self._allowed, logits, -1e9), axis=-1)

    def draw(self, logits: jax.Array, key: jax.Array, count: int) -> jax.Array:
        """Genotypes int32[count, D]."""
        shape = count, len(self.choices)
        return jax.random.categorical(key, self._log_probabilities(logits)[None], shape=shape).astype(jnp.int32)

    def log_probability(self, logits: jax.Array, genotypes: jax.Array) -> jax.Array:
        """float32[b], of whole genotypes int32[b, D]."""
        return self._log_probabilities(logits)[jnp.arange(len(self.choices))[None], genotypes].sum(-1)

    def entropy(self, logits: jax.Array) -> jax.Array:
        """float32[], in nats, summed over decisions."""
        log_p = self._log_probabilities(logits)
        return -jnp.where(self._allowed, jnp.exp(log_p) * log_p, 0.0).sum()

    def advantages(
        self, state: ReinforceState, scores: jax.Array, memory: float, failure: float
    ) -> tuple[jax.Array, jax.Array, jax.Array]:
        """Advantages float32[b] in typical deviations, larger is better, and the new baseline and deviation."""
        good = is_feasible(scores)
        some = good.any()
        values, count = jnp.where(good, scores, 0.0), jnp.maximum(good.sum(), 1).astype(jnp.float32)
        kept = jnp.where(state.deviation > 0, memory, 0.0)
        baseline = jnp.where(some, kept * state.baseline + (1 - kept) * values.sum() / count, state.baseline)
        spread = jnp.where(good, jnp.abs(values - baseline), 0.0).sum() / count
        deviation = jnp.where(some, kept * state.deviation + (1 - kept) * spread, state.deviation)
        missing = violation(scores)
        # from half of a failure's up to nearly all of it
        penalty = failure * jnp.where(jnp.isfinite(missing), 0.5 + 0.5 * missing / (1 + missing), 1.0)
        able = (baseline - values) / jnp.maximum(deviation, 1e-30)
        return jnp.where(good, jnp.clip(able, -5.0, 5.0), penalty), baseline, deviation


def reinforce(cardinalities: Sequence[int], settings: ReinforceSettings = ReinforceSettings()) -> Strategy:
    """Policy gradient for one objective; advantages are in units of the scores' typical deviation."""
    controller = Controller(cardinalities)
    check_positive("reinforce", settings, "batch")
    check_between("reinforce", settings, 2, 1_000_000, "batch")
    check_between("reinforce", settings, 1e-6, 10, "learning_rate")
    check_between("reinforce", settings, 0, 10, "entropy")
    check_between("reinforce", settings, 0, 0.9999, "memory")
    check_between("reinforce", settings, -100, 0, "failure")
    optimiser = optax.adam(settings.learning_rate)

    def ask(state: ReinforceState, key: jax.Array) -> jax.Array:
        return controller.draw(state.logits, key, settings.batch)

    def loss(logits: jax.Array, genotypes: jax.Array, advantages: jax.Array) -> jax.Array:
        gain = (advantages * controller.log_probability(logits, genotypes)).mean()
        return -gain - settings.entropy * controller.entropy(logits)

    def tell(state: ReinforceState, genotypes: jax.Array, scores: jax.Array) -> ReinforceState:
        advantages, baseline, deviation = controller.advantages(state, scores, settings.memory, settings.failure)
        gradient = jax.grad(loss)(state.logits, genotypes, advantages)
        with jax.numpy_dtype_promotion("standard"):  # optax raises floats to whole powers
            updates, moments = optimiser.update(gradient, state.moments)
        logits = state.logits + jnp.asarray(updates)
        return ReinforceState(logits, moments, baseline, deviation, state.told + len(genotypes))

    def init(key: jax.Array) -> ReinforceState:
        return controller.start(optimiser, key)

    return Strategy("reinforce", controller.choices, init, ask, tell, settings.batch)
