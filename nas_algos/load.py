"""Strategies that others wrote: a file given by path or an installed entry point, tried out before it is used.

Such a file defines `strategy(cardinalities) -> Strategy`.  Every error names where the strategy came from and the rule
it broke.
"""

from __future__ import annotations

import contextlib
import hashlib
import importlib.util
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from nas_algos.distinct import without_repeats
from nas_algos.errors import AlgorithmInputError, raised
from nas_algos.registry import STRATEGIES, find_strategy, source_of
from nas_algos.rounds import Rounds, plain
from nas_algos.settings import changed, default_settings
from nas_algos.small_budgets import settings_for
from nas_algos.strategy import Strategy, StrategyFactory

_PLENTY = 1_000  # trainings from which settings no longer change
MAX_BATCH = 100_000
MAX_OBJECTIVES = 8


def build_strategy(
    name: str,
    cardinalities: Sequence[int],
    trainings: int | None = None,
    objectives: int | None = None,
    settings: Mapping[str, Any] = MappingProxyType({}),
) -> Strategy:
    """The strategy of that name, or of that path if it ends in .py.

    trainings: ours get settings that fit so many; their defaults where it is left out.  objectives: columns of a
    score; the strategy's own where it is left out.  settings: {name: value} instead of those, texts read as what they
    stand for.  Ours propose nothing twice that they remember (`distinct.without_repeats`: all but about 1 of 100
    trials, 11 of 300, 113 of 1,000), as long as they find anything else.  One that is not ours is tried out for three
    rounds, and its functions say where they come from when they raise.  Raises AlgorithmInputError when it is unknown,
    cannot be loaded, breaks a rule, has no such setting or takes another number of objectives.
    """
    if name in STRATEGIES:
        chosen = None
        if trainings is not None or objectives is not None:
            columns = objectives or (2 if name == "nsga2" else 1)
            chosen = settings_for(name, _PLENTY if trainings is None else trainings, columns)
        chosen = changed(f"strategy {name}", chosen or default_settings(STRATEGIES[name]), settings)
        made = STRATEGIES[name](cardinalities, *(() if chosen is None else (chosen,)))
        if objectives is not None and made.objectives != objectives:
            raise AlgorithmInputError(f"strategy {name}: it takes {made.objectives} objectives; asked for {objectives}")
        return without_repeats(made) if made.traceable else made
    factory = factory_of(name)
    origin = name if name.endswith(".py") else source_of(factory)
    label = f"strategy {name}" + (f" ({origin})" if origin != name else "")
    chosen = changed(label, default_settings(factory), settings)
    arguments = (cardinalities, chosen) if settings else (cardinalities,)
    made = _guarded(label, "the factory", factory)(*arguments)
    if not isinstance(made, Strategy):
        raise AlgorithmInputError(f"{label}: the factory gave {type(made).__name__}; the rule is a Strategy")
    _check_fields(label, made)
    if tuple(made.cardinalities) != tuple(cardinalities):
        raise AlgorithmInputError(
            f"{label}: its cardinalities are {str(made.cardinalities)[:60]}; the rule is {str(cardinalities)[:120]}"
        )
    if objectives is not None and made.objectives != objectives:
        raise AlgorithmInputError(f"{label}: it takes {made.objectives} objectives; asked for {objectives}")
    functions = {part: _guarded(label, part, getattr(made, part)) for part in ("init", "ask", "tell")}
    guarded = made._replace(name=name, cardinalities=tuple(cardinalities), origin=origin, **functions)
    _try_out(guarded)
    return guarded


def factory_of(name: str) -> StrategyFactory:
    """What makes the strategy of that name or path.  Raises AlgorithmInputError when there is none."""
    return load_file(Path(name)) if name.endswith(".py") else find_strategy(name)


def load_file(path: Path) -> StrategyFactory:
    """The function `strategy` of a Python file.  Raises AlgorithmInputError when it cannot be run or has none."""
    spec = None
    with contextlib.suppress(OSError, ValueError):  # a path that cannot be one
        if path.is_file():
            digits = hashlib.sha256(bytes(path.resolve())).hexdigest()[:16]
            spec = importlib.util.spec_from_file_location(f"{path.stem}_{digits}", path)
    if spec is None or spec.loader is None:
        raise AlgorithmInputError(f"strategy {path}: no such file")
    module = importlib.util.module_from_spec(spec)
    sys.modules[module.__name__] = module  # where dataclasses look up what annotations mean
    try:
        _guarded(f"strategy {path}", "the file", spec.loader.exec_module)(module)
    except AlgorithmInputError:
        sys.modules.pop(module.__name__, None)
        raise
    factory = getattr(module, "strategy", None)
    if not callable(factory):
        raise AlgorithmInputError(f"strategy {path}: it defines no function strategy(cardinalities)")
    return factory  # pyright: ignore[reportReturnType]


def _guarded(label: str, part: str, function: Callable[..., Any]) -> Callable[..., Any]:
    """The function, with what it raises as one line that names the strategy, its file and the part."""

    def call(*arguments: Any) -> Any:
        try:
            return function(*arguments)
        except AlgorithmInputError:
            raise
        except (Exception, SystemExit) as error:
            raise AlgorithmInputError(f"{label}: {part} raised {raised(error)}") from error

    return call


def _check_fields(label: str, made: Strategy) -> None:
    """What a loop relies on before it calls anything."""
    for name, most in (("batch", MAX_BATCH), ("objectives", MAX_OBJECTIVES)):
        value = getattr(made, name)
        if type(value) is not int or not 1 <= value <= most:
            raise AlgorithmInputError(f"{label}: its {name} is {str(value)[:40]}; the rule is 1 to {most}")
    if not isinstance(made.cardinalities, tuple | list):
        raise AlgorithmInputError(
            f"{label}: its cardinalities are {type(made.cardinalities).__name__}; a tuple is wanted"
        )
    if wrong := [part for part in ("init", "ask", "tell") if not callable(getattr(made, part))]:
        raise AlgorithmInputError(f"{label}: its {wrong[0]} is no function")
    if not isinstance(made.traceable, bool):
        raise AlgorithmInputError(f"{label}: traceable is {type(made.traceable).__name__}; the rule is True or False")


def _try_out(strategy: Strategy) -> None:
    """Three rounds, one with all scores equal and one with all failed: shapes, ranges, the state's structure, NaNs."""
    rounds = Rounds(plain(strategy), jax.random.key(0))
    shape = (strategy.batch,) if strategy.objectives == 1 else (strategy.batch, strategy.objectives)
    _check_arrays(strategy, rounds.state)
    for score in (0.0, np.inf, 1.0):
        before = rounds.state
        rounds.learn(rounds.propose(), np.full(shape, score))
        _check_arrays(strategy, rounds.state)
        if strategy.traceable and _structure(rounds.state) != _structure(before):
            raise AlgorithmInputError(
                f"{strategy.label}: tell gave another kind of state, {_structure(rounds.state)}; "
                f"the rule is that of init, {_structure(before)}"
            )
    if strategy.traceable:  # as the search will call them, so that it cannot fail there
        rows = jax.ShapeDtypeStruct((strategy.batch, len(strategy.cardinalities)), jnp.int32)
        jax.eval_shape(strategy.tell, rounds.state, rows, jax.ShapeDtypeStruct(shape, jnp.float32))
        jax.eval_shape(strategy.ask, rounds.state, jax.random.key(0))


def _check_arrays(strategy: Strategy, state: Any) -> None:
    """What is to be traced may hold arrays and numbers alone."""
    for path, leaf in jax.tree_util.tree_leaves_with_path(state) if strategy.traceable else ():
        if not isinstance(leaf, jax.Array | np.ndarray | np.generic | int | float) or (
            isinstance(leaf, np.ndarray | np.generic) and leaf.dtype.kind not in "biufc"
        ):
            raise AlgorithmInputError(
                f"{strategy.label}: its state{jax.tree_util.keystr(path)[:80]} is {type(leaf).__name__}; the rule is "
                "arrays, or traceable=False"
            )


def _structure(state: Any) -> str:
    return str(jax.tree.map(lambda leaf: f"{jnp.result_type(leaf)}{list(jnp.shape(leaf))}", state))
