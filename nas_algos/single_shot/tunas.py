"""TuNAS: REINFORCE on networks that share weights, with the absolute reward and its warm-ups.

Bender et al., Can weight sharing outperform random architecture search? An investigation with TuNAS, arXiv:2008.06120.
One network is drawn to train the weights, another one to be rewarded on held-out examples.  The reward is that of
objectives.tunas, with exp(-loss) as quality: a number in 0..1 that every task has, for a class label the probability
given to the truth (geometric mean); the paper takes the accuracy.

Warm-ups, over the first part of the training.  Filter warm-up: with a probability that falls from 1 to 0 the network
trained has all its channels.  Operation warm-up: likewise its other choices are uniform draws and not the
controller's; the paper switches on all operations at once, which a supernet that runs one path does not.  The
controller stands still meanwhile.  Advantages are in units of their typical size, as in reinforce.py.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import NamedTuple

import jax
import jax.numpy as jnp
import optax

from nas_algos.checks import check_between
from nas_algos.genotypes import sample
from nas_algos.objectives import tunas as tunas_objective
from nas_algos.single_shot.algorithm import Chosen, Inputs, Outcome, SingleShot, as_genotype
from nas_algos.single_shot.relaxed import check_bounds, extreme, masked, most_probable_within
from nas_algos.single_shot.supernet import Supernet, Variables
from nas_algos.single_shot.weights import Weights, start_weights, train_paths
from nas_algos.strategies.reinforce import Controller, ReinforceState

FAILURE = -2.0  # advantage of a network whose loss is not finite


@dataclass(frozen=True)
class TunasSettings:
    """learning_rate: of Adam on the controller.  weight: the reward's beta, below 0.  entropy: weight of its bonus.

    memory: share of the old baseline that stays in each step.  warm_up: share of the training; 0.25 in the paper.
    """

    learning_rate: float = 0.05
    weight: float = -0.07
    entropy: float = 0.0
    memory: float = 0.95
    warm_up: float = 0.25


class TunasState(NamedTuple):
    """controller: its logits and baseline, as in reinforce.py."""

    weights: Weights
    controller: ReinforceState


def tunas(supernet: Supernet, bounds: Mapping[str, float], settings: TunasSettings = TunasSettings()) -> SingleShot:
    """The reward aims at the first of the bounds {cost: most}.

    The others, and it, are kept by the network that is given out: the most probable one; if that breaks a bound, the
    most probable that does not.
    """
    check_between("tunas", settings, 1e-6, 10, "learning_rate")
    check_between("tunas", settings, 0, 10, "entropy")
    check_between("tunas", settings, 0, 0.9999, "memory")
    check_between("tunas", settings, 0, 0.9, "warm_up")
    check_bounds("tunas", supernet, bounds)
    controller = Controller(supernet.cardinalities)
    target, limit = next(iter(bounds.items()))
    objective = tunas_objective(target, limit, settings.weight)
    optimiser = optax.adam(settings.learning_rate)
    widths, widest = jnp.array(tuple(supernet.widths), bool), jnp.asarray(extreme(supernet, largest=True))

    def draw_to_train(state: ReinforceState, share: jax.Array, key: jax.Array) -> jax.Array:
        keys = jax.random.split(key, 4)
        chance = jnp.maximum(1.0 - share / max(settings.warm_up, 1e-6), 0.0)
        operations, filters = (jax.random.bernoulli(k, chance) for k in keys[:2])
        drawn = controller.draw(state.logits, keys[2], 1)[0]
        drawn = jnp.where(operations, sample(keys[3], controller.choices, 1)[0], drawn)
        return jnp.where(filters & widths, widest, drawn)

    def learn(state: TunasState, inputs: Inputs, key: jax.Array) -> tuple[ReinforceState, jax.Array, jax.Array]:
        before = state.controller
        draw_key, loss_key = jax.random.split(key)
        genotype = controller.draw(before.logits, draw_key, 1)
        variables = Variables(state.weights.params, state.weights.statistics)
        loss, _ = supernet.loss(variables, genotype[0], inputs.held_out, loss_key)
        # an infinite loss has failed too: its exponential would be a quality of 0
        quality = jnp.where(jnp.isfinite(loss), jnp.exp(-loss), jnp.nan)
        scores = objective.score(quality[None], supernet.cost(genotype))
        advantage, baseline, deviation = _evaluate(before, scores[0], settings.memory)

        def surrogate(logits: jax.Array) -> jax.Array:
            gain = (advantage * controller.log_probability(logits, genotype)).sum()
            return -gain - settings.entropy * controller.entropy(logits)

        with jax.numpy_dtype_promotion("standard"):  # optax raises floats to whole powers
            updates, moments = optimiser.update(jax.grad(surrogate)(before.logits), before.moments)
        logits = before.logits + jnp.asarray(updates)
        told = before.told + jnp.isfinite(scores[0]).astype(jnp.int32)
        after = ReinforceState(logits, moments, baseline, deviation, told)
        return after, genotype[0], jnp.isfinite(scores[0])

    def step(state: TunasState, inputs: Inputs) -> tuple[TunasState, Outcome]:
        draw_key, train_key, learn_key = jax.random.split(inputs.key, 3)
        trained = draw_to_train(state.controller, inputs.share, draw_key)
        weights, loss, skipped = train_paths(
            supernet, state.weights, trained[None], inputs.batch, train_key, inputs.rate
        )
        state = state._replace(weights=weights)
        evaluating = inputs.share >= settings.warm_up
        moved, evaluated, good = jax.lax.cond(
            evaluating,
            lambda: learn(state, inputs, learn_key),
            lambda: (state.controller, trained, jnp.ones((), bool)),
        )
        outcome = Outcome(trained[None], evaluated, evaluating, loss, skipped + (~good).astype(jnp.int32))
        return state._replace(controller=moved), outcome

    def init(key: jax.Array) -> TunasState:
        weights_key, controller_key = jax.random.split(key)
        return TunasState(start_weights(supernet, weights_key), controller.start(optimiser, controller_key))

    def finish(state: TunasState, evaluations: int, key: jax.Array, progress: Callable[[float], None]) -> Chosen:
        del evaluations, progress  # one network is looked at
        found, preferred = most_probable_within(supernet, state.controller.logits, bounds, key)
        return Chosen(as_genotype(found), None if preferred is None else as_genotype(preferred), ())

    def logits_of(state: TunasState) -> jax.Array:
        return masked(state.controller.logits, controller.choices)

    share = 1 - settings.warm_up
    return SingleShot(
        "tunas", init, step, finish, logits_of, bounds, settings, held_out="forward", held_out_share=share
    )


def _evaluate(before: ReinforceState, score: jax.Array, memory: float) -> tuple[jax.Array, jax.Array, jax.Array]:
    """Advantage of one score over the scores before it, larger is better, and the new baseline and deviation.

    REINFORCE's own `Controller.advantages` takes rounds of several scores, whose mean is the first baseline.
    """
    good, first = jnp.isfinite(score), before.told == 0
    value = jnp.where(good, score, before.baseline)
    missed = jnp.abs(value - before.baseline)
    baseline = jnp.where(first, value, memory * before.baseline + (1 - memory) * value)
    # the second score is the first that has a baseline
    kept = jnp.where(before.deviation > 0, memory, 0.0)
    deviation = jnp.where(first | ~good, before.deviation, kept * before.deviation + (1 - kept) * missed)
    advantage = jnp.clip((before.baseline - value) / jnp.maximum(deviation, 1e-12), -5.0, 5.0)
    advantage = jnp.where(good, jnp.where(first, 0.0, advantage), FAILURE)
    return advantage, jnp.where(good, baseline, before.baseline), deviation
