"""Checks of what people pass in; each raises AlgorithmInputError with one line."""

from __future__ import annotations

import functools
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from nas_algos.errors import AlgorithmInputError
from nas_algos.strategy import Strategy

MOST = 1_000_000_000
"""Of anything that is counted, which memory and time end far below."""


def check_positive(owner: str, settings: Any, *names: str) -> None:
    """Each named field of settings must be a whole number, 1 or more."""
    for name in names:
        value = getattr(settings, name)
        if not isinstance(value, int) or isinstance(value, bool) or value < 1:
            raise AlgorithmInputError(f"{owner}: {name} is {value!r}; allowed: whole numbers, 1 or more")
        if value > MOST:
            raise AlgorithmInputError(f"{owner}: {name} is above {MOST}; allowed: whole numbers, 1 to {MOST}")


def check_between(owner: str, settings: Any, low: float, high: float, *names: str) -> None:
    """Each named field of settings must be a number from low to high, both included."""
    for name in names:
        value = getattr(settings, name)
        if not isinstance(value, int | float) or isinstance(value, bool) or not low <= value <= high:
            raise AlgorithmInputError(f"{owner}: {name} is {value!r}; allowed: {low} to {high}")


def check_whole(owner: str, settings: Any, low: int, high: int, *names: str) -> None:
    """Each named field of settings must be a whole number from low to high, both included."""
    check_between(owner, settings, low, high, *names)
    for name in names:
        value = getattr(settings, name)
        if not isinstance(value, int):
            raise AlgorithmInputError(f"{owner}: {name} is {value!r}; allowed: whole numbers, {low} to {high}")


def checked_genotypes(strategy: Strategy, genotypes: Any) -> np.ndarray:
    """Genotypes as a strategy must propose them, int32[batch, D] in range; concrete values, not traced ones."""
    if isinstance(genotypes, jax.Array):
        genotypes = np.asarray(genotypes)
    wanted = (strategy.batch, len(strategy.cardinalities))
    shape, dtype = getattr(genotypes, "shape", None), getattr(genotypes, "dtype", None)
    if shape != wanted or dtype is None or not (dtype == np.int32 or np.issubdtype(dtype, np.integer)):
        given = type(genotypes).__name__ if dtype is None else f"{dtype}{list(shape or ())}"
        raise AlgorithmInputError(
            f"{strategy.label}: ask gave {given}; the rule is int32{list(wanted)}, an array, batch by decisions"
        )
    found = np.asarray(genotypes)
    wrong = (found < 0) | (found >= _limits(strategy.cardinalities))
    if wrong.any():
        row, decision = np.argwhere(wrong)[0]
        raise AlgorithmInputError(
            f"{strategy.label}: ask gave {found[row, decision]} for decision {decision}; "
            f"the rule is 0 to {strategy.cardinalities[decision] - 1}"
        )
    return found.astype(np.int32, copy=False)


def checked_trials(strategy: Strategy, genotypes: Any) -> np.ndarray:
    """`checked_genotypes` of what scans returned: any number of rounds and searches, int32[..., D]."""
    found = np.asarray(genotypes)
    rows = found.reshape(-1, found.shape[-1])
    return checked_genotypes(strategy._replace(batch=len(rows)), rows).reshape(found.shape)


@functools.lru_cache(maxsize=64)
def _limits(cardinalities: tuple[int, ...]) -> np.ndarray:
    """Kept, as every round needs them."""
    return np.array(cardinalities)


def checked_scores(strategy: Strategy, scores: Any, count: int, xp: Any = jnp) -> Any:
    """Scores as tell takes them, float32[count] or [count, objectives], with +inf in every column of a failed row.

    xp: jax.numpy, or numpy where a call counts.
    """
    wanted = (count,) if strategy.objectives == 1 else (count, strategy.objectives)
    if np.shape(scores) != wanted:
        raise AlgorithmInputError(f"{strategy.label}: scores are {list(np.shape(scores))}; the rule is {list(wanted)}")
    scores = xp.asarray(scores, np.float32)
    if xp is np and np.isfinite(scores).all():
        return scores
    bad = xp.isnan(scores) | (scores == np.inf)
    return xp.where(bad if strategy.objectives == 1 else bad.any(-1, keepdims=True), np.float32(np.inf), scores)


def check_state(strategy: Strategy, state: Any) -> None:
    """No array of a state may hold a NaN; concrete values, not traced ones."""
    for path, leaf in jax.tree_util.tree_leaves_with_path(state):
        dtype = getattr(leaf, "dtype", None)
        if dtype is not None and jnp.issubdtype(dtype, jnp.floating) and bool(jnp.isnan(leaf).any()):
            raise AlgorithmInputError(
                f"{strategy.label}: tell left NaN in its state{jax.tree_util.keystr(path)}; the rule is none"
            )
