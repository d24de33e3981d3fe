"""Gaussian process: expected improvement, weighted by how likely a bound is kept, picks among mutants of the best.

Jones, Schonlau and Welch, Efficient Global Optimization of Expensive Black-Box Functions, Journal of Global
Optimization 13, 1998, equation 15; bounds as in Gardner et al., Bayesian Optimization with Inequality Constraints,
ICML 2014; two objectives by the hypervolume that an optimistic guess adds, as in SMS-EGO, Ponweiser, Wagner, Biermann
and Vincze, PPSN 2008; more of them by ParEGO's random weights, Knowles, IEEE Transactions on Evolutionary Computation
10(1), 2006, equation 2.

Other than there, the process is of decisions that agree (`additive_process`).  Scores are replaced by the normal
quantiles of their ranks (for two objectives, standardised), so that the unit does not matter.  By how far a bound is
missed is a process of its own.  Each of a round's genotypes is the best left for its own weights.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
from jax.scipy.special import ndtr, ndtri

from nas_algos.checks import check_between, check_positive, check_whole
from nas_algos.genotypes import below, checked_cardinalities, codes, mutate_by, random_bits, stratified
from nas_algos.keys import split
from nas_algos.objectives import is_feasible, violation
from nas_algos.pareto import dominates, first_places
from nas_algos.strategies.additive_process import Prior, posterior
from nas_algos.strategies.archive import Archive, add, empty_archive
from nas_algos.strategy import Strategy

OPTIMISM = 1.0
"""By how many deviations the guesses for two objectives are better than the mean."""
_KEPT = 0.5  # how far a network that keeps a bound is taken to be within, the mean of those that miss it being 1
_RHO = 0.05  # weight of the sum beside the maximum, as in ParEGO


@dataclass(frozen=True)
class GaussianProcessSettings:
    """What may be set."""

    batch: int = 2
    """Genotypes of each round."""
    objectives: int = 1
    """Columns of a score."""
    first: int = 8
    """Stratified genotypes before the process is asked, no more than it remembers."""
    memory: int = 64
    """Trials that it learns from: the best half, and the latest; time grows with its cube."""
    candidates: int = 100
    """Mutants and crossings that it picks from."""
    parents: int = 10
    """Best trials that they come from."""
    scale: float = 1.5
    """Of what decisions do together: the logarithm by which the covariance of what differs everywhere has fallen."""
    together: float = 0.3
    """Its variance before anything is seen, as a share of the process's."""
    noise: float = 0.05
    """Variance of a score around the process, whose own is 1, before anything is seen."""
    steps: int = 6
    """Of fitting these variances, in every round."""


def gaussian_process(
    cardinalities: Sequence[int],
    settings: GaussianProcessSettings = GaussianProcessSettings(),
    sees_all: bool = False,
) -> Strategy:
    """Bayesian optimisation for one objective or more.

    sees_all: of one objective under a bound, that scores have a second column, what the first would be without the
    bound.  It learns from it of networks that miss the bound too; a search of tables can tell it that.
    """
    choices = checked_cardinalities(cardinalities)
    check_positive("gaussian_process", settings, "batch", "first", "candidates", "parents", "steps")
    check_whole("gaussian_process", settings, 1, 1 if sees_all else 8, "objectives")
    check_whole("gaussian_process", settings, 4, 4096, "memory")
    check_between("gaussian_process", settings, 1, settings.memory // 2, "batch")
    check_between("gaussian_process", settings, settings.batch, 100_000, "candidates")
    check_between("gaussian_process", settings, 1e-3, 100, "scale")
    check_between("gaussian_process", settings, 1e-3, 0.999, "together")
    check_between("gaussian_process", settings, 1e-3, 10, "noise")
    decisions, batch, objectives, count = len(choices), settings.batch, settings.objectives, settings.candidates
    first = min(settings.first, settings.memory + 1 - batch)
    prior, columns = Prior(settings.together, settings.noise, settings.scale), 2 if sees_all else objectives

    def draw_candidates(state: Archive, strength: jax.Array, bits: jax.Array, genes: jax.Array) -> jax.Array:
        """Mutants of the best, half of them of two parents, and a tenth uniform: int32[candidates, D]."""
        order = first_places(strength, min(settings.parents, settings.memory))
        best = jnp.clip((state.born >= 0).sum(), 1, settings.parents).astype(jnp.uint32)
        mothers, fathers = (state.genotypes[order[below(each, best)]] for each in bits[:2])
        paired = (genes[0] >> 31).astype(bool) & (bits[2] >> 31).astype(bool)[:, None]
        once = mutate_by(bits[3:5], jnp.where(paired, fathers, mothers), choices)
        twice = mutate_by(bits[5:7], once, choices)
        children = jnp.where((bits[7] >> 31).astype(bool)[:, None], twice, once)
        uniform = below(genes[1], jnp.array([choices], jnp.uint32))
        return jnp.where((bits[8] < np.uint32(0.1 * 2**32))[:, None], uniform, children)

    def pick(state: Archive, key: jax.Array) -> jax.Array:
        bits_key, weights_key = split(key)
        bits = random_bits(bits_key, (9 + 2 * decisions, count))
        known, seen, scores = state.born >= 0, state.genotypes, state.scores[:, :objectives]
        feasible = known & is_feasible(scores)
        missed = known & ~feasible
        worse = dominates(scores).sum(0)  # of one objective: the place by score
        strength = jnp.where(known, worse, len(known))
        asked = draw_candidates(state, strength, bits[:9], bits[9:].reshape(2, decisions, count).transpose(0, 2, 1))

        marks = codes(asked, choices)
        old = ((marks[:, None] == codes(seen, choices)[None]) & known[None]).any(1)
        twins = (jnp.tri(count, k=-1, dtype=bool) & (marks[:, None] == marks[None])).any(1)
        left = ~(old | twins)

        learned = feasible
        if objectives == 2:
            targets = _standardised(scores, feasible)
        elif objectives > 2:
            targets = _quantiles(_weighted(scores, feasible, weights_key, batch), feasible)
        else:
            learned = known & jnp.isfinite(state.scores[:, -1]) if sees_all else feasible
            targets = _quantiles(jnp.where(learned[:, None], state.scores[:, -1:], 0.0), learned)
        label = jnp.where(missed, _how_missed(violation(scores), missed), -_KEPT)
        rows = jnp.concatenate([known[:, None], jnp.broadcast_to(learned[:, None], targets.shape)], axis=1)
        mean, deviation = posterior(
            prior, settings.steps, seen, jnp.append(label[:, None], targets, axis=1), rows, asked
        )
        kept = jnp.maximum(ndtr(-mean[:, 0] / deviation[:, 0]), 1e-6)
        mean, deviation = mean[:, 1:], deviation[:, 1:]
        if objectives == 2:
            return asked[_most_volume(targets, feasible, mean - OPTIMISM * deviation, kept, left, batch)]
        best = jnp.where(feasible[:, None], targets, jnp.inf).min(0)
        # without a feasible one, better than the worst seen is a gain
        best = jnp.where(jnp.isfinite(best), best, targets.max(0))
        gain = _expected_improvement(best[None] - mean, deviation) * kept[:, None]
        return asked[_best_in_turn(gain, left, batch)]

    def ask(state: Archive, key: jax.Array) -> jax.Array:
        def drawn(state: Archive, key: jax.Array) -> jax.Array:
            del key
            return jax.lax.dynamic_slice_in_dim(state.genotypes, state.told, batch)

        return jax.lax.cond(state.told < first, drawn, pick, state, key)

    def init(key: jax.Array) -> Archive:
        # the first genotypes wait, untold, at the places that they will have: drawn at once, since single rounds may be
        # too small to be stratified
        rows = -(-first // batch) * batch
        archive = empty_archive(settings.memory, decisions, columns)
        design = stratified(random_bits(key, (2, rows, decisions)), choices)
        return replace(archive, genotypes=archive.genotypes.at[:rows].set(design))

    return Strategy("gaussian_process", choices, init, ask, partial(add, objectives=objectives), batch, columns)


def _weighted(scores: jax.Array, feasible: jax.Array, key: jax.Array, count: int) -> jax.Array:
    """Scores float32[n, M] of feasible rows as float32[n, count], by random weights."""
    columns = scores.shape[1]
    able = jnp.where(feasible[:, None], scores, 0.0)
    low = jnp.where(feasible[:, None], scores, jnp.inf).min(0)
    high = jnp.where(feasible[:, None], scores, -jnp.inf).max(0)
    scaled = jnp.where(feasible[:, None], (able - low[None]) / jnp.maximum(high - low, 1e-30)[None], 0.0)
    weights = jax.random.dirichlet(key, jnp.ones(columns), (count,))
    parts = weights[None] * scaled[:, None]
    return parts.max(-1) + _RHO * parts.sum(-1)


def _quantiles(values: jax.Array, known: jax.Array) -> jax.Array:
    """Normal quantiles of the ranks of float32[n, t] among the rows known, column by column; 0 of the others."""
    count = jnp.maximum(known.sum(), 1).astype(jnp.float32)
    below_it = (values[:, None] < values[None]) & known[:, None, None]
    equal = (values[:, None] == values[None]) & known[:, None, None]
    ranks = below_it.sum(0).astype(jnp.float32) + 0.5 * equal.sum(0).astype(jnp.float32)
    return jnp.where(known[:, None], ndtri(jnp.clip(ranks / count, 0.5 / count, 1 - 0.5 / count)), 0.0)


def _how_missed(missing: jax.Array, missed: jax.Array) -> jax.Array:
    """By how far each of those missed misses, 1 where it misses as far as the mean, at most 3; 3 of what failed."""
    finite = jnp.where(missed & jnp.isfinite(missing), missing, 0.0)
    typical = finite.sum() / jnp.maximum((finite > 0).sum(), 1).astype(jnp.float32)
    return jnp.minimum(missing / jnp.maximum(typical, 1e-30), 3.0)


def _expected_improvement(gain: jax.Array, deviation: jax.Array) -> jax.Array:
    """E max(gain + deviation * z, 0), z standard normal."""
    ratio = gain / deviation
    return deviation * (ratio * ndtr(ratio) + jnp.exp(-0.5 * ratio**2) / np.sqrt(2 * np.pi))


def _best(gain: jax.Array, left: jax.Array) -> jax.Array:
    """The row of the largest gain float32[n] of those left, whatever their gain."""
    return jnp.argmax(jnp.where(left, jnp.maximum(gain, 0.0), -1.0))


def _best_in_turn(gain: jax.Array, left: jax.Array, count: int) -> jax.Array:
    """int32[count]: rows of gain float32[m, t], the best left of each column in turn."""

    def one(left: jax.Array, place: jax.Array) -> tuple[jax.Array, jax.Array]:
        chosen = _best(gain[:, place % gain.shape[1]], left)
        return left.at[chosen].set(False), chosen

    return jax.lax.scan(one, left, jnp.arange(count))[1]


def _standardised(scores: jax.Array, known: jax.Array) -> jax.Array:
    """Columns of float32[n, M] with mean 0 and deviation 1 over the rows known; 0 in the others."""
    count = jnp.maximum(known.sum(), 1).astype(jnp.float32)
    able = jnp.where(known[:, None], scores, 0.0)
    centred = jnp.where(known[:, None], able - (able.sum(0) / count)[None], 0.0)
    return centred / jnp.maximum(jnp.sqrt((centred**2).sum(0) / count), 1e-30)[None]


def _most_volume(
    targets: jax.Array, known: jax.Array, guesses: jax.Array, kept: jax.Array, left: jax.Array, count: int
) -> jax.Array:
    """int32[count]: the guesses float32[m, 2] that add most hypervolume to targets float32[n, 2], one after another.

    kept: float32[m], weights of what they add, and which to take where none of those left adds anything.  The
    reference point lies a tenth of the range beyond the worst target.
    """
    low = jnp.where(known[:, None], targets, jnp.inf).min(0)
    high = jnp.where(known[:, None], targets, -jnp.inf).max(0)
    reference = jnp.where(known.any(), high + 0.1 * (high - low), 0.0)
    attained, chosen = jnp.where(known[:, None], targets, reference[None]), []
    for _ in range(count):
        by_first = attained[jnp.argsort(attained[:, 0])]
        # between one target's first column and the next one's, the second is attained from the least so far on
        starts = jnp.concatenate([jnp.array([-jnp.inf]), by_first[:, 0]])
        ends = jnp.append(by_first[:, 0], reference[0])
        heights = jnp.append(reference[1:], jax.lax.cummin(by_first[:, 1]))
        widths = jnp.maximum(ends[None] - jnp.maximum(starts[None], guesses[:, :1]), 0.0)
        gain = (widths * jnp.maximum(heights[None] - guesses[:, 1:], 0.0)).sum(1)
        adds = (left & (gain > 0)).any()
        chosen.append(_best(jnp.where(adds, gain, 1.0) * kept, left))
        left = left.at[chosen[-1]].set(False)
        attained = jnp.concatenate([attained, guesses[chosen[-1]][None]])
    return jnp.stack(chosen)
