"""The rounds of a search, one by one: what every loop on the host is made of, with checks of what a strategy does.

A round of a small search takes microseconds to compute and as long as hundreds of them to call: what runs under
jax.jit is therefore one call for asking and one for telling, and all checks between them are NumPy's.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from nas_algos.checks import check_state, checked_genotypes, checked_scores
from nas_algos.errors import AlgorithmInputError
from nas_algos.objectives import Objective
from nas_algos.strategy import State, Strategy


class Functions(NamedTuple):
    """A strategy's functions as `Rounds` calls them."""

    strategy: Strategy
    start: Callable[[jax.Array], tuple[State, jax.Array]]
    """As `start`, of a key."""
    ask: Callable[[State, jax.Array, Any], Any]
    """Genotypes from the state, the rounds' key and the number of the round."""
    tell: Callable[[State, Any, Any], tuple[State, Any]]
    """The state after a round, and whether it is NaN somewhere; None where nobody looked."""


def start(strategy: Strategy, key: jax.Array) -> tuple[State, jax.Array]:
    """The first state and the key that the rounds' keys come from."""
    init_key, rounds_key = jax.random.split(key)
    return strategy.init(init_key), rounds_key


def plain(strategy: Strategy) -> Functions:
    """The functions as they are, for strategies of the host and for trying one out."""

    def ask(state: State, rounds_key: jax.Array, number: Any) -> Any:
        return strategy.ask(state, jax.random.fold_in(rounds_key, number))

    def tell(state: State, genotypes: Any, scores: Any) -> tuple[State, None]:
        if strategy.traceable:  # whose functions are written for JAX's arrays
            genotypes, scores = jnp.asarray(genotypes), jnp.asarray(scores)
        return strategy.tell(state, genotypes, scores), None

    return Functions(strategy, lambda key: start(strategy, key), ask, tell)


def compiled(strategy: Strategy) -> Functions:
    """The functions under jax.jit where they can be; several searches may share them."""
    functions = plain(strategy)
    if not strategy.traceable:
        return functions

    def tell(state: State, genotypes: Any, scores: Any) -> tuple[State, jax.Array]:
        after = strategy.tell(state, genotypes, scores)
        leaves = [leaf for leaf in jax.tree.leaves(after) if jnp.issubdtype(jnp.result_type(leaf), jnp.floating)]
        return after, sum((jnp.isnan(leaf).any() for leaf in leaves), jnp.zeros((), bool))

    return Functions(strategy, jax.jit(functions.start), jax.jit(functions.ask), jax.jit(tell))


class Rounds:
    """One search's rounds: `propose`, then `learn`, again and again."""

    def __init__(self, functions: Functions, key: jax.Array):
        self.strategy, self._functions = functions.strategy, functions
        self.state, self._key = functions.start(key)
        self._round = 0

    def propose(self) -> np.ndarray:
        """The genotypes of the next round, int32[batch, D].

        Raises AlgorithmInputError when they break the strategy's rules.
        """
        genotypes = self._functions.ask(self.state, self._key, np.uint32(self._round))
        self._round += 1
        return checked_genotypes(self.strategy, genotypes)

    def learn(self, genotypes: Any, scores: Any) -> None:
        """Tell the strategy the scores, of which those that are NaN count as failed.

        Raises AlgorithmInputError when there is not one score (or one row of `objectives` scores) for each genotype, or
        the strategy's new state is NaN somewhere.
        """
        rows = np.asarray(genotypes, np.int32)
        after, broken = self._functions.tell(self.state, rows, checked_scores(self.strategy, scores, len(rows), np))
        if broken is None or broken:
            check_state(self.strategy, after)
        self.state = after


def check_columns(strategy: Strategy, objective: Objective) -> None:
    """Raises AlgorithmInputError when the objective has other columns than the strategy takes."""
    if objective.columns != strategy.objectives:
        raise AlgorithmInputError(
            f"{strategy.label}: it takes {strategy.objectives} objectives; {objective.name} has {objective.columns}"
        )
