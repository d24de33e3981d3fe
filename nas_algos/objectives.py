"""Objectives: what makes a network better, as scores to minimise.

Quality is larger is better and cost smaller is better everywhere; here, and only here, they become scores.  A trial
whose quality or used cost is not a finite number has failed: +inf in every column.

Constraints follow Deb, An efficient constraint handling method for genetic algorithms, 2000: every feasible network
beats every infeasible one, and infeasible ones rank by how far they miss.  What misses a bound or a floor scores
INFEASIBLE * (1 + how far) in every column, which no feasible score comes near: a strategy that computes with scores
tells them apart by `is_feasible`.  Feasible scores are plain costs and negative qualities, so that a search that looks
at their order or at their spread is the same in per cent and in fractions.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from types import MappingProxyType
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from nas_algos.errors import AlgorithmInputError

INFEASIBLE = 1e20
"""The least score of what misses a bound or a floor."""


class Objective(NamedTuple):
    """What is sought."""

    name: str
    columns: int
    score: Callable[[Any, Mapping[str, Any]], jax.Array]
    """score(quality float[b], cost {name: float[b]}) -> float32[b], or float32[b, columns] if columns > 1."""
    bounds: Mapping[str, float] = MappingProxyType({})
    """{cost: most} of a feasible network."""
    floor: float = -math.inf
    """Least quality of a feasible network."""


def within(costs: Mapping[str, Any], bounds: Mapping[str, float], count: int) -> np.ndarray:
    """bool[count]: which networks keep all bounds; one whose cost is NaN does not.

    Compared as scores are computed, in float32: in float64 a cost of 0.1 + 0.2 would break a bound of 0.3, and score
    as what keeps it.  Raises AlgorithmInputError for a bound of a cost that there is not.
    """
    if missing := [name for name in bounds if name not in costs]:
        raise AlgorithmInputError(f"the problem has no cost {missing[0]!r}; allowed: {', '.join(costs)}")
    with np.errstate(over="ignore"):  # what float32 cannot hold is infinite
        kept = [np.asarray(costs[name]).astype(np.float32) <= np.float32(bound) for name, bound in bounds.items()]
    return np.logical_and.reduce(kept, initial=True) & np.ones(count, bool)


def keeps(cost: Mapping[str, float], bounds: Mapping[str, float]) -> bool:
    """Whether one network keeps all bounds, as `within` has it."""
    return bool(within(cost, bounds, 1)[0])


def is_feasible(scores: Any) -> Any:
    """bool[n] of scores float[n] or [n, M]: those that neither failed nor miss a bound."""
    able = scores < INFEASIBLE / 2
    return able if able.ndim == 1 else able.all(-1)


def violation(scores: Any) -> Any:
    """float[n] of scores float[n] or [n, M]: by how far they miss, 0 of feasible ones, +inf of failed ones."""
    first = scores if scores.ndim == 1 else scores.max(-1)
    return jnp.where(is_feasible(scores), 0.0, first / INFEASIBLE - 1)


def least_cost(cost: str, floor: float, reference: float) -> Objective:
    """Least cost subject to quality >= floor.

    reference: a typical cost, such as the baseline's, in the cost's unit.  A feasible network scores cost / reference.
    An infeasible one misses by floor - quality, as a share of the floor's size unless that is 0.
    """
    _check_scale("least_cost", "reference", reference)
    _check_finite("least_cost", "floor", floor)

    def score(quality: Any, costs: Mapping[str, Any]) -> jax.Array:
        quality, (value,) = _arrays("least_cost", quality, costs, [cost])
        missing = jnp.maximum(floor - quality, 0) / (abs(floor) or 1.0)
        return _or_failed(jnp.where(quality >= floor, value / reference, _infeasible(missing)), quality, value)

    return Objective(f"least {cost} with quality >= {floor:g}", 1, score, floor=floor)


def best_quality(bounds: Mapping[str, float]) -> Objective:
    """Best quality subject to cost <= bound for every cost named.

    A feasible network scores its negative quality.  An infeasible one misses by the sum of its relative excesses,
    cost / bound - 1.
    """
    if not bounds:
        raise AlgorithmInputError("best_quality: bounds are empty; allowed: a cost and its bound, one or more")
    _check_bounds("best_quality", bounds)

    def score(quality: Any, costs: Mapping[str, Any]) -> jax.Array:
        quality, values = _arrays("best_quality", quality, costs, bounds)
        excess = _excess(values, bounds)
        return _or_failed(jnp.where(excess > 0, _infeasible(excess), -quality), quality, *values)

    name = "best quality with " + ", ".join(f"{n} <= {b:g}" for n, b in bounds.items())
    return Objective(name, 1, score, dict(bounds))


def highest_quality() -> Objective:
    """The highest quality, whatever it costs: its negative is the score."""

    def score(quality: Any, costs: Mapping[str, Any]) -> jax.Array:
        quality, _ = _arrays("highest_quality", quality, costs, ())
        return _or_failed(-quality, quality)

    return Objective("highest quality", 1, score)


def pareto(costs: Sequence[str], bounds: Mapping[str, float] = MappingProxyType({})) -> Objective:
    """Quality and each cost named, none before the others: columns -quality, cost, cost, ...

    What breaks a bound has the same value in all columns, rising with the sum of its relative excesses: the constrained
    domination of Deb et al., NSGA-II, 2002, section VI.
    """
    if not costs:
        raise AlgorithmInputError("pareto: costs are empty; allowed: names of costs, one or more")
    _check_bounds("pareto", bounds)
    names = list(costs)

    def score(quality: Any, costs: Mapping[str, Any]) -> jax.Array:
        quality, values = _arrays("pareto", quality, costs, names)
        columns = jnp.stack([-quality, *values], axis=-1)
        excess = _excess(_arrays("pareto", quality, costs, bounds)[1], bounds) * jnp.ones_like(quality)
        over = jnp.broadcast_to(_infeasible(excess)[..., None], columns.shape)
        finite = jnp.isfinite(columns).all(-1, keepdims=True) & jnp.isfinite(excess)[..., None]
        return jnp.where(finite, jnp.where(excess[..., None] > 0, over, columns), jnp.inf)

    return Objective("quality against " + ", ".join(names), 1 + len(names), score, dict(bounds))


def tunas(cost: str, target: float, weight: float = -0.07) -> Objective:
    """TuNAS's absolute reward: quality + weight * |cost / target - 1|.

    Bender et al., Can weight sharing outperform random architecture search? arXiv:2008.06120, equation 2; weight is
    its beta, below zero.
    """
    _check_scale("tunas", "target", target)
    if not weight < 0:
        raise AlgorithmInputError(f"tunas: weight is {weight!r}; allowed: below 0")

    def score(quality: Any, costs: Mapping[str, Any]) -> jax.Array:
        quality, (value,) = _arrays("tunas", quality, costs, [cost])
        return _or_failed(-(quality + weight * jnp.abs(value / target - 1)), quality, value)

    return Objective(f"TuNAS reward at {cost} {target:g}", 1, score)


def _infeasible(missing: jax.Array) -> jax.Array:
    return INFEASIBLE * (1 + jnp.minimum(missing, 1e15))  # float32 ends at 3e38


def _excess(values: Sequence[jax.Array], bounds: Mapping[str, float]) -> jax.Array:
    """Sum of relative excesses over the bounds, 0 of what keeps them all."""
    # the difference first: XLA divides by a constant inexactly, and what is at its bound keeps it
    return sum((jnp.maximum(v - b, 0) / b for v, b in zip(values, bounds.values(), strict=True)), jnp.zeros(()))


def _check_bounds(owner: str, bounds: Mapping[str, float]) -> None:
    for name, bound in bounds.items():
        _check_scale(owner, f"bound of {name}", bound)


def _arrays(
    owner: str, quality: Any, costs: Mapping[str, Any], names: Iterable[str]
) -> tuple[jax.Array, list[jax.Array]]:
    missing = [name for name in names if name not in costs]
    if missing:
        raise AlgorithmInputError(f"{owner}: the problem has no cost {missing[0]!r}; allowed: {', '.join(costs)}")
    return jnp.asarray(quality, jnp.float32), [jnp.asarray(costs[name], jnp.float32) for name in names]


def _or_failed(score: jax.Array, *used: jax.Array) -> jax.Array:
    """+inf where a value that the score was made from, or the score itself, is not finite."""
    finite = jnp.isfinite(score)
    for value in used:
        finite &= jnp.isfinite(value)
    return jnp.where(finite, score, jnp.inf)


def _check_scale(owner: str, name: str, value: float) -> None:
    if not 0 < value < float("inf"):
        raise AlgorithmInputError(f"{owner}: {name} is {value!r}; allowed: above 0, finite")


def _check_finite(owner: str, name: str, value: float) -> None:
    if not abs(value) < float("inf"):
        raise AlgorithmInputError(f"{owner}: {name} is {value!r}; allowed: finite")
