"""What an estimator's standard deviations are worth: their scales, set on measured networks that it did not learn from.

First the scales of `hw_model.learned.estimator.relative_std` are fitted by maximum likelihood of a Laplace
distribution, whose tails are as long as these errors' are; then all are multiplied so that two standard deviations
hold 95% of the networks, as split conformal prediction does it (Vovk et al., Algorithmic Learning in a Random World,
2005; Lei et al., arXiv:1604.04173).  For networks drawn as these were that holds whatever the errors' distribution is,
but for what the fit of the scales to the same networks adds, and from 19 networks on: fewer, n, hold n / (n + 1).
"""

from __future__ import annotations

from collections.abc import Sequence

import jax
import jax.numpy as jnp
import numpy as np
from scipy.optimize import minimize

from hw_model.learned.dataset import MeasuredChain
from hw_model.learned.estimator import Estimator, estimate
from hw_model.workload import workload_from_chains

COVERED = 0.95
"""Share of networks that two standard deviations hold where they are set on enough."""
_LENGTH = 64
_TERMS = 4


def held_share(kept: int) -> float:
    """Share of networks that two standard deviations hold where they are set on so many."""
    return min(COVERED, kept / (kept + 1))


def calibrated(
    estimator: Estimator, chains: Sequence[MeasuredChain], others: Sequence[MeasuredChain] = ()
) -> Estimator:
    """The estimator with error scales set on these networks; they must be no part of what it learned from.

    others: networks that help to tell what makes errors small, but not how many two standard deviations hold.
    """
    kept = len(chains)
    chains = [*chains, *others]
    cycles = np.array([chain.report.cycles for chain in chains], float)
    peaks = np.array([chain.report.peak_activation_bytes for chain in chains], float)
    work = workload_from_chains([chain.blocks for chain in chains], max(_LENGTH, *(len(c.blocks) for c in chains)))
    # each term alone, since variances add up: [terms, networks]
    alone = [_estimate(estimator._replace(latency_error=one, peak_error=one), work) for one in jnp.eye(_TERMS)]
    latency_ms, peak_bytes = (np.asarray(value, float) for value in alone[0].cost[:2])
    terms = np.array([each.latency_std_ms for each in alone]) / latency_ms
    peak_terms = np.array([each.peak_std_bytes for each in alone]) / peak_bytes
    true_ms = cycles / float(estimator.clock_hz) * 1e3
    return estimator._replace(
        latency_error=error_scales(terms, np.abs(true_ms / latency_ms - 1), kept),
        peak_error=error_scales(peak_terms, np.abs(peaks / peak_bytes - 1), kept),
    )


_estimate = jax.jit(estimate)


def error_scales(terms: np.ndarray, errors: np.ndarray, kept: int) -> jax.Array:
    """Scales [K] of the standard deviation's terms [K, n] for absolute errors [n], both relative to the estimate.

    kept: of the networks, the first so many are those of which two standard deviations shall hold held_share(kept).
    """

    def std(logarithms: np.ndarray) -> np.ndarray:
        return np.sqrt(((np.exp(logarithms)[:, None] * terms) ** 2).sum(0)) + 1e-4

    def loss(logarithms: np.ndarray) -> float:
        spread = std(logarithms)
        # a weak pull to some per cent keeps scales that no network speaks for from running away
        return float(np.mean(np.log(spread) + errors / spread) + 1e-3 * np.sum((logarithms + 3.0) ** 2))

    start = np.full(len(terms), np.log(0.02))
    found = minimize(loss, start, method="Nelder-Mead", options={"maxiter": 2000, "fatol": 1e-6}).x
    rank = min(int(np.ceil((kept + 1) * COVERED)), kept) - 1
    scale = np.sort((errors / std(found))[:kept])[rank] / 2
    return jnp.asarray(np.exp(found) * scale, jnp.float32)
