"""The rounds of a search, one by one: what every loop on the host is made of, with checks of what a strategy does.

A round of a small search takes microseconds to compute and as long as tens of them to call: what runs under jax.jit is
therefore one call that tells a round's scores and asks for the next, and all checks between them are NumPy's.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache, partial
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from nas_algos.checks import check_state, checked_genotypes, checked_scores
from nas_algos.errors import AlgorithmInputError
from nas_algos.keys import fold_in, split
from nas_algos.objectives import Objective
from nas_algos.strategy import State, Strategy

Told = tuple[np.ndarray, np.ndarray]
"""Genotypes int32[n, D] and their scores float32[n] or [n, objectives]."""


class Turn(NamedTuple):
    """What one call of a strategy's functions came to."""

    state: State
    """After what was told."""
    broken: bool | None
    """Whether that is NaN somewhere; None where nobody looked."""
    genotypes: Callable[[], Any]
    """Those of the next round."""


class Functions(NamedTuple):
    """A strategy's functions as `Rounds` calls them."""

    strategy: Strategy
    start: Callable[[jax.Array], tuple[State, jax.Array]]
    """As `start`, of a key."""
    turn: Callable[[State, Told | None, jax.Array, int], Turn]
    """From the state, what it is told, the rounds' key and the number of the round that is asked for."""


def start(strategy: Strategy, key: jax.Array) -> tuple[State, jax.Array]:
    """The first state and the key that the rounds' keys come from."""
    init_key, rounds_key = split(key)
    return strategy.init(init_key), rounds_key


def plain(strategy: Strategy) -> Functions:
    """The functions as they are, for strategies of the host and for trying one out; asked only when it is needed."""

    def turn(state: State, told: Told | None, rounds_key: jax.Array, number: int) -> Turn:
        if told is not None:
            # traceable ones are written for JAX's arrays
            rows, scores = map(jnp.asarray, told) if strategy.traceable else told
            state = strategy.tell(state, rows, scores)
        return Turn(state, None, lambda: strategy.ask(state, fold_in(rounds_key, number)))

    return Functions(strategy, lambda key: start(strategy, key), turn)


def compiled(strategy: Strategy) -> Functions:
    """The functions under jax.jit where they can be, telling and asking in one call, which a strategy's searches share.

    A call costs as much as what a small strategy computes in it.
    """
    return _compiled(strategy._replace(cardinalities=tuple(strategy.cardinalities)))


# compiling takes as long as thousands of rounds, and a contest searches with one strategy from many seeds
@lru_cache(16)
def _compiled(strategy: Strategy) -> Functions:
    if not strategy.traceable:
        return plain(strategy)
    shape = (strategy.batch, len(strategy.cardinalities))
    columns = (strategy.objectives,) if strategy.objectives > 1 else ()
    nothing = np.zeros(shape, np.int32), np.zeros((strategy.batch, *columns), np.float32)

    @partial(jax.jit, compiler_options=_quickly())
    def both(state: State, rows: Any, scores: Any, rounds_key: jax.Array, number_told: Any) -> tuple[State, jax.Array]:
        number, told = number_told
        # chosen here, so that the first round, which is told nothing, needs no compilation of its own
        heard = strategy.tell(state, rows, scores)
        after = jax.tree.map(lambda new, old: jnp.where(told > 0, new, old), heard, state)
        leaves = [leaf for leaf in jax.tree.leaves(after) if jnp.issubdtype(jnp.result_type(leaf), jnp.floating)]
        broken = sum((jnp.isnan(leaf).any() for leaf in leaves), jnp.zeros((), bool))
        genotypes = jnp.asarray(strategy.ask(after, fold_in(rounds_key, number)))
        if genotypes.shape != shape or not jnp.issubdtype(genotypes.dtype, jnp.integer):
            checked_genotypes(strategy, genotypes)
        # one array, as each costs a call to bring it over
        return after, jnp.append(genotypes.ravel().astype(jnp.int32), jnp.asarray(broken, jnp.int32))

    def turn(state: State, told: Told | None, rounds_key: jax.Array, number: int) -> Turn:
        number_told = np.array([number, told is not None], np.uint32)
        after, found = both(state, *(nothing if told is None else told), rounds_key, number_told)
        found = np.asarray(found)
        return Turn(after, bool(found[-1]), lambda: found[:-1].reshape(shape))

    first = jax.jit(lambda key: start(strategy, key), compiler_options=_quickly())
    return Functions(strategy, first, turn)


@lru_cache(1)
def _quickly() -> dict[str, Any]:
    """XLA's options that compile in half the time what is then called as fast; none where it no longer knows them."""
    options = {"xla_cpu_use_fusion_emitters": False, "xla_backend_optimization_level": 1}
    try:
        jax.jit(lambda: jnp.zeros(()), compiler_options=options)()
    except jax.errors.JaxRuntimeError:
        return {}
    return options


class Rounds:
    """One search's rounds: `propose`, then `learn`, again and again."""

    def __init__(self, functions: Functions, key: jax.Array):
        self.strategy, self._functions = functions.strategy, functions
        self.state, self._key = functions.start(key)
        self._round = 0
        self._asked: Callable[[], Any] | None = None

    def propose(self) -> np.ndarray:
        """The genotypes of the next round, int32[batch, D].

        Raises AlgorithmInputError when they break the strategy's rules.
        """
        if self._asked is None:
            self._asked = self._functions.turn(self.state, None, self._key, self._round).genotypes
        genotypes, self._asked = self._asked(), None
        self._round += 1
        return checked_genotypes(self.strategy, genotypes)

    def learn(self, genotypes: Any, scores: Any) -> None:
        """Tell the strategy the scores, of which those that are NaN count as failed.

        Raises AlgorithmInputError when there is not one score (or one row of `objectives` scores) for each genotype, or
        the strategy's new state is NaN somewhere.
        """
        rows = np.asarray(genotypes, np.int32)
        told = rows, checked_scores(self.strategy, scores, len(rows), np)
        after, broken, self._asked = self._functions.turn(self.state, told, self._key, self._round)
        if broken is None or broken:
            check_state(self.strategy, after)
        self.state = after


def check_columns(strategy: Strategy, objective: Objective) -> None:
    """Raises AlgorithmInputError when the objective has other columns than the strategy takes."""
    if objective.columns != strategy.objectives:
        raise AlgorithmInputError(
            f"{strategy.label}: it takes {strategy.objectives} objectives; {objective.name} has {objective.columns}"
        )
