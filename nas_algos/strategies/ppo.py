"""PPO: the controller of REINFORCE, moved several steps by each round's scores, but not far from where they were drawn.

Schulman, Wolski, Dhariwal, Radford and Klimov, Proximal Policy Optimization Algorithms, arXiv:1707.06347, equation 7.
One score for a whole genotype, so that there is no critic: the baseline is a running mean, as in reinforce.py, which
says how bounds and failures count.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import jax
import jax.numpy as jnp
import optax

from nas_algos.checks import check_between, check_positive
from nas_algos.strategies.reinforce import Controller, ReinforceState
from nas_algos.strategy import Strategy


@dataclass(frozen=True)
class PpoSettings:
    """What may be set.

    learning_rate was chosen from .05, .07, .1 and .2 on benchmarks.experiments.strategies.problems.tuning_tables, and
    nowhere else.
    """

    batch: int = 8
    """Genotypes of each round, two or more, as of `ReinforceSettings`."""
    learning_rate: float = 0.05
    """Of Adam."""
    steps: int = 4
    """Of Adam in each round (the paper's epochs)."""
    clip: float = 0.2
    """How far the ratio of new to old probability may move from 1 before it stops to count."""
    entropy: float = 0.01
    """Weight of the entropy bonus."""
    memory: float = 0.9
    """As in ReinforceSettings."""
    failure: float = -2.0
    """As in ReinforceSettings."""


def ppo(cardinalities: Sequence[int], settings: PpoSettings = PpoSettings()) -> Strategy:
    """Proximal policy optimisation for one objective."""
    check_positive("ppo", settings, "batch", "steps")
    check_between("ppo", settings, 2, 1_000_000, "batch")
    check_between("ppo", settings, 1e-6, 10, "learning_rate")
    check_between("ppo", settings, 1e-3, 1, "clip")
    check_between("ppo", settings, 0, 10, "entropy")
    check_between("ppo", settings, 0, 0.9999, "memory")
    check_between("ppo", settings, -100, 0, "failure")
    controller = Controller(cardinalities)
    optimiser = optax.adam(settings.learning_rate)

    def tell(state: ReinforceState, genotypes: jax.Array, scores: jax.Array) -> ReinforceState:
        advantages, baseline, deviation = controller.advantages(state, scores, settings.memory, settings.failure)
        before = controller.log_probability(state.logits, genotypes)

        def loss(logits: jax.Array) -> jax.Array:
            ratio = jnp.exp(controller.log_probability(logits, genotypes) - before)
            clipped = jnp.clip(ratio, 1 - settings.clip, 1 + settings.clip)
            gain = jnp.minimum(ratio * advantages, clipped * advantages).mean()
            return -gain - settings.entropy * controller.entropy(logits)

        def step(carry, _):
            logits, moments = carry
            gradient = jax.grad(loss)(logits)
            with jax.numpy_dtype_promotion("standard"):  # optax raises floats to whole powers
                updates, moments = optimiser.update(gradient, moments)
            return (logits + jnp.asarray(updates), moments), None

        (logits, moments), _ = jax.lax.scan(step, (state.logits, state.moments), length=settings.steps)
        return ReinforceState(logits, moments, baseline, deviation, state.told + len(genotypes))

    def ask(state: ReinforceState, key: jax.Array) -> jax.Array:
        return controller.draw(state.logits, key, settings.batch)

    return Strategy("ppo", controller.choices, lambda key: controller.start(optimiser, key), ask, tell, settings.batch)
