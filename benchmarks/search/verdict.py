"""What searches came to, in words: why one found nothing, whether it beat the baseline, and who beat random search."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from benchmarks.statistics.contrasts import LEVEL
from nas_algos.objectives import keeps, within
from nas_algos.trajectory import Candidate, Found


def why_nothing(found: Iterable[Found], bounds: Mapping[str, float], metric: str) -> str:
    """Why searches found no network within the bounds (most by cost), with the least and the best that they saw.

    And why they ended, where that was before their budget was spent.
    """
    searches = list(found)
    nothing = _nothing([candidate for each in searches for candidate in each.candidates], bounds, metric)
    return "; ".join([nothing, *dict.fromkeys(each.ended for each in searches if each.ended)])


def _nothing(candidates: Sequence[Candidate], bounds: Mapping[str, float], metric: str) -> str:
    inside = [each for each in candidates if keeps(each.cost, bounds)]
    if not inside:
        known = [each for each in candidates if all(math.isfinite(each.cost[name]) for name in bounds)]
        if candidates and not known:
            return f"the costs of none of {len(candidates)} proposals are known: they have blocks that were not timed"
        costs = {name: np.array([each.cost[name] for each in known]) for name in bounds}
        least = " and ".join(f"{costs[name].min():.4g}" for name in bounds if known)
        why = exclusion(costs, bounds) or f"the least seen was {least or 'nothing'}"
        return f"none of {len(candidates)} proposals is within {_limits(bounds)}; {why}"
    evaluations = [evaluation for each in inside for evaluation in each.evaluations]
    errors = [each.error for each in evaluations if each.error]
    if errors:
        return (
            f"{len(errors)} of {len(evaluations)} evaluations within the bounds came to no {metric} and none to one "
            f"that counts: {errors[0]}"
        )
    qualities = [each.quality for each in inside if each.quality is not None and math.isfinite(each.quality)]
    best = f"the best {metric} seen was {max(qualities):.4g}" if qualities else f"none came to a finite {metric}"
    return f"none of {len(inside)} proposals within the bounds can be given out; {best}"


def exclusion(costs: Mapping[str, np.ndarray], bounds: Mapping[str, float]) -> str:
    """How bounds exclude each other that no network keeps all of, "" where there is one that none keeps.

    costs: float[networks] of each name.
    """
    kept = {name: within(costs, {name: bound}, len(costs[name])) for name, bound in bounds.items()}
    if not kept or not all(each.any() for each in kept.values()):
        return ""
    said = "each alone can be kept, no network keeps all"
    for name in bounds:
        others = {other: bound for other, bound in bounds.items() if other != name}
        rest = np.all([kept[other] for other in others], axis=0)
        if rest.any():
            return f"{said}; the least {name} among those within {_limits(others)} was {costs[name][rest].min():.4g}"
    return said


def _limits(bounds: Mapping[str, float]) -> str:
    return " and ".join(f"{name} <= {bound:.4g}" for name, bound in bounds.items())


def no_better_than_baseline(rows: Sequence[Mapping[str, Any]], baseline: Mapping[str, Any], metric: str) -> str:
    """A line where no row's mean quality is above the baseline's, "" otherwise.

    Each has `quality`, larger is better, and `within_bound`.
    """
    qualities = [row["quality"] for row in rows if math.isfinite(row["quality"])]
    if not qualities or not math.isfinite(baseline["quality"]) or max(qualities) > baseline["quality"]:
        return ""
    inside = "within the bound" if baseline["within_bound"] else "over the bound"
    return (
        f"no network that was found is better than the baseline: {metric} {min(qualities):.4g} to "
        f"{max(qualities):.4g}, the baseline's {baseline['quality']:.4g} ({inside})"
    )


def verdict(rows: Sequence[Mapping[str, Any]], baseline: Mapping[str, Any], metric: str) -> str:
    """One line: how the best network found compares with the baseline, in quality and latency.

    Each has `network`, `quality` with `quality_low` and `quality_high` (not a number after a single training),
    `latency_ms` and `within_bound`; those within the bounds come first.
    """
    finite = [row for row in rows if math.isfinite(row["quality"])]
    if not finite:
        return f"no training of a winner came to a finite {metric}"
    best = max(finite, key=lambda row: (row["within_bound"], row["quality"]))
    faster = 100 * (best["latency_ms"] / baseline["latency_ms"] - 1)
    cost = f"{best['latency_ms']:.4g} ms, the baseline's {baseline['latency_ms']:.4g} ms ({faster:+.0f}%)"
    if not math.isfinite(baseline["quality"]):
        return f"{best['network']} has a {metric} of {best['quality']:.4g}, the baseline none; {cost}"
    if line := no_better_than_baseline(rows, baseline, metric):
        return f"{line}; {best['network']} takes {cost}"
    gain = best["quality"] - baseline["quality"]
    if not math.isfinite(best["quality_low"]) or not math.isfinite(baseline["quality_low"]):
        sure = "one training each says little"
    elif best["quality_low"] > baseline["quality_high"] or best["quality_high"] < baseline["quality_low"]:
        sure = "the 95% intervals lie apart"
    else:
        sure = "the 95% intervals overlap"
    broken = "" if best["within_bound"] else ", over the bounds,"
    better = (
        f"better than the baseline: {metric} {best['quality']:.4g}, {gain:+.4g}"
        if gain > 0
        else (f"within the bounds but no better than the baseline: {metric} {best['quality']:.4g}, {gain:+.4g}")
    )
    return f"{best['network']}{broken} is {better} ({sure}); {cost}"


def against_random(losses: Mapping[str, tuple[float, float]], random: float) -> str:
    """Who is better and who is worse than random search beyond chance, best first.

    losses: {name: (loss, p)}, where less is better and p is adjusted, NaN of random search itself.  random: its loss.
    """
    if all(math.isnan(p) for _, p in losses.values()):
        return "nothing was compared with random search"
    apart = sorted((loss, name) for name, (loss, p) in losses.items() if p < LEVEL)
    better = ", ".join(name for loss, name in apart if loss < random)
    worse = ", ".join(name for loss, name in apart if loss > random)
    said = f"better than random search: {better}" if better else "none is better than random search beyond chance"
    return f"{said}{worse and f'; worse: {worse}'} (Welch's test with Holm's adjustment, p < {LEVEL})"
