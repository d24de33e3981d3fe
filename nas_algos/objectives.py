"""Objectives: what makes a network better, as scores to minimise.

Quality is larger is better and cost smaller is better everywhere; here, and only here, they become scores.  A trial
whose quality or used cost is not a finite number has failed: +inf in every column.

Constraints follow Deb, An efficient constraint handling method for genetic algorithms, 2000: every feasible network
beats every infeasible one, and infeasible ones rank by how far they miss.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp

from nas_algos.errors import AlgorithmInputError

_INFEASIBLE = 2.0  # feasible scores lie in 0..1


class Objective(NamedTuple):
    """score(quality float[b], cost {name: float[b]}) -> float32[b], or float32[b, columns] if columns > 1."""

    name: str
    columns: int
    score: Callable[[Any, Mapping[str, Any]], jax.Array]


def least_cost(cost: str, floor: float, reference: float) -> Objective:
    """Least cost subject to quality >= floor.

    reference: a typical cost, such as the baseline's, in the cost's unit.  A feasible network scores
    cost / (cost + reference): 0.5 at the reference.  An infeasible one scores 2 + (floor - quality).
    """
    _check_scale("least_cost", "reference", reference)
    _check_finite("least_cost", "floor", floor)

    def score(quality: Any, costs: Mapping[str, Any]) -> jax.Array:
        quality, (value,) = _arrays("least_cost", quality, costs, [cost])
        feasible = value / (value + reference)
        return _or_failed(jnp.where(quality >= floor, feasible, _INFEASIBLE + floor - quality), quality, value)

    return Objective(f"least {cost} with quality >= {floor:g}", 1, score)


def best_quality(bounds: Mapping[str, float]) -> Objective:
    """Best quality subject to cost <= bound for every cost named.

    A feasible network scores (1 - q / (1 + |q|)) / 2, which falls as quality q rises, whatever its range.  An
    infeasible one scores 2 + the sum of its relative excesses, cost / bound - 1.
    """
    if not bounds:
        raise AlgorithmInputError("best_quality: bounds are empty; allowed: a cost and its bound, one or more")
    for name, bound in bounds.items():
        _check_scale("best_quality", f"bound of {name}", bound)
    names, limits = list(bounds), list(bounds.values())

    def score(quality: Any, costs: Mapping[str, Any]) -> jax.Array:
        quality, values = _arrays("best_quality", quality, costs, names)
        excess = sum((jnp.maximum(v / b - 1, 0) for v, b in zip(values, limits, strict=True)), jnp.zeros(()))
        feasible = (1 - quality / (1 + jnp.abs(quality))) / 2
        return _or_failed(jnp.where(excess > 0, _INFEASIBLE + excess, feasible), quality, *values)

    return Objective("best quality with " + ", ".join(f"{n} <= {b:g}" for n, b in bounds.items()), 1, score)


def pareto(costs: Sequence[str]) -> Objective:
    """Quality and each cost named, none before the others: columns -quality, cost, cost, ..."""
    if not costs:
        raise AlgorithmInputError("pareto: costs are empty; allowed: names of costs, one or more")
    names = list(costs)

    def score(quality: Any, costs: Mapping[str, Any]) -> jax.Array:
        quality, values = _arrays("pareto", quality, costs, names)
        columns = jnp.stack([-quality, *values], axis=-1)
        return jnp.where(jnp.isfinite(columns).all(-1, keepdims=True), columns, jnp.inf)

    return Objective("quality against " + ", ".join(names), 1 + len(names), score)


def mnasnet(cost: str, target: float, below: float = -0.07, above: float = -0.07) -> Objective:
    """MnasNet's weighted product: quality * (cost / target) ** w, w = below up to the target and above beyond.

    Tan et al., MnasNet, arXiv:1807.11626, equations 2 and 3; the defaults are its soft constraint, 0 and -1 the hard.
    """
    _check_scale("mnasnet", "target", target)

    def score(quality: Any, costs: Mapping[str, Any]) -> jax.Array:
        quality, (value,) = _arrays("mnasnet", quality, costs, [cost])
        weight = jnp.where(value <= target, below, above)
        return _or_failed(-quality * (value / target) ** weight, quality, value)

    return Objective(f"MnasNet reward at {cost} {target:g}", 1, score)


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


def _arrays(
    owner: str, quality: Any, costs: Mapping[str, Any], names: Sequence[str]
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
