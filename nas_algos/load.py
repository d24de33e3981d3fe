"""Strategies that others wrote: a file given by path or an installed entry point, tried out before it is used.

Such a file defines `strategy(cardinalities) -> Strategy`.  Every error names where the strategy came from and the rule
it broke.
"""

from __future__ import annotations

import importlib.util
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp

from nas_algos import search
from nas_algos.errors import AlgorithmInputError
from nas_algos.registry import STRATEGIES, find_strategy
from nas_algos.strategy import Strategy, StrategyFactory


def build_strategy(name: str, cardinalities: Sequence[int]) -> Strategy:
    """The strategy of that name, or of that path if it ends in .py, with its default settings.

    One that is not ours is tried out for two rounds, and its functions say where they come from when they raise.
    Raises AlgorithmInputError when it is unknown, cannot be loaded or breaks a rule.
    """
    if name in STRATEGIES:
        return STRATEGIES[name](cardinalities)
    factory = load_file(Path(name)) if name.endswith(".py") else find_strategy(name)
    made = _guarded(name, "the factory", factory)(cardinalities)
    if not isinstance(made, Strategy):
        raise AlgorithmInputError(f"strategy {name}: the factory gave {type(made).__name__}; the rule is a Strategy")
    if tuple(made.cardinalities) != tuple(cardinalities):
        raise AlgorithmInputError(
            f"strategy {name}: its cardinalities are {tuple(made.cardinalities)}; the rule is {tuple(cardinalities)}"
        )
    functions = {part: _guarded(name, part, getattr(made, part)) for part in ("init", "ask", "tell")}
    guarded = made._replace(name=name, cardinalities=tuple(cardinalities), **functions)
    _try_out(guarded)
    return guarded


def load_file(path: Path) -> StrategyFactory:
    """The function `strategy` of a Python file.  Raises AlgorithmInputError when it cannot be run or has none."""
    spec = importlib.util.spec_from_file_location(path.stem, path)
    if not path.is_file() or spec is None or spec.loader is None:
        raise AlgorithmInputError(f"strategy {path}: no such file")
    module = importlib.util.module_from_spec(spec)
    _guarded(str(path), "the file", spec.loader.exec_module)(module)
    factory = getattr(module, "strategy", None)
    if not callable(factory):
        raise AlgorithmInputError(f"strategy {path}: it defines no function strategy(cardinalities)")
    return factory  # pyright: ignore[reportReturnType]


def _guarded(name: str, part: str, function: Callable[..., Any]) -> Callable[..., Any]:
    """The function, with what it raises as one line that names the strategy and the part."""

    def call(*arguments: Any) -> Any:
        try:
            return function(*arguments)
        except AlgorithmInputError:
            raise
        except Exception as error:
            lines = str(error).splitlines() or [""]
            raise AlgorithmInputError(f"strategy {name}: {part} raised {type(error).__name__}: {lines[0]}") from error

    return call


def _try_out(strategy: Strategy) -> None:
    """Two rounds with all scores equal: shapes, ranges and the state's structure."""
    state, rounds_key = search.start(strategy, jax.random.key(0))
    shape = (strategy.batch,) if strategy.objectives == 1 else (strategy.batch, strategy.objectives)
    for round_index in range(2):
        genotypes = search.propose(strategy, state, rounds_key, round_index)
        after = search.learn(strategy, state, genotypes, jnp.zeros(shape))
        if strategy.traceable and _structure(after) != _structure(state):
            raise AlgorithmInputError(
                f"strategy {strategy.name}: tell gave another kind of state, {_structure(after)}; "
                f"the rule is that of init, {_structure(state)}"
            )
        state = after


def _structure(state: Any) -> str:
    return str(jax.tree.map(lambda leaf: f"{jnp.result_type(leaf)}{list(jnp.shape(leaf))}", state))
