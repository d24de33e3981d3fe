"""Successive halving and Hyperband: many networks trained a little, the best of them more, the best of these in full.

Jamieson and Talwalkar, Non-stochastic Best Arm Identification and Hyperparameter Optimization, arXiv:1502.07943;
Li, Jamieson, DeSalvo, Rostamizadeh and Talwalkar, Hyperband, arXiv:1603.06560.  They search over fidelities and leave
to a strategy which genotypes to start with: uniform ones in the papers.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import jax
import numpy as np

from nas_algos.checks import check_between, check_positive
from nas_algos.errors import AlgorithmInputError
from nas_algos.ledger import Spend
from nas_algos.loops import check_columns, compiled, learn, propose, start, total_spend, train_all
from nas_algos.objectives import Objective
from nas_algos.problem import Evaluation, Problem
from nas_algos.strategy import Strategy

_MOST_ROUNDS = 50  # rounds without a new genotype, after which a space counts as used up


@dataclass(frozen=True)
class HalvingSettings:
    """count: genotypes at the lowest fidelity.  keep: one in so many goes on to the next (eta in the papers)."""

    count: int = 27
    keep: int = 3


class Rung(NamedTuple):
    """What was trained at one fidelity: genotypes int32[n, D] and scores float32[n], in the order proposed."""

    fidelity: str
    genotypes: np.ndarray
    scores: np.ndarray


class Halving(NamedTuple):
    """rungs: by rising fidelity, bracket after bracket.  spend: after each training, what all so far spent, [n]."""

    rungs: tuple[Rung, ...]
    spend: Spend


def successive_halving(
    strategy: Strategy,
    problem: Problem,
    objective: Objective,
    fidelities: Sequence[str],
    seed: int,
    key: jax.Array,
    settings: HalvingSettings = HalvingSettings(),
) -> Halving:
    """Train `count` genotypes at the first of fidelities, the best 1 / keep of these at the next, and so on.

    strategy: proposes the first ones, and is told their scores at the first fidelity.  Failed trainings never go on,
    and of equal ones the first proposed does.  A function of the key and of what the problem answers: to resume an
    interrupted one, run it again on a problem that knows its past trainings.  Ends early when all have failed.
    Raises AlgorithmInputError for settings that are not allowed, or an objective that is not single.
    """
    check_positive("successive_halving", settings, "count")
    check_between("successive_halving", settings, 2, 1000, "keep")
    if not fidelities:
        raise AlgorithmInputError("successive_halving: fidelities are empty; allowed: names of the problem's, rising")
    if objective.columns != 1:
        raise AlgorithmInputError(f"successive_halving: {objective.name} has {objective.columns} columns; allowed: 1")
    check_columns(strategy, objective)
    first, done = _first_rung(strategy, problem, objective, fidelities[0], seed, key, settings.count)
    rungs = [first]
    for fidelity in fidelities[1:]:
        last = rungs[-1]
        order = np.argsort(last.scores, kind="stable")
        chosen = order[np.isfinite(last.scores[order])][: max(1, len(order) // settings.keep)]
        if not len(chosen):
            break
        genotypes = last.genotypes[np.sort(chosen)]
        scores, found = train_all(problem, objective, genotypes, fidelity, seed)
        done.extend(found)
        rungs.append(Rung(fidelity, genotypes, np.asarray(scores)))
    return Halving(tuple(rungs), total_spend(done))


def hyperband(
    strategy: Strategy,
    problem: Problem,
    objective: Objective,
    fidelities: Sequence[str],
    seed: int,
    key: jax.Array,
    keep: int = 3,
) -> Halving:
    """Brackets of successive halving that begin at the first, the second, ... of fidelities: algorithm 1 of Hyperband.

    fidelities: each is to cost about `keep` times as much as the one before, so that brackets cost about the same.
    """
    most = len(fidelities) - 1
    halvings = []
    for bracket, bracket_key in zip(range(most, -1, -1), jax.random.split(key, most + 1), strict=True):
        settings = HalvingSettings(math.ceil((most + 1) / (bracket + 1) * keep**bracket), keep)
        rest = fidelities[most - bracket :]
        halvings.append(successive_halving(strategy, problem, objective, rest, seed, bracket_key, settings))
    ends = [jax.tree.map(lambda column: column[-1], each.spend) for each in halvings[:-1]]
    before = [jax.tree.map(lambda *spent: np.sum(spent, 0), Spend(), *ends[:n]) for n in range(len(halvings))]
    shifted = [jax.tree.map(np.add, each.spend, offset) for each, offset in zip(halvings, before, strict=True)]
    spend = jax.tree.map(lambda *columns: np.concatenate(columns), *shifted)
    return Halving(tuple(rung for each in halvings for rung in each.rungs), spend)


def found(halving: Halving) -> np.ndarray:
    """The genotype int32[D] with the best score at the highest fidelity that any reached and did not fail at.

    A noisy score picked it: judge it anew.  Raises AlgorithmInputError when every training failed.
    """
    order = list(dict.fromkeys(rung.fidelity for rung in halving.rungs))
    for fidelity in reversed(order):
        rungs = [rung for rung in halving.rungs if rung.fidelity == fidelity]
        scores = np.concatenate([rung.scores for rung in rungs])
        if np.isfinite(scores).any():
            return np.concatenate([rung.genotypes for rung in rungs])[np.argmin(scores)]
    raise AlgorithmInputError("successive_halving: every training failed; nothing was found")


def _first_rung(
    strategy: Strategy, problem: Problem, objective: Objective, fidelity: str, seed: int, key: jax.Array, count: int
) -> tuple[Rung, list[Evaluation]]:
    """Train different genotypes until there are `count`, or no new ones come."""
    state, rounds_key = start(strategy, key)
    strategy = compiled(strategy)
    scores: dict[tuple[int, ...], Any] = {}
    done: list[Evaluation] = []
    round_index = idle = 0
    while len(scores) < count and idle < _MOST_ROUNDS:
        genotypes = propose(strategy, state, rounds_key, round_index)
        rows = [tuple(row) for row in np.asarray(genotypes).tolist()]
        fresh = list(dict.fromkeys(row for row in rows if row not in scores))[: count - len(scores)]
        idle = 0 if fresh else idle + 1
        if fresh:
            found, evaluations = train_all(problem, objective, np.array(fresh, np.int32), fidelity, seed)
            scores |= dict(zip(fresh, np.asarray(found), strict=True))
            done.extend(evaluations)
        if all(row in scores for row in rows):
            state = learn(strategy, state, genotypes, np.array([scores[row] for row in rows], np.float32))
        round_index += 1
    return Rung(fidelity, np.array(list(scores), np.int32), np.array(list(scores.values()), np.float32)), done
