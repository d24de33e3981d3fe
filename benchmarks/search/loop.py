"""Searches with real trainings, several seeds side by side on one pool of workers."""

from __future__ import annotations

import math
from collections.abc import Generator, Mapping
from dataclasses import dataclass

import jax
import numpy as np

from benchmarks.evaluators.trial_runner import TrialRunner
from benchmarks.search.problem import Costs, Genotype
from hw_model.blocks import Block
from nas_algos.loops import compiled, learn, propose, start
from nas_algos.objectives import Objective
from nas_algos.single_shot.relaxed import within
from nas_algos.strategy import Strategy
from tasks.fidelity import Fidelity
from tasks.spaces.space import SearchSpace

Who = tuple[str, int]  # a search by its algorithm's name and its seed
# A strategy that proposes what it knows, or what its bounds rule out, is stopped at so many proposals per training.
MOST_PROPOSALS = 50


@dataclass(frozen=True)
class Candidate:
    """What a search looked at.

    quality: None where a bound ruled it out untrained, NaN where its training failed.  charged: whether this search
    trained it here, not before.
    """

    step: int
    genotype: Genotype
    cost: dict[str, float]
    feasible: bool
    quality: float | None
    charged: bool


@dataclass(frozen=True)
class Request:
    """What is searched: `bounds` on costs decide what is worth a training; the objective gives it its score."""

    objective: Objective
    bounds: dict[str, float]
    trainings: int


Search = Generator[list[Genotype], list[float], list[Candidate]]


def live_search(strategy: Strategy, costs: Costs, request: Request, key: jax.Array) -> Search:
    """Yield the genotypes to train next, take their qualities (NaN for a failure), return all candidates.

    Costs are known without training: what breaks a bound is told to the strategy and not trained.  The search ends
    with its budget of trainings, or after MOST_PROPOSALS proposals for each.
    """
    costs = jax.jit(costs)
    state, rounds_key = start(strategy, key)
    strategy = compiled(strategy)
    known: dict[Genotype, float] = {}
    candidates: list[Candidate] = []
    round_index = 0
    while len(known) < request.trainings and len(candidates) < MOST_PROPOSALS * request.trainings:
        genotypes = np.asarray(propose(strategy, state, rounds_key, round_index))
        cost = {name: np.asarray(values, float) for name, values in costs(genotypes).items()}
        inside = within(cost, request.bounds)
        inside = np.broadcast_to(inside, len(genotypes))
        rows = [tuple(row) for row in genotypes.tolist()]
        fresh = list(dict.fromkeys(row for row, ok in zip(rows, inside, strict=True) if ok and row not in known))
        fresh = fresh[: request.trainings - len(known)]
        if fresh:
            known |= dict(zip(fresh, (yield fresh), strict=True))
        # what is over a bound scores by how far it is, whatever its quality
        quality = np.array([known.get(row, math.nan) if ok else 0.0 for row, ok in zip(rows, inside, strict=True)])
        state = learn(strategy, state, genotypes, request.objective.score(quality, cost))
        for row, place in zip(rows, range(len(rows)), strict=True):
            if inside[place] and row not in known:  # the budget ended within the round
                continue
            candidates.append(
                Candidate(
                    len(candidates),
                    row,
                    {name: float(values[place]) for name, values in cost.items()},
                    bool(inside[place]),
                    known.get(row) if inside[place] else None,
                    row in fresh and row not in rows[:place],
                )
            )
        round_index += 1
    return candidates


def incumbent(candidates: list[Candidate]) -> Candidate | None:
    """The candidate with the best quality among those within the bounds, None if there is none.

    It was picked by a noisy quality: judge it anew.
    """
    trained = [each for each in candidates if each.quality is not None and math.isfinite(each.quality)]
    return max(trained, key=lambda each: each.quality or 0.0, default=None)


def run_side_by_side(
    runner: TrialRunner, searches: Mapping[Who, Search], space: SearchSpace, metric: str, fidelity: Fidelity
) -> dict[Who, list[Candidate]]:
    """Drive searches {(name, seed): search} until all have ended; each candidate is trained with its search's seed."""
    results: dict[Who, list[Candidate]] = {}
    waiting: dict[Who, dict[Genotype, float | None]] = {}
    blocks: dict[Genotype, tuple[Block, ...]] = {}

    def advance(who: Who, qualities: list[float] | None) -> None:
        try:
            wanted = next(searches[who]) if qualities is None else searches[who].send(qualities)
        except StopIteration as ended:
            results[who] = ended.value
            return
        waiting[who] = dict.fromkeys(wanted)
        for genotype in wanted:
            blocks.setdefault(genotype, space.decode(genotype))
            runner.request((*who, genotype), blocks[genotype], fidelity, seed=who[1])

    for who in searches:
        advance(who, None)
    while completed := runner.next_completed():
        for trial, asker in completed:
            assert isinstance(asker, tuple)
            name, seed, genotype = asker
            answers = waiting[name, seed]
            answers[genotype] = trial.quality.get(metric, math.nan)
            values = [value for value in answers.values() if value is not None]
            if len(values) == len(answers):
                advance((name, seed), values)
    return {who: results[who] for who in searches}
