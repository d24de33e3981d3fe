"""A tabular evaluator: every genotype of a small space with its scores, looked up instead of trained.

With it a whole search is one `search.scan`, and a thousand seeds of it are one `jax.vmap`.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from nas_algos.errors import AlgorithmInputError
from nas_algos.genotypes import checked_cardinalities
from nas_algos.search import Evaluate

_ARRAYS = ("name", "cardinalities", "scores", "reference")


class Table(NamedTuple):
    """All of a space, N = product of cardinalities genotypes, the last decision changing fastest.

    scores: float[N, M], all minimised, +inf where the evaluation failed.  reference: float[M], the hypervolume's
    reference point, published with the problem and never taken from a run.
    """

    name: str
    cardinalities: tuple[int, ...]
    scores: np.ndarray
    reference: np.ndarray


def make_table(name: str, cardinalities: Sequence[int], scores: Any, reference: Any) -> Table:
    """A Table whose shapes are checked.  Raises AlgorithmInputError when they do not fit or a score is not a number."""
    choices = checked_cardinalities(cardinalities)
    scores, reference = np.asarray(scores, np.float64), np.asarray(reference, np.float64)
    if scores.ndim != 2 or len(scores) != math.prod(choices):
        raise AlgorithmInputError(
            f"table {name}: scores are {list(scores.shape)}; allowed: {math.prod(choices)} rows, one for each genotype"
        )
    if reference.shape != scores.shape[1:] or not np.isfinite(reference).all():
        raise AlgorithmInputError(f"table {name}: reference is {reference}; allowed: {scores.shape[1]} finite numbers")
    if np.isnan(scores).any():
        raise AlgorithmInputError(f"table {name}: a score is NaN; a failed evaluation is +inf")
    return Table(name, choices, scores, reference)


def load_table(path: Path) -> Table:
    """A table from a .npz file with the arrays name, cardinalities, scores and reference.

    Raises AlgorithmInputError when the file cannot be read or an array is missing or does not fit.
    """
    try:
        with np.load(path, allow_pickle=False) as file:
            name, cardinalities, scores, reference = (file[array] for array in _ARRAYS)
    except (OSError, ValueError, KeyError) as error:
        raise AlgorithmInputError(f"table {path}: cannot be read ({error}); allowed: .npz with {_ARRAYS}") from error
    return make_table(str(name), cardinalities.tolist(), scores, reference)


def table_index(genotypes: jax.Array, cardinalities: Sequence[int]) -> jax.Array:
    """Row of each genotype, int32[b, D] -> int32[b]."""
    strides = np.cumprod([1, *cardinalities[:0:-1]])[::-1]
    return genotypes @ jnp.array(strides, jnp.int32)


def lookup(table: Table, objectives: Sequence[int]) -> Evaluate:
    """An evaluator that gives these columns of the table: float32[b] for one, float32[b, M] for more."""
    columns = jnp.asarray(table.scores[:, list(objectives)], jnp.float32)
    columns = columns[:, 0] if len(objectives) == 1 else columns

    def evaluate(genotypes: jax.Array) -> jax.Array:
        return columns[table_index(genotypes, table.cardinalities)]

    return evaluate
