"""Run a strategy: inside one `lax.scan` where the evaluator is traceable, round by round on the host where it is not.

Both give the same trials for the same key, and a search of r rounds is the beginning of one of more.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from nas_algos.checks import check_state, checked_genotypes, checked_scores
from nas_algos.errors import AlgorithmInputError
from nas_algos.ledger import Spend
from nas_algos.objectives import Objective
from nas_algos.problem import Evaluation, Problem
from nas_algos.strategy import State, Strategy

Evaluate = Callable[[Any], Any]  # genotypes int32[b, D] -> scores float[b] or [b, objectives]; traceable for `scan`


class Trials(NamedTuple):
    """What was tried, in order: genotypes int32[n, D] and scores float32[n] or [n, objectives], n = rounds * batch."""

    genotypes: Any
    scores: Any


def compiled(strategy: Strategy) -> Strategy:
    """The same strategy with ask and tell under jax.jit where they can be, for loops on the host."""
    if not strategy.traceable:
        return strategy
    return strategy._replace(ask=jax.jit(strategy.ask), tell=jax.jit(strategy.tell))


def start(strategy: Strategy, key: jax.Array) -> tuple[State, jax.Array]:
    """The first state and the key that the rounds' keys come from."""
    init_key, rounds_key = jax.random.split(key)
    return strategy.init(init_key), rounds_key


def propose(strategy: Strategy, state: State, rounds_key: jax.Array, round_index: int) -> Any:
    """The genotypes of one round, int32[batch, D].  Raises AlgorithmInputError when they break the strategy's rules."""
    genotypes = strategy.ask(state, jax.random.fold_in(rounds_key, round_index))
    return checked_genotypes(strategy, genotypes)


def learn(strategy: Strategy, state: State, genotypes: Any, scores: Any) -> State:
    """The state after a round; scores that are not a number count as failed.

    Raises AlgorithmInputError when there is not one score (or one row of `objectives` scores) for each genotype, or
    the strategy's new state is not a number somewhere.
    """
    after = strategy.tell(state, genotypes, checked_scores(strategy, scores, len(genotypes)))
    check_state(strategy, after)
    return after


def scan(strategy: Strategy, evaluate: Evaluate, rounds: int, key: jax.Array) -> Trials:
    """A whole search as one traceable function of its key; jit it, and vmap it over keys for many seeds.

    Values out of range cannot be seen while tracing: check the trials afterwards with `checked_genotypes`.
    """
    if not strategy.traceable:
        raise AlgorithmInputError(f"{strategy.label} runs on the host alone; it cannot be part of a scan")
    state, rounds_key = start(strategy, key)

    def one_round(state: State, round_index: jax.Array) -> tuple[State, Trials]:
        genotypes = strategy.ask(state, jax.random.fold_in(rounds_key, round_index))
        scores = checked_scores(strategy, evaluate(genotypes), strategy.batch)
        return strategy.tell(state, genotypes, scores), Trials(genotypes, scores)

    _, trials = jax.lax.scan(one_round, state, jnp.arange(rounds))
    return jax.tree.map(lambda leaf: leaf.reshape(-1, *leaf.shape[2:]), trials)


def run(strategy: Strategy, evaluate: Evaluate, rounds: int, key: jax.Array) -> Trials:
    """The same search round by round, for evaluators and strategies that cannot be traced; checked as it goes."""
    state, rounds_key = start(strategy, key)
    strategy = compiled(strategy)
    done = []
    for round_index in range(rounds):
        genotypes = propose(strategy, state, rounds_key, round_index)
        scores = checked_scores(strategy, evaluate(genotypes), strategy.batch)
        state = learn(strategy, state, genotypes, scores)
        done.append(Trials(genotypes, scores))
    return jax.tree.map(lambda *leaves: jnp.concatenate(leaves), *done)


def run_problem(
    strategy: Strategy, problem: Problem, objective: Objective, fidelity: str, seed: int, rounds: int, key: jax.Array
) -> tuple[Trials, Spend]:
    """The search with real trainings, and its ledger: after each trial, what all so far have spent, fields [n].

    fidelity, seed: of every training, as `Problem.evaluate` takes them.  Raises AlgorithmInputError when the objective
    has other columns than the strategy takes.
    """
    check_columns(strategy, objective)
    done: list[Evaluation] = []

    def evaluate(genotypes: jax.Array) -> jax.Array:
        scores, found = train_all(problem, objective, genotypes, fidelity, seed)
        done.extend(found)
        return scores

    trials = run(strategy, evaluate, rounds, key)
    return trials, total_spend(done)


def check_columns(strategy: Strategy, objective: Objective) -> None:
    """Raises AlgorithmInputError when the objective has other columns than the strategy takes."""
    if objective.columns != strategy.objectives:
        raise AlgorithmInputError(
            f"{strategy.label}: it takes {strategy.objectives} objectives; {objective.name} has {objective.columns}"
        )


def train_all(
    problem: Problem, objective: Objective, genotypes: Any, fidelity: str, seed: int
) -> tuple[jax.Array, list[Evaluation]]:
    """Train and score genotypes int32[b, D]: scores float32[b] or [b, columns], and the evaluations."""
    found = [problem.evaluate(genotype, fidelity, seed) for genotype in np.asarray(genotypes)]
    # a failed training has failed whatever quality it claims
    quality = np.array([each.quality if each.error is None else np.nan for each in found])
    return objective.score(quality, problem.cost(genotypes)), found


def total_spend(done: Sequence[Evaluation]) -> Spend:
    """The ledger of trainings in order: after each, what all so far have spent, fields [n]."""
    return jax.tree.map(lambda *spent: np.cumsum(spent), *(each.spend for each in done))
