"""The search loop: ask a strategy, evaluate what is worth it, tell it the scores.

    found = search(Search(strategy, evaluator, objective, budget=20, key=jax.random.key(0)))
    found.best.genotype

What differs between searches is data, a `Policy`; many searches share the workers of their evaluators
(`side_by_side`).  A search is a function of its key and of what its evaluator answers: to go on with one that was
stopped, run it again on an evaluator that keeps its answers.  Searches in tables are one `nas_algos.scan.scan` instead.
"""

from __future__ import annotations

import math
from collections.abc import Generator, Hashable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

import jax
import numpy as np

from nas_algos.checks import check_positive
from nas_algos.errors import AlgorithmInputError
from nas_algos.evaluator import Evaluation, Evaluator, Genotype, Request, Ticket
from nas_algos.objectives import Objective, within
from nas_algos.policies import POLICIES, Policy, brackets, promoted
from nas_algos.rounds import Rounds, check_columns, compiled
from nas_algos.strategy import Strategy
from nas_algos.trajectory import Candidate, Found, Kind, Trajectory

Who = TypeVar("Who", bound=Hashable)
"""What tells a search from the others that run beside it."""
Steps = Generator[list[Request], list[Evaluation], Found]

CONFIRMING = 1_000_003
"""Between the seeds of a candidate's evaluations: searches beside each other have seeds that follow each other."""


@dataclass(frozen=True)
class Search:
    """A strategy and an evaluator, and what they are to look for."""

    strategy: Strategy
    evaluator: Evaluator
    objective: Objective
    budget: int
    """Full evaluations of different genotypes; those at a lower fidelity count by their share, confirmations do not."""
    key: jax.Array
    policy: Policy = POLICIES["plain"]
    seed: int = 0
    """Of each candidate's first evaluation; confirmations take it plus CONFIRMING, twice that, and so on."""

    def __post_init__(self):
        check_positive("search", self, "budget")
        check_columns(self.strategy, self.objective)
        own, wanted = (tuple(map(int, each.cardinalities)) for each in (self.strategy, self.evaluator))
        if own != wanted:
            raise AlgorithmInputError(
                f"search: {self.strategy.name} is of cardinalities {own}; allowed with this evaluator: {wanted}"
            )
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


def _steps(one: Search) -> Steps:
    """Yield the evaluations that are wanted next, never none, and take them in that order."""
    trajectory, policy = Trajectory(one.evaluator, one.objective), one.policy
    plan = brackets(policy, one.budget)
    functions = compiled(one.strategy)
    # a state of the strategy for each fidelity, as scores of different ones do not compare
    firsts = sorted({bracket.first for bracket in plan})
    keys = [one.key] if len(firsts) == 1 else list(jax.random.split(one.key, len(firsts)))
    rounds = {first: Rounds(functions, key) for first, key in zip(firsts, keys, strict=True)}
    for bracket in plan:
        fidelity = policy.fidelities[bracket.first]
        rung = yield from _first_rung(one, trajectory, rounds[bracket.first], bracket.size, fidelity)
        for fidelity in policy.fidelities[bracket.first + 1 :]:
            scores = np.array([candidate.score[0] for candidate in rung])
            order = np.argsort(scores, kind="stable")
            chosen = np.sort(order[np.isfinite(scores[order])][: promoted(len(order), policy.keep)])
            if not len(chosen):
                break
            rows = [rung[place].genotype for place in chosen]
            charged = yield from _evaluate(one, trajectory, rows, fidelity)
            qualities = [trajectory.qualities[row, fidelity] for row in rows]
            kinds: list[Kind] = ["evaluated"] * len(rows)
            costs = trajectory.costs(rows)
            _, seen = trajectory.look(rows, costs, kinds, qualities, fidelity, dict(enumerate(charged)))
            rung = list(seen.values())
    return trajectory.found()


def _first_rung(
    one: Search, trajectory: Trajectory, rounds: Rounds, count: int, fidelity: float
) -> Generator[list[Request], list[Evaluation], list[Candidate]]:
    """Ask and tell until `count` different genotypes are evaluated, or nothing new will come; those genotypes."""
    policy = one.policy
    rung: list[Candidate] = []
    size = math.prod(map(int, one.strategy.cardinalities))
    seen: set[Genotype] = set()
    evaluated: set[Genotype] = set()
    looked = stale = 0
    while len(rung) < count:
        # what was looked at stays known, over a bound or hopeless
        exhausted = len(seen) == size and not policy.repeats
        in_vain = 0 if trajectory.qualities else len(trajectory.candidates)
        ended = f"all {size} genotypes were looked at" if exhausted else policy.ended(count, looked, stale, in_vain)
        if ended:
            trajectory.ended = ended
            break
        genotypes = rounds.propose()
        rows: list[Genotype] = [tuple(row) for row in genotypes.tolist()]
        costs = trajectory.costs(genotypes)
        outside = ~within(costs, one.objective.bounds, len(rows)) & policy.skip_infeasible
        hopeless = trajectory.hopeless(costs, len(rows), policy.assumed_quality)
        kinds: list[Kind] = []
        fresh: list[int] = []
        for place, row in enumerate(rows):
            if outside[place]:
                kinds.append("infeasible")
            elif row in evaluated and not policy.repeats:
                kinds.append("known")
            elif hopeless[place]:
                kinds.append("hopeless")
            elif len(rung) + len(fresh) == count:  # the budget ends within the round
                kinds.append("left out")
            else:
                kinds.append("evaluated")
                fresh.append(place)
                evaluated.add(row)
        charged = yield from _evaluate(one, trajectory, [rows[place] for place in fresh], fidelity)
        # what is over a bound scores by how far it is, whatever its quality
        assumed = {"infeasible": 0.0, "hopeless": policy.assumed_quality or 0.0, "left out": math.nan}
        qualities = [
            assumed[kind] if kind in assumed else trajectory.qualities[row, fidelity]
            for row, kind in zip(rows, kinds, strict=True)
        ]
        scores, candidates = trajectory.look(
            rows, costs, kinds, qualities, fidelity, dict(zip(fresh, charged, strict=True))
        )
        # what was left out did not fail: another one is told in its place, as tell takes a whole round
        told = [fresh[-1] if kind == "left out" else place for place, kind in enumerate(kinds)]
        rounds.learn(genotypes[told], _told(one, scores[told]))
        rung += [candidates[place] for place in fresh]
        seen.update(rows)
        looked, stale = looked + len(rows), 0 if fresh else stale + len(rows)
    return rung


def _evaluate(
    one: Search, trajectory: Trajectory, rows: Sequence[Genotype], fidelity: float
) -> Generator[list[Request], list[Evaluation], list[tuple[Evaluation, ...]]]:
    """See that the qualities of genotypes are known; what each was charged for, nothing where it had been known."""
    policy, known = one.policy, trajectory.qualities
    charged: list[tuple[Evaluation, ...]] = [()] * len(rows)
    wanted = [place for place, row in enumerate(rows) if policy.repeats or (row, fidelity) not in known]
    if wanted:
        first = yield [Request(rows[place], fidelity, one.seed) for place in wanted]
        for place, evaluation in zip(wanted, first, strict=True):
            charged[place] = (evaluation,)
    if policy.confirmations and fidelity == 1.0:
        best = [
            place
            for place in wanted
            if trajectory.score([_mean(charged[place])], trajectory.costs([rows[place]]))[0, 0] < trajectory.best_score
        ]
        seeds = [one.seed + CONFIRMING * number for number in range(1, policy.confirmations + 1)]
        if best:
            more = iter((yield [Request(rows[place], fidelity, seed) for place in best for seed in seeds]))
            for place in best:
                charged[place] += tuple(next(more) for _ in seeds)
    known |= {(rows[place], fidelity): _mean(charged[place]) for place in wanted}
    return charged


def _mean(evaluations: Sequence[Evaluation]) -> float:
    # a failed evaluation has failed whatever quality it claims
    return math.fsum(math.nan if each.error else each.quality for each in evaluations) / len(evaluations)


def _told(one: Search, scores: np.ndarray) -> np.ndarray:
    return scores if one.objective.columns > 1 else scores[:, 0]
