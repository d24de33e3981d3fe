"""Constrained search: the least latency whose quality stays above a floor, training only what could win."""

from __future__ import annotations

import math
from collections.abc import Callable, Generator
from dataclasses import dataclass
from typing import Any, Literal

import jax
import numpy as np

from nas_algos.loops import compiled, learn, propose, start
from nas_algos.objectives import least_cost
from nas_algos.strategy import Strategy

Genotype = tuple[int, ...]


@dataclass(frozen=True)
class Proposed:
    """One candidate that a search looked at.

    state: "trained"; "pruned" when it is no faster than the best feasible one known, so that training could not make
    it win; "known" when this search had it before.  quality: mean over its trainings, None if pruned, NaN if one
    failed.  trainings: how many it had, 0 if none.
    """

    step: int
    genotype: Genotype
    latency_ms: float
    state: Literal["trained", "pruned", "known"]
    quality: float | None
    score: float
    trainings: int = 0


@dataclass(frozen=True)
class Wanted:
    """A training that a search asks for: the repeat-th of a genotype, from 0."""

    genotype: Genotype
    repeat: int


@dataclass(frozen=True)
class SearchResult:
    """best: the fastest feasible genotype, the baseline's when none was faster."""

    best: Genotype
    proposed: tuple[Proposed, ...]


def constrained_search(
    strategy: Strategy,
    latency_ms: Callable[[Genotype], float],
    baseline: Genotype,
    baseline_quality: float,
    floor: float,
    trainings: int,
    proposals: int,
    key: jax.Array,
    confirmations: int = 0,
) -> Generator[Wanted, float, SearchResult]:
    """Yield each training that is wanted and take its quality (NaN for a failure); return what was found.

    A candidate that reaches the floor in its first training has so many more, and wins only if their mean reaches it:
    the first alone is a draw that luck has helped.  `trainings` counts candidates.

    Latency is known for every candidate without training, so a candidate that is not faster than the best feasible one
    is told to the strategy with the score that it would have if it were feasible, and not trained: it could not
    win.  The search ends after so many trainings or proposals, whichever comes first.
    """
    baseline_latency = latency_ms(baseline)
    objective = least_cost("latency_ms", floor, baseline_latency)

    def score(quality: float, latency: float) -> float:
        return float(objective.score(np.array([quality]), {"latency_ms": np.array([latency])})[0])

    strategy = compiled(strategy)

    def told(state: Any, genotype: Genotype, value: float) -> Any:
        return learn(strategy, state, np.array([genotype], np.int32), np.array([value], np.float32))

    best, best_latency = baseline, baseline_latency
    qualities = {baseline: baseline_quality}
    repeats = {baseline: 0}
    proposed: list[Proposed] = []
    trained = 0
    state, rounds_key = start(strategy, key)
    state = told(state, baseline, score(baseline_quality, baseline_latency))
    for round_number in range(proposals):
        for row in np.asarray(propose(strategy, state, rounds_key, round_number)):
            genotype = tuple(int(value) for value in row)
            latency = latency_ms(genotype)
            kind: Literal["trained", "pruned", "known"]
            if genotype in qualities:
                kind = "known"
            elif latency >= best_latency:
                kind = "pruned"
            else:
                kind = "trained"
                found = [(yield Wanted(genotype, 0))]
                while found[0] >= floor and len(found) <= confirmations:
                    found.append((yield Wanted(genotype, len(found))))
                qualities[genotype], repeats[genotype] = math.fsum(found) / len(found), len(found)
                trained += 1
            quality = qualities.get(genotype)
            value = score(floor if quality is None else quality, latency)
            state = told(state, genotype, value)
            proposed.append(Proposed(len(proposed), genotype, latency, kind, quality, value, repeats.get(genotype, 0)))
            if kind == "trained" and quality is not None and quality >= floor:
                best, best_latency = genotype, latency
        if trained >= trainings or len(proposed) >= proposals:
            break
    return SearchResult(best, tuple(proposed))
