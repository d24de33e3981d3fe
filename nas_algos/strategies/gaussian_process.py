"""Gaussian process: expected improvement, weighted by how likely a bound is kept, picks among mutants of the best.

Jones, Schonlau and Welch, Efficient Global Optimization of Expensive Black-Box Functions, Journal of Global
Optimization 13, 1998, equation 15; bounds as in Gardner et al., Bayesian Optimization with Inequality Constraints,
ICML 2014; two objectives by the hypervolume that an optimistic guess adds, as in SMS-EGO, Ponweiser, Wagner, Biermann
and Vincze, PPSN 2008; more of them by ParEGO's random weights, Knowles, IEEE Transactions on Evolutionary Computation
10(1), 2006, equation 2.

Other than there, the kernel falls with the number of decisions that differ, k(x, y) = exp(-scale * differing / D), with
fixed parameters.  Scores are replaced by the normal quantiles of their ranks (for two objectives, standardised), so
that the unit does not matter.  Whether a bound is kept is a second process: -1 where it is, up to 2 where it is
missed by far.  Each of a round's genotypes is the best left for its own weights.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import jax
import jax.numpy as jnp
import numpy as np
from jax.scipy.linalg import solve_triangular
from jax.scipy.special import ndtr, ndtri

from nas_algos.checks import check_between, check_positive
from nas_algos.genotypes import below, checked_cardinalities, codes, mutate_by, random_bits, stratified
from nas_algos.keys import split
from nas_algos.objectives import is_feasible, violation
from nas_algos.pareto import dominates
from nas_algos.strategies.archive import Archive, add, empty_archive
from nas_algos.strategy import Strategy

OPTIMISM = 0.5
"""By how many deviations the guesses for two objectives are better than the mean."""
_RHO = 0.05  # weight of the sum beside the maximum, as in ParEGO


@dataclass(frozen=True)
class GaussianProcessSettings:
    """What may be set."""

    batch: int = 2
    """Genotypes of each round."""
    objectives: int = 1
    """Columns of a score."""
    first: int = 8
    """Stratified genotypes before the process is asked."""
    memory: int = 128
    """Trials that it learns from: the best half, and the latest; time grows with its cube."""
    candidates: int = 100
    """Mutants and crossings that it picks from."""
    parents: int = 10
    """Best trials that they come from."""
    scale: float = 1.5
    """Of the kernel: the logarithm by which the covariance of what differs everywhere has fallen."""
    noise: float = 0.1
    """Variance of a score around the process, whose own is 1."""


def gaussian_process(
    cardinalities: Sequence[int], settings: GaussianProcessSettings = GaussianProcessSettings()
) -> Strategy:
    """Bayesian optimisation for one objective or more."""
    choices = checked_cardinalities(cardinalities)
    check_positive("gaussian_process", settings, "batch", "first", "candidates", "parents")
    check_between("gaussian_process", settings, 1, 8, "objectives")
    check_between("gaussian_process", settings, 4, 4096, "memory")
    check_between("gaussian_process", settings, 1, settings.memory // 2, "batch")
    check_between("gaussian_process", settings, settings.batch, 100_000, "candidates")
    check_between("gaussian_process", settings, 1e-3, 100, "scale")
    check_between("gaussian_process", settings, 1e-3, 10, "noise")
    decisions, batch, columns, count = len(choices), settings.batch, settings.objectives, settings.candidates

    def one_hot(genotypes: jax.Array) -> jax.Array:
        return jnp.concatenate([jax.nn.one_hot(genotypes[:, d], c) for d, c in enumerate(choices)], axis=1)

    def kernel(one: jax.Array, other: jax.Array) -> jax.Array:
        """float32[n, m] of one-hot rows."""
        return jnp.exp((one @ other.T - decisions) * (settings.scale / decisions))

    def posterior(
        seen: jax.Array, known: jax.Array, targets: jax.Array, asked: jax.Array, after: jax.Array
    ) -> tuple[jax.Array, jax.Array]:
        """Means float32[m, t] and deviations float32[m] at asked, from targets float32[n, t] of the rows known.

        It begins when after, float32[] and finite, is computed.  Many searches at once factor matrices in batches,
        whose parts jaxlib gives to the threads that XLA runs on and waits for them on one of these (0.10): two batches
        at a time on two threads wait for ever.
        """
        both = known[:, None] & known[None]
        diagonal = jnp.where(known, settings.noise, 1.0) + 0.0 * after  # what is not known stands alone
        covariance = jnp.where(both, kernel(seen, seen), 0.0) + jnp.diag(diagonal)
        factor = jnp.linalg.cholesky(covariance)
        across = jnp.where(known[:, None], kernel(seen, asked), 0.0)
        solved = solve_triangular(
            factor, jnp.concatenate([across, jnp.where(known[:, None], targets, 0.0)], axis=1), lower=True
        )
        across, targets = solved[:, : len(asked)], solved[:, len(asked) :]
        return across.T @ targets, jnp.sqrt(jnp.maximum(1 - (across**2).sum(0), 1e-6))

    def draw_candidates(state: Archive, strength: jax.Array, bits: jax.Array, genes: jax.Array) -> jax.Array:
        """Mutants of the best, half of them of two parents, and a tenth uniform: int32[candidates, D]."""
        order = jnp.argsort(strength)
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
        known = state.born >= 0
        feasible, missing = known & is_feasible(state.scores), violation(state.scores)
        worse = dominates(state.scores).sum(0)  # of one objective: the place by score
        strength = jnp.where(known, worse, len(known))
        asked = draw_candidates(state, strength, bits[:9], bits[9:].reshape(2, decisions, count).transpose(0, 2, 1))
        seen, hot = one_hot(state.genotypes), one_hot(asked)

        def likely_kept() -> jax.Array:
            label = jnp.where(known & ~feasible, _how_missed(missing, known & ~feasible), -1.0)
            mean, deviation = posterior(seen, known, label[:, None], hot, jnp.zeros(()))
            return jnp.maximum(ndtr(-mean[:, 0] / deviation), 1e-6)

        # without any that missed there is no bound to keep
        kept = jax.lax.cond((known & ~feasible).any(), likely_kept, lambda: jnp.ones(count))
        marks = codes(asked, choices)
        old = ((marks[:, None] == codes(state.genotypes, choices)[None]) & known[None]).any(1)
        twins = (jnp.tri(count, k=-1, dtype=bool) & (marks[:, None] == marks[None])).any(1)
        left = ~(old | twins)

        if columns == 2:
            targets = _standardised(state.scores, feasible)
            mean, deviation = posterior(seen, feasible, targets, hot, kept[0])
            guesses = mean - OPTIMISM * deviation[:, None]
            return asked[_most_volume(targets, feasible, guesses, kept, left, batch)]
        if columns == 1:  # for one objective there are no weights
            targets = jnp.tile(_quantiles(jnp.where(feasible[:, None], state.scores, 0.0), feasible), (1, batch))
        else:
            targets = _quantiles(_weighted(state.scores, feasible, weights_key, batch), feasible)
        mean, deviation = posterior(seen, feasible, targets, hot, kept[0])
        best = jnp.where(feasible[:, None], targets, jnp.inf).min(0)
        best = jnp.where(jnp.isfinite(best), best, 0.0)
        gain = _expected_improvement(best[None] - mean, deviation[:, None]) * kept[:, None]
        chosen = []
        for column in range(batch):
            chosen.append(_best(gain[:, column], left))
            left = left.at[chosen[-1]].set(False)
        return asked[jnp.stack(chosen)]

    def ask(state: Archive, key: jax.Array) -> jax.Array:
        def first(state: Archive, key: jax.Array) -> jax.Array:
            return stratified(random_bits(key, (2, batch, decisions)), choices)

        return jax.lax.cond(state.told < settings.first, first, pick, state, key)

    def init(key: jax.Array) -> Archive:
        del key
        return empty_archive(settings.memory, decisions, columns)

    return Strategy("gaussian_process", choices, init, ask, add, batch, columns)


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
    """.5 to 2 by how far each of those missed misses, 1 where it misses as far as the mean; 2 of what failed."""
    finite = jnp.where(missed & jnp.isfinite(missing), missing, 0.0)
    typical = finite.sum() / jnp.maximum((finite > 0).sum(), 1).astype(jnp.float32)
    return jnp.minimum(0.5 + 0.5 * missing / jnp.maximum(typical, 1e-30), 2.0)


def _expected_improvement(gain: jax.Array, deviation: jax.Array) -> jax.Array:
    """E max(gain + deviation * z, 0), z standard normal."""
    ratio = gain / deviation
    return deviation * (ratio * ndtr(ratio) + jnp.exp(-0.5 * ratio**2) / np.sqrt(2 * np.pi))


def _best(gain: jax.Array, left: jax.Array) -> jax.Array:
    """The row of the largest gain float32[n] of those left, whatever their gain."""
    return jnp.argmax(jnp.where(left, jnp.maximum(gain, 0.0), -1.0))


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

    kept: float32[m], weights of what they add.  The reference point lies a tenth of the range beyond the worst target.
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
        gain = (widths * jnp.maximum(heights[None] - guesses[:, 1:], 0.0)).sum(1) * kept
        chosen.append(_best(gain, left))
        left = left.at[chosen[-1]].set(False)
        attained = jnp.concatenate([attained, guesses[chosen[-1]][None]])
    return jnp.stack(chosen)
