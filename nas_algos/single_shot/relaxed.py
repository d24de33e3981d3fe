"""Distributions over genotypes as logits float32[D, K], and what follows from them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import jax
import jax.numpy as jnp
import numpy as np

from nas_algos.errors import AlgorithmInputError, NothingFoundError
from nas_algos.genotypes import sample
from nas_algos.ledger import Spend
from nas_algos.objectives import within
from nas_algos.single_shot.supernet import Supernet
from nas_algos.trajectory import Candidate, Found

NEVER = -1e9
DRAWN = 2_000
HEATS = (1.0, 2.0, 4.0, 8.0, 16.0)


def choice_mask(cardinalities: Sequence[int]) -> jax.Array:
    """bool[D, K]: which places stand for a choice."""
    return jnp.array(np.arange(max(cardinalities)) < np.array(cardinalities)[:, None])


def masked(logits: jax.Array, cardinalities: Sequence[int]) -> jax.Array:
    """The logits, with those of no choice so low that they are never drawn."""
    return jnp.where(choice_mask(cardinalities), logits, NEVER)


def most_probable(logits: jax.Array) -> jax.Array:
    """The most probable network, int32[D], of masked logits."""
    return logits.argmax(-1).astype(jnp.int32)


def certainty(logits: jax.Array) -> float:
    """How far a distribution has converged to one network: the largest probability of a decision, mean over decisions.

    Of masked logits; decisions of a single choice do not count.  1.0 where only one network is ever drawn.
    """
    open_ones = (logits > NEVER).sum(-1) > 1
    if not open_ones.any():
        return 1.0
    return float(jax.nn.softmax(logits, axis=-1).max(-1).mean(where=open_ones))


def single_changes(genotype: jax.Array, cardinalities: Sequence[int]) -> jax.Array:
    """int32[D, K, D]: the genotype with decision d at choice k; at the last choice where there is no k-th."""
    decisions, most = len(cardinalities), max(cardinalities)
    choices = jnp.minimum(jnp.arange(most)[None, :], jnp.array(cardinalities)[:, None] - 1)[..., None]
    here = jnp.eye(decisions, dtype=bool)[:, None, :]
    return jnp.where(here, choices, genotype[None, None, :]).astype(jnp.int32)


def cost_changes(supernet: Supernet, genotype: jax.Array, names: Sequence[str]) -> jax.Array:
    """float32[len(names), D, K]: costs of the genotype's single changes, by the cost model.

    Where the genotype is drawn from the distribution p, they are in expectation the derivatives of the expected cost by
    p[d, k], exactly so for any cost whatever: the expectation is linear in each decision's probabilities.
    """
    changes = single_changes(genotype, supernet.cardinalities)
    costs = supernet.cost(changes.reshape(-1, changes.shape[-1]))
    return jnp.stack([jnp.asarray(costs[name], jnp.float32).reshape(changes.shape[:2]) for name in names])


def check_bounds(owner: str, supernet: Supernet, bounds: Mapping[str, float]) -> None:
    """Raise AlgorithmInputError unless each bound is above zero, on a cost that the supernet has, and some keep them.

    Some: of DRAWN random networks, or the smallest.
    """
    if not bounds:
        raise AlgorithmInputError(f"{owner}: bounds are empty; allowed: a cost and its bound, one or more")
    known = list(jax.eval_shape(supernet.cost, jnp.zeros((1, len(supernet.cardinalities)), jnp.int32)))
    for name, bound in bounds.items():
        if name not in known:
            raise AlgorithmInputError(f"{owner}: the supernet has no cost {name!r}; allowed: {', '.join(known)}")
        if not 0 < bound < float("inf"):
            raise AlgorithmInputError(f"{owner}: bound of {name} is {bound!r}; allowed: above 0, finite")
    drawn = sample(jax.random.key(0), supernet.cardinalities, DRAWN).at[0].set(extreme(supernet, largest=False))
    costs = jax.jit(supernet.cost)(drawn)
    if not within(costs, bounds, DRAWN).any():
        least = ", ".join(f"{name} {float(np.nanmin(np.asarray(costs[name]))):.4g}" for name in bounds)
        raise AlgorithmInputError(
            f"{owner}: none of {DRAWN} random networks keeps {dict(bounds)}; allowed: bounds some keep (least: {least})"
        )


def most_probable_within(
    supernet: Supernet, logits: jax.Array, bounds: Mapping[str, float], key: jax.Array
) -> tuple[np.ndarray, np.ndarray | None]:
    """The most probable network within the bounds, int32[D], and the most probable of all if that is another one.

    When the most probable of all breaks a bound, DRAWN networks are drawn from the distribution, and again from
    flatter ones (logits over HEATS, at last uniform) until some are within; the most probable of these is it.
    Where none ever is, it is the smallest network; raises NothingFoundError where that is over a bound too.
    """
    cardinalities = supernet.cardinalities
    log_p = jax.nn.log_softmax(masked(logits, cardinalities), axis=-1)
    best = most_probable(log_p)
    cost = jax.jit(supernet.cost)
    if within(cost(best[None]), bounds, 1)[0]:
        return np.asarray(best), None
    keys = jax.random.split(key, len(HEATS) + 1)
    shape = (DRAWN, len(cardinalities))
    for heat, heat_key in zip((*HEATS, None), keys, strict=True):
        if heat is None:
            drawn = sample(heat_key, cardinalities, DRAWN)
        else:
            drawn = jax.random.categorical(heat_key, (log_p / heat)[None], shape=shape).astype(jnp.int32)
        inside = within(cost(drawn), bounds, DRAWN)
        if inside.any():
            places = jnp.arange(len(cardinalities))[None]
            likely = np.where(inside, np.asarray(log_p[places, drawn].sum(-1)), -np.inf)
            return np.asarray(drawn[int(likely.argmax())]), np.asarray(best)
    smallest = extreme(supernet, largest=False)
    looked_at = np.stack([best, smallest])
    costs = {name: np.asarray(values, float) for name, values in cost(jnp.asarray(looked_at)).items()}
    if not within(costs, bounds, 2)[1]:
        candidates = tuple(
            Candidate(
                step, tuple(row), {name: float(each[step]) for name, each in costs.items()}, "infeasible", None, ()
            )
            for step, row in enumerate(looked_at.tolist())
        )
        why = f"neither the smallest network nor any of {DRAWN * len(keys)} drawn is within the bounds"
        raise NothingFoundError(Found(None, candidates, Spend(), why))
    return smallest, np.asarray(best)


def choice_macs(supernet: Supernet) -> np.ndarray:
    """float64[D, K]: MACs of the largest network with decision d at choice k, -inf where there is no k-th."""
    largest = jnp.asarray(extreme(supernet, largest=True))
    changes = jax.jit(lambda genotype: cost_changes(supernet, genotype, ["macs"])[0])(largest)
    return np.where(choice_mask(supernet.cardinalities), np.asarray(changes, np.float64), -np.inf)


def extreme(supernet: Supernet, largest: bool) -> np.ndarray:
    """The network of most, or least, MACs that changing one decision at a time leads to: int32[D].

    MACs rise with every size, so that it is the largest or smallest of the space.
    """
    sign = 1.0 if largest else -1.0
    cardinalities = supernet.cardinalities
    genotype = jnp.zeros(len(cardinalities), jnp.int32)
    changes = jax.jit(lambda genotype: cost_changes(supernet, genotype, ["macs"])[0])
    while True:
        macs = np.where(choice_mask(cardinalities), sign * np.asarray(changes(genotype)), -np.inf)
        decision, choice = np.unravel_index(macs.argmax(), macs.shape)
        if not macs[decision, choice] > macs[0, int(genotype[0])]:
            return np.asarray(genotype)
        genotype = genotype.at[int(decision)].set(int(choice))
