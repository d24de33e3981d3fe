"""The rounds of a search, one by one: what every loop on the host is made of, with checks of what a strategy does."""

from __future__ import annotations

from typing import Any

import jax

from nas_algos.checks import check_state, checked_genotypes, checked_scores
from nas_algos.errors import AlgorithmInputError
from nas_algos.objectives import Objective
from nas_algos.strategy import State, Strategy


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
    """The state after a round; scores that are NaN count as failed.

    Raises AlgorithmInputError when there is not one score (or one row of `objectives` scores) for each genotype, or
    the strategy's new state is NaN somewhere.
    """
    after = strategy.tell(state, genotypes, checked_scores(strategy, scores, len(genotypes)))
    check_state(strategy, after)
    return after


def check_columns(strategy: Strategy, objective: Objective) -> None:
    """Raises AlgorithmInputError when the objective has other columns than the strategy takes."""
    if objective.columns != strategy.objectives:
        raise AlgorithmInputError(
            f"{strategy.label}: it takes {strategy.objectives} objectives; {objective.name} has {objective.columns}"
        )
