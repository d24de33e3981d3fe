"""A search strategy: three pure functions that propose genotypes and learn from their scores.

    state = strategy.init(key)
    for each round:
        genotypes = strategy.ask(state, key)
        state = strategy.tell(state, genotypes, scores)

The shape is that of optax's GradientTransformation.  A strategy knows neither trainings nor accelerators: an
`Objective` turns quality and cost into scores, and whoever runs the loop keeps the best genotype.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple, Protocol

import jax

State = Any  # a pytree of arrays, of the same structure, shapes and dtypes for the whole search


class Strategy(NamedTuple):
    """Pure functions, and what a caller must know to run them.

    name: as in the registry.  cardinalities: int[D], choices of each decision.
    init(key) -> state.
    ask(state, key) -> genotypes int32[batch, D], each value d in 0 .. cardinalities[d] - 1.  It leaves no trace: the
    same state and key give the same genotypes.
    tell(state, genotypes, scores) -> state.  scores: float32[batch], or float32[batch, objectives] if objectives > 1;
    smaller is better in every column, +inf is a failed trial, never NaN.  The rows need not be those last asked for.
    batch: genotypes proposed in each round.  objectives: columns of a score.
    traceable: all three run under jax.jit, vmap and lax.scan; otherwise they run on the host with NumPy arrays and a
    state that is not a pytree of arrays.
    origin: the file or package that it was loaded from, for error messages; empty for those of this package.

    Every random draw comes from the key of that call, so a search is a function of its keys.
    """

    name: str
    cardinalities: tuple[int, ...]
    init: Callable[[jax.Array], State]
    ask: Callable[[State, jax.Array], Any]
    tell: Callable[[State, Any, Any], State]
    batch: int = 1
    objectives: int = 1
    traceable: bool = True
    origin: str = ""

    @property
    def label(self) -> str:
        """How error messages call it: its name, and where it comes from if the name does not say so."""
        return f"strategy {self.name}" + (f" ({self.origin})" if self.origin not in ("", self.name) else "")


class StrategyFactory(Protocol):
    """Makes a strategy for a space; what the registry and entry points hold."""

    def __call__(self, cardinalities: Sequence[int], settings: Any = ...) -> Strategy:
        """Raises AlgorithmInputError when the cardinalities or the settings are not allowed."""
        ...
