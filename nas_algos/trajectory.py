"""What a search has looked at, in order: its candidates, which of them is the best, and what it came to at its end."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Literal, NamedTuple

import jax
import numpy as np

from nas_algos.evaluator import Evaluation, Evaluator, Genotype
from nas_algos.ledger import Spend, total
from nas_algos.objectives import Objective, keeps

Kind = Literal["evaluated", "known", "infeasible", "hopeless", "left out"]


class Candidate(NamedTuple):
    """What a search looked at."""

    step: int
    """Its place among all that the search looked at, from 0."""
    genotype: Genotype
    cost: dict[str, float]
    state: Kind
    """known: it had been evaluated before; infeasible: over a bound; hopeless: it could not have been the best.

    The last two are not evaluated.
    """
    quality: float | None
    """Mean over its evaluations, NaN if one failed; None where there was none."""
    score: tuple[float, ...]
    """What the strategy was told, a value for each column of the objective."""
    fidelity: float = 1.0
    evaluations: tuple[Evaluation, ...] = ()
    """Those that this candidate was charged for."""


class Found(NamedTuple):
    """What a search came to."""

    best: Candidate | None
    """The best feasible one at the highest fidelity that any reached; None if every one failed or broke a bound.

    A noisy quality picked it: evaluate it anew.  With several objectives it is the one of the highest quality, and
    of equals the one that costs least.
    """
    candidates: tuple[Candidate, ...]
    spend: Spend
    ended: str = ""
    """Why it ended before its budget was spent, in words; "" where it was spent."""


class Trajectory:
    """What one search has seen so far; it grows by `look`."""

    def __init__(self, evaluator: Evaluator, objective: Objective):
        self._evaluator, self._objective = evaluator, objective
        self._score = jax.jit(objective.score)  # one call, in place of one for each step of the formula
        self.qualities: dict[tuple[Genotype, float], float] = {}
        """Of each genotype and fidelity that is known; whoever evaluates adds to it."""
        self.candidates: list[Candidate] = []
        """In the order in which they were looked at."""
        self.best_score = math.inf
        """The first column of the best feasible one at full fidelity."""
        self.ended = ""
        """As in `Found`; whoever searches sets it."""

    def costs(self, genotypes: Any) -> dict[str, np.ndarray]:
        """float64[b] of each name."""
        costs = self._evaluator.cost(np.asarray(genotypes, np.int32))
        return {name: np.asarray(values, float) for name, values in costs.items()}

    def score(self, quality: Any, costs: Mapping[str, Any]) -> np.ndarray:
        """float32[b, columns]."""
        scores = np.asarray(self._score(np.asarray(quality, np.float32), costs))
        return scores.reshape(len(scores), -1)

    def hopeless(self, costs: Mapping[str, Any], count: int, assumed_quality: float | None) -> np.ndarray:
        """bool[count]: what would not be the best with this quality; none where that is None."""
        if assumed_quality is None:
            return np.zeros(count, bool)
        return self.score(np.full(count, assumed_quality), costs)[:, 0] >= self.best_score

    def look(
        self,
        rows: Sequence[Genotype],
        costs: Mapping[str, np.ndarray],
        kinds: Sequence[Kind],
        qualities: Sequence[float],
        fidelity: float,
        charged: Mapping[int, tuple[Evaluation, ...]],
    ) -> tuple[np.ndarray, dict[int, Candidate]]:
        """Keep what a round looked at: scores float32[b, columns], and the candidates by their places in it."""
        scores = self.score(qualities, costs)
        seen = {}
        for place, (row, kind) in enumerate(zip(rows, kinds, strict=True)):
            if kind == "left out":
                continue
            quality = qualities[place] if kind in ("evaluated", "known") else None
            evaluations = charged.get(place, ())
            state = "known" if kind == "evaluated" and not evaluations else kind
            step, score = len(self.candidates), tuple(scores[place].tolist())
            seen[place] = Candidate(step, row, _row(costs, place), state, quality, score, fidelity, evaluations)
            self.candidates.append(seen[place])
        self._note_best(seen.values())
        return scores, seen

    def found(self) -> Found:
        """What the search came to."""
        spent = [evaluation.spend for each in self.candidates for evaluation in each.evaluations]
        return Found(self._best(), tuple(self.candidates), total(spent), self.ended)

    def _best(self) -> Candidate | None:
        able = [each for each in self.candidates if self._feasible(each)]
        highest = max((each.fidelity for each in able), default=1.0)
        several = self._objective.columns > 1
        return min(
            (each for each in able if each.fidelity == highest),
            key=lambda each: (0.0 if several else each.score[0], -(each.quality or 0.0), *each.score[1:]),
            default=None,
        )

    def _note_best(self, candidates: Iterable[Candidate]) -> None:
        for each in candidates:
            if each.fidelity == 1.0 and self._feasible(each):
                self.best_score = min(self.best_score, each.score[0])

    def _feasible(self, each: Candidate) -> bool:
        objective = self._objective
        return (
            each.quality is not None
            and all(map(math.isfinite, each.score))
            # in float32, as scores are computed: the mean of three times 0.7 is below it in float64
            and bool(np.float32(each.quality) >= np.float32(objective.floor))
            and keeps(each.cost, objective.bounds)
        )


def _row(costs: Mapping[str, np.ndarray], place: int) -> dict[str, float]:
    return {name: float(values[place]) for name, values in costs.items()}
