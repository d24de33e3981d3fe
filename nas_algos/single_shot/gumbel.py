"""Gumbel-softmax over architecture logits, the expected cost in the loss: the network drawn converges to a single one.

Wu et al., FBNet, arXiv:1812.03443 (Gumbel-softmax with falling temperature, latency in the loss, weights and logits on
different examples) and Cai et al., ProxylessNAS, arXiv:1812.00332 (one path at a time, gradients through its gates,
expected latency).  As in the latter, and unlike FBNet's mixtures, a step runs one network, the one that is drawn.

Exact: the loss and its gradient in the choices at the network drawn (`Supernet.effects`); and the gradient of the
expected costs, whose estimate is unbiased for any cost model (relaxed.cost_changes).  Approximate: that gradient of the
loss stands for the change of loss when a choice is exchanged (straight-through, as in ProxylessNAS).

The papers weigh latency by a constant; here each bound has a multiplier that grows while the networks drawn are over
it and shrinks while they are under it, so that the search ends near its bounds whatever the loss's scale.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import optax

from nas_algos.checks import check_between
from nas_algos.genotypes import checked_cardinalities
from nas_algos.single_shot.algorithm import Chosen, Inputs, Outcome, SingleShot, as_genotype
from nas_algos.single_shot.relaxed import check_bounds, cost_changes, masked, most_probable_within
from nas_algos.single_shot.supernet import Supernet, Variables
from nas_algos.single_shot.weights import Weights, all_finite, choose, start_weights, train_paths

_LEAST, _MOST = 1e-3, 1e3  # of a multiplier


@dataclass(frozen=True)
class GumbelSettings:
    """learning_rate: of Adam on the logits.  warm_up: share of the training before the logits move.

    first_temperature, last_temperature: of the softmax that gradients go through, falling geometrically from the end of
    the warm-up.  multiplier: of each bound at first; multiplier_rate: by how much its logarithm moves in a step of
    networks that are over the bound by their whole cost.
    """

    learning_rate: float = 0.05
    warm_up: float = 0.2
    first_temperature: float = 5.0
    last_temperature: float = 0.5
    multiplier: float = 1.0
    multiplier_rate: float = 0.1


class GumbelState(NamedTuple):
    """logits: float32[D, K]; moments: of Adam on them; multipliers: float32[bounds]."""

    weights: Weights
    logits: jax.Array
    moments: Any
    multipliers: jax.Array


def gumbel(supernet: Supernet, bounds: Mapping[str, float], settings: GumbelSettings = GumbelSettings()) -> SingleShot:
    """Gradient search within bounds {cost: most}.

    Its network is the most probable one; if that breaks a bound, the most probable that does not.
    """
    check_between("gumbel", settings, 1e-6, 10, "learning_rate")
    check_between("gumbel", settings, 0, 0.9, "warm_up")
    check_between("gumbel", settings, 1e-2, 100, "first_temperature", "last_temperature")
    check_between("gumbel", settings, _LEAST, _MOST, "multiplier")
    check_between("gumbel", settings, 0, 10, "multiplier_rate")
    cardinalities = checked_cardinalities(supernet.cardinalities)
    check_bounds("gumbel", supernet, bounds)
    names, limits = list(bounds), jnp.array(list(bounds.values()), jnp.float32)
    optimiser = optax.adam(settings.learning_rate)

    def draw(logits: jax.Array, key: jax.Array) -> tuple[jax.Array, jax.Array]:
        """A network of the distribution, int32[D], and the noise that drew it."""
        noise = jax.random.gumbel(key, logits.shape)
        return (masked(logits, cardinalities) + noise).argmax(-1).astype(jnp.int32), noise

    def temperature(share: jax.Array) -> jax.Array:
        done = jnp.clip((share - settings.warm_up) / (1 - settings.warm_up), 0.0, 1.0)
        return settings.first_temperature * (settings.last_temperature / settings.first_temperature) ** done

    def learn(state: GumbelState, inputs: Inputs, key: jax.Array) -> tuple[GumbelState, jax.Array, jax.Array]:
        noise_key, loss_key = jax.random.split(key)
        genotype, noise = draw(state.logits, noise_key)
        variables = Variables(state.weights.params, state.weights.statistics)
        loss, effects = supernet.effects(variables, genotype, inputs.held_out, loss_key)
        changed = cost_changes(supernet, genotype, names) / limits[:, None, None]
        now = changed[:, 0, genotype[0]]
        # a network that cannot be costed is as bad as one of ten times the bound
        changed = jnp.where(jnp.isfinite(changed), changed, 10.0)
        dearer = (state.multipliers[:, None, None] * changed).sum(0)

        def surrogate(logits: jax.Array) -> jax.Array:
            logits = masked(logits, cardinalities)
            relaxed = jax.nn.softmax((logits + noise) / temperature(inputs.share), axis=-1)
            return (relaxed * effects).sum() + (jax.nn.softmax(logits, axis=-1) * dearer).sum()

        gradient = jax.grad(surrogate)(state.logits)
        with jax.numpy_dtype_promotion("standard"):  # optax raises floats to whole powers
            updates, moments = optimiser.update(gradient, state.moments)
        over = jnp.clip(jnp.nan_to_num(now, nan=2.0) - 1.0, -1.0, 1.0)
        multipliers = jnp.clip(state.multipliers * jnp.exp(settings.multiplier_rate * over), _LEAST, _MOST)
        after = state._replace(logits=state.logits + jnp.asarray(updates), moments=moments, multipliers=multipliers)
        good = jnp.isfinite(loss) & all_finite(effects) & all_finite(after.logits)
        return choose(good, after, state), genotype, good

    def step(state: GumbelState, inputs: Inputs) -> tuple[GumbelState, Outcome]:
        draw_key, train_key, learn_key = jax.random.split(inputs.key, 3)
        trained, _ = draw(state.logits, draw_key)
        weights, loss, skipped = train_paths(
            supernet, state.weights, trained[None], inputs.batch, train_key, inputs.rate
        )
        state = state._replace(weights=weights)
        evaluating = inputs.share >= settings.warm_up
        state, evaluated, good = jax.lax.cond(
            evaluating,
            lambda: learn(state, inputs, learn_key),
            lambda: (state, trained, jnp.ones((), bool)),
        )
        return state, Outcome(trained[None], evaluated, evaluating, loss, skipped + (~good).astype(jnp.int32))

    def init(key: jax.Array) -> GumbelState:
        logits = jnp.zeros((len(cardinalities), max(cardinalities)))
        multipliers = jnp.full(len(names), settings.multiplier, jnp.float32)
        return GumbelState(start_weights(supernet, key), logits, optimiser.init(logits), multipliers)

    def finish(state: GumbelState, evaluations: int, key: jax.Array, progress: Callable[[float], None]) -> Chosen:
        del evaluations, progress  # one network is looked at
        found, preferred = most_probable_within(supernet, state.logits, bounds, key)
        return Chosen(as_genotype(found), None if preferred is None else as_genotype(preferred), ())

    def logits_of(state: GumbelState) -> jax.Array:
        return masked(state.logits, cardinalities)

    share = 1 - settings.warm_up
    return SingleShot(
        "gumbel", init, step, finish, logits_of, bounds, settings, held_out="everything", held_out_share=share
    )
