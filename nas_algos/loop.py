"""The search loop: ask a strategy, evaluate what is worth it, tell it the scores.

    found = search(Search(strategy, evaluator, objective, budget=20, key=jax.random.key(0)))
    found.best.genotype

What differs between searches is data, a `Policy`; many searches share the workers of their evaluators
(`side_by_side`).  A search is a function of its key and of what its evaluator answers: to go on with one that was
stopped, run it again on an evaluator that keeps its answers.  Searches in tables are one `nas_algos.scan.scan` instead.
"""

from __future__ import annotations

import math
from collections.abc import Generator, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, NamedTuple, TypeVar

import jax
import numpy as np

from nas_algos.checks import check_positive
from nas_algos.errors import AlgorithmInputError
from nas_algos.evaluator import Evaluation, Evaluator, Genotype, Request, Ticket
from nas_algos.ledger import Spend, total
from nas_algos.objectives import Objective, within
from nas_algos.policies import POLICIES, Policy, brackets, promoted
from nas_algos.rounds import Functions, Rounds, check_columns, compiled
from nas_algos.strategy import Strategy

Who = TypeVar("Who", bound=Hashable)
"""What tells a search from the others that run beside it."""
Kind = Literal["evaluated", "known", "infeasible", "hopeless", "left out"]
Steps = Generator[list[Request], list[Evaluation], "Found"]


class Candidate(NamedTuple):
    """What a search looked at."""

    step: int
    """Its place among all that the search looked at, from 0; -1 of one that it started with."""
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

    A noisy quality picked it: evaluate it anew.  With several objectives it is the one of the highest quality.
    """
    candidates: tuple[Candidate, ...]
    spend: Spend


@dataclass(frozen=True)
class Search:
    """A strategy and an evaluator, and what they are to look for."""

    strategy: Strategy
    evaluator: Evaluator
    objective: Objective
    budget: int
    """Full evaluations of different genotypes; those at a lower fidelity count by their share."""
    key: jax.Array
    policy: Policy = POLICIES["plain"]
    seed: int = 0
    """Of each candidate's first evaluation; confirmations take the next ones."""
    start: Mapping[Genotype, float] = field(default_factory=dict)
    """Qualities that are known before: told first, never evaluated and not charged."""

    def __post_init__(self):
        check_positive("search", self, "budget")
        check_columns(self.strategy, self.objective)
        if self.start and self.policy.rungs > 1:
            raise AlgorithmInputError("search: start is given; allowed with rungs of fidelity: none")
        if self.objective.columns != 1 and not self.policy.takes_several_objectives:
            raise AlgorithmInputError(
                f"search: {self.objective.name} has {self.objective.columns} columns; allowed with this policy: 1"
            )


def search(one: Search) -> Found:
    """Run one search to its end."""
    return side_by_side({0: one})[0]


def side_by_side(searches: Mapping[Who, Search]) -> dict[Who, Found]:
    """Run searches until all have ended, so that no worker waits for one search's next round.

    None sees what another has found.
    """
    running = {who: _steps(each) for who, each in searches.items()}
    found: dict[Who, Found] = {}
    waiting: dict[Who, dict[Ticket, Evaluation | None]] = {}
    owners: dict[tuple[int, Ticket], Who] = {}

    def advance(who: Who, evaluations: list[Evaluation] | None) -> None:
        try:
            requests = next(running[who]) if evaluations is None else running[who].send(evaluations)
        except StopIteration as ended:
            found[who] = ended.value
            return
        evaluator = searches[who].evaluator
        waiting[who] = {evaluator.submit(*request): None for request in requests}
        owners.update({(id(evaluator), ticket): who for ticket in waiting[who]})

    for who in searches:
        advance(who, None)
    while len(found) < len(searches):
        for evaluator in {id(searches[who].evaluator): searches[who].evaluator for who in waiting}.values():
            for ticket, evaluation in evaluator.completed():
                who = owners.pop((id(evaluator), ticket))
                answers = waiting[who]
                answers[ticket] = evaluation
                done = [each for each in answers.values() if each is not None]
                if len(done) == len(answers):
                    del waiting[who]
                    advance(who, done)
    return {who: found[who] for who in searches}


class _Memory:
    """What a search has seen so far."""

    def __init__(self, one: Search):
        self.one = one
        self._score = jax.jit(one.objective.score)  # one call, in place of one for each step of the formula
        self.qualities: dict[tuple[Genotype, float], float] = {(row, 1.0): each for row, each in one.start.items()}
        self.candidates: list[Candidate] = []
        self.best_score = math.inf
        self.begun: list[Candidate] = []
        if one.start:
            rows, costs = list(one.start), self.costs(list(one.start))
            scores = self.score(list(one.start.values()), costs)
            self.begun = [
                Candidate(-1, row, _row(costs, place), "known", one.start[row], tuple(scores[place].tolist()))
                for place, row in enumerate(rows)
            ]
            self._note_best(self.begun)

    def costs(self, genotypes: Any) -> dict[str, np.ndarray]:
        """float64[b] of each name."""
        costs = self.one.evaluator.cost(np.asarray(genotypes, np.int32))
        return {name: np.asarray(values, float) for name, values in costs.items()}

    def score(self, quality: Any, costs: Mapping[str, Any]) -> np.ndarray:
        """float32[b, columns]."""
        scores = np.asarray(self._score(np.asarray(quality, np.float32), costs))
        return scores.reshape(len(scores), -1)

    def hopeless(self, costs: Mapping[str, Any], count: int) -> np.ndarray:
        """bool[count]: what would not be the best with the quality that the policy assumes."""
        assumed = self.one.policy.assumed_quality
        if assumed is None:
            return np.zeros(count, bool)
        return self.score(np.full(count, assumed), costs)[:, 0] >= self.best_score

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

    def best(self) -> Candidate | None:
        """See `Found`."""
        able = [each for each in (*self.begun, *self.candidates) if self._feasible(each)]
        highest = max((each.fidelity for each in able), default=1.0)
        several = self.one.objective.columns > 1
        return min(
            (each for each in able if each.fidelity == highest),
            key=lambda each: (0.0 if several else each.score[0], -(each.quality or 0.0)),
            default=None,
        )

    def found(self) -> Found:
        """What the search came to."""
        spent = [evaluation.spend for each in self.candidates for evaluation in each.evaluations]
        return Found(self.best(), tuple(self.candidates), total(spent))

    def _note_best(self, candidates: Iterable[Candidate]) -> None:
        for each in candidates:
            if each.fidelity == 1.0 and self._feasible(each):
                self.best_score = min(self.best_score, each.score[0])

    def _feasible(self, each: Candidate) -> bool:
        objective = self.one.objective
        return (
            each.quality is not None
            and all(map(math.isfinite, each.score))
            and each.quality >= objective.floor
            and all(each.cost[name] <= bound for name, bound in objective.bounds.items())
        )


def _steps(one: Search) -> Steps:
    """Yield the evaluations that are wanted next, never none, and take them in that order."""
    memory, policy = _Memory(one), one.policy
    plan = brackets(policy, one.budget)
    functions = compiled(one.strategy)
    keys = [one.key] if len(plan) == 1 else list(jax.random.split(one.key, len(plan)))
    for bracket, key in zip(plan, keys, strict=True):
        rung = yield from _first_rung(memory, functions, bracket.size, policy.fidelities[bracket.first], key)
        for fidelity in policy.fidelities[bracket.first + 1 :]:
            scores = np.array([candidate.score[0] for candidate in rung])
            order = np.argsort(scores, kind="stable")
            chosen = np.sort(order[np.isfinite(scores[order])][: promoted(len(order), policy.keep)])
            if not len(chosen):
                break
            rows = [rung[place].genotype for place in chosen]
            charged = yield from _evaluate(memory, rows, fidelity)
            qualities = [memory.qualities[row, fidelity] for row in rows]
            kinds: list[Kind] = ["evaluated"] * len(rows)
            _, seen = memory.look(rows, memory.costs(rows), kinds, qualities, fidelity, dict(enumerate(charged)))
            rung = list(seen.values())
    return memory.found()


def _first_rung(
    memory: _Memory, functions: Functions, count: int, fidelity: float, key: jax.Array
) -> Generator[list[Request], list[Evaluation], list[Candidate]]:
    """Ask and tell until `count` different genotypes are evaluated, or too little new comes; those genotypes."""
    one, policy = memory.one, memory.one.policy
    rounds = Rounds(functions, key)
    for each in memory.begun:
        rounds.learn([each.genotype], _told(one, np.array([each.score])))
    rung: list[Candidate] = []
    seen = set(one.start)
    looked = stale = 0
    while len(rung) < count and looked < policy.most_proposals(count) and (not policy.stale or stale < policy.stale):
        genotypes = rounds.propose()
        rows: list[Genotype] = [tuple(row) for row in genotypes.tolist()]
        costs = memory.costs(genotypes)
        outside = ~within(costs, one.objective.bounds, len(rows)) & policy.skip_infeasible
        hopeless = memory.hopeless(costs, len(rows))
        kinds: list[Kind] = []
        fresh: list[int] = []
        for place, row in enumerate(rows):
            if outside[place]:
                kinds.append("infeasible")
            elif row in seen and not policy.repeats:
                kinds.append("known")
            elif hopeless[place]:
                kinds.append("hopeless")
            elif len(rung) + len(fresh) == count:  # the budget ends within the round
                kinds.append("left out")
            else:
                kinds.append("evaluated")
                fresh.append(place)
                seen.add(row)
        charged = yield from _evaluate(memory, [rows[place] for place in fresh], fidelity)
        # what is over a bound scores by how far it is, whatever its quality
        assumed = {"infeasible": 0.0, "hopeless": policy.assumed_quality or 0.0, "left out": math.nan}
        qualities = [
            assumed[kind] if kind in assumed else memory.qualities[row, fidelity]
            for row, kind in zip(rows, kinds, strict=True)
        ]
        scores, candidates = memory.look(
            rows, costs, kinds, qualities, fidelity, dict(zip(fresh, charged, strict=True))
        )
        rounds.learn(genotypes, _told(one, scores))
        rung += [candidates[place] for place in fresh]
        looked, stale = looked + len(rows), 0 if fresh else stale + len(rows)
    return rung


def _evaluate(
    memory: _Memory, rows: Sequence[Genotype], fidelity: float
) -> Generator[list[Request], list[Evaluation], list[tuple[Evaluation, ...]]]:
    """See that the qualities of genotypes are known; what each was charged for, nothing where it had been known."""
    one, policy = memory.one, memory.one.policy
    charged: list[tuple[Evaluation, ...]] = [()] * len(rows)
    wanted = [place for place, row in enumerate(rows) if policy.repeats or (row, fidelity) not in memory.qualities]
    if wanted:
        first = yield [Request(rows[place], fidelity, one.seed) for place in wanted]
        for place, evaluation in zip(wanted, first, strict=True):
            charged[place] = (evaluation,)
    if policy.confirmations and fidelity == 1.0:
        best = [
            place
            for place in wanted
            if memory.score([_mean(charged[place])], memory.costs([rows[place]]))[0, 0] < memory.best_score
        ]
        seeds = range(one.seed + 1, one.seed + 1 + policy.confirmations)
        if best:
            more = iter((yield [Request(rows[place], fidelity, seed) for place in best for seed in seeds]))
            for place in best:
                charged[place] += tuple(next(more) for _ in seeds)
    memory.qualities |= {(rows[place], fidelity): _mean(charged[place]) for place in wanted}
    return charged


def _mean(evaluations: Sequence[Evaluation]) -> float:
    # a failed evaluation has failed whatever quality it claims
    return math.fsum(math.nan if each.error else each.quality for each in evaluations) / len(evaluations)


def _told(one: Search, scores: np.ndarray) -> np.ndarray:
    return scores if one.objective.columns > 1 else scores[:, 0]


def _row(costs: Mapping[str, np.ndarray], place: int) -> dict[str, float]:
    return {name: float(values[place]) for name, values in costs.items()}
