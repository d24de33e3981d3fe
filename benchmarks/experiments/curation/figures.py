"""What networks of the spaces come to: expected quality by the task's trained table, latency by the estimator.

Two aims, fixed before any result was seen: the highest quality within the baseline's latency, and the least latency at
the baseline's quality.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from benchmarks.search.many_costs import in_blocks
from benchmarks.tables.optima import ROUNDING
from benchmarks.tables.query import TrainedTable
from benchmarks.tables.surrogate import predict
from nas_algos.objectives import best_quality, is_feasible, least_cost

AIMS = ("quality", "latency")


class Figures(NamedTuple):
    """Of one network or of many, each float or float[n]."""

    quality: Any
    """Expected over seeds, by the surrogate."""
    latency_ms: Any
    """Milliseconds, by the estimator."""
    macs: Any
    """Multiply-accumulates."""


Ask = Callable[[Any, Any, Any], Figures]
"""Surrogate, estimate and genotypes int32[n, D] of the uncurated space, all traceable, to their figures."""


def asks_of(table: TrainedTable) -> Ask:
    """How to ask a table of its uncurated space, with what differs between accelerators as arguments."""

    def ask(surrogate: Any, estimate: Any, genotypes: Any) -> Figures:
        workload = table.space.lower(jnp.asarray(genotypes))
        cost = estimate(workload).cost
        return Figures(predict(surrogate, table.features(workload)).quality, cost.latency_ms, cost.macs)

    return ask


def scores(figures: Figures, baseline: Figures, aim: Any) -> jax.Array:
    """float32[n], less is better: minus quality, or latency over the baseline's; infeasible ones as objectives have it.

    aim: a number of AIMS; traceable.
    """
    relative = {"latency": figures.latency_ms / baseline.latency_ms}
    quality = best_quality({"latency": 1 + ROUNDING}).score(figures.quality, relative)
    gain = figures.quality / baseline.quality - 1
    return jnp.where(aim == 0, quality, least_cost("latency", floor=-ROUNDING, reference=1.0).score(gain, relative))


def reached(found: np.ndarray) -> np.ndarray:
    """Scores [n, T] to the best feasible one so far, inf before there is one."""
    flat = np.asarray(found, float)
    able = np.asarray(is_feasible(flat.ravel())).reshape(flat.shape)
    return np.minimum.accumulate(np.where(able, flat, np.inf), axis=1)


class ManyFigures:
    """Figures of many networks of the uncurated space as NumPy arrays, on one accelerator."""

    def __init__(self, compiled: Callable[..., Figures], surrogate: Any, estimate: Any):
        """compiled: `asks_of` under jax.jit."""
        self._compiled, self._arguments = compiled, (surrogate, estimate)

    def __call__(self, genotypes: np.ndarray) -> Figures:
        """float[n] each, of int32[n, D]."""
        return Figures(*in_blocks(lambda rows: self._compiled(*self._arguments, rows), genotypes, len(Figures._fields)))
