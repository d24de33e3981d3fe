"""A tabular evaluator: every genotype of a small space with its scores, looked up instead of trained.

With `lookup` a whole search is one `scan.scan`, and a thousand seeds of it are one `jax.vmap`; `tabular` is the
same for the loop on the host and its policies.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax.scipy.special import ndtri

from nas_algos.errors import AlgorithmInputError
from nas_algos.evaluator import Immediate
from nas_algos.genotypes import checked_cardinalities, hashed
from nas_algos.scan import Evaluate, Trials, evaluator_of

_ARRAYS = ("name", "cardinalities", "scores", "reference")
_NAMES = ("decisions", "costs")


class Table(NamedTuple):
    """All of a space, N = product of cardinalities genotypes, the last decision changing fastest.

    scores: float[N, M], all minimised, +inf where the evaluation failed.  reference: float[M], the hypervolume's
    reference point, published with the problem and never taken from a run.  draws: float[K, N, M], what each of K
    training seeds came to, or None where there is no noise; a search sees one of them, and `scores` are their means, or
    what is expected of them where that is known.
    """

    name: str
    cardinalities: tuple[int, ...]
    scores: np.ndarray
    reference: np.ndarray
    draws: np.ndarray | None = None

    @property
    def trainings(self) -> np.ndarray:
        """float[K, N, M]: the draws, or the scores as the only one where there is no noise."""
        return self.scores[None] if self.draws is None else self.draws


def make_table(name: str, cardinalities: Sequence[int], scores: Any, reference: Any) -> Table:
    """A Table whose shapes are checked.  Raises AlgorithmInputError when they do not fit or a score is NaN.

    scores: float[N, M], or float[K, N, M] where each network was trained with K seeds.
    """
    choices = checked_cardinalities(cardinalities)
    scores, reference = np.asarray(scores, np.float64), np.asarray(reference, np.float64)
    draws = None
    if scores.ndim == 3 and len(scores):
        draws, scores = scores, scores.mean(0)  # a network that failed once has failed
    if scores.ndim != 2 or len(scores) != math.prod(choices):
        raise AlgorithmInputError(
            f"table {name}: scores are {list(scores.shape)}; allowed: {math.prod(choices)} rows, one for each genotype"
        )
    if reference.shape != scores.shape[1:] or not np.isfinite(reference).all():
        raise AlgorithmInputError(f"table {name}: reference is {reference}; allowed: {scores.shape[1]} finite numbers")
    if np.isnan(scores).any():
        raise AlgorithmInputError(f"table {name}: a score is NaN; a failed evaluation is +inf")
    return Table(name, choices, scores, reference, draws)


def load_table(path: Path) -> tuple[Table, tuple[str, ...], tuple[str, ...]]:
    """The table of a .npz file, and the names of its decisions and of its costs, the columns after the first.

    Its arrays are name, cardinalities, scores and reference, as `make_table` takes them, and for the names, which are
    () where it has none, decisions and costs.  Raises AlgorithmInputError, a line that names the file, for any other.
    """
    try:
        with path.open("rb") as opened, np.load(opened, allow_pickle=False) as file:  # numpy leaves its own open
            arrays = {name: file[name] for name in (*_ARRAYS, *_NAMES) if name in file.files}
        if missing := [name for name in _ARRAYS if name not in arrays]:
            raise AlgorithmInputError(f"no array {missing[0]!r}; allowed: {', '.join((*_ARRAYS, *_NAMES))}")
        name, cardinalities, scores, reference = (arrays[each] for each in _ARRAYS)
        table = make_table(str(name)[:60], cardinalities.tolist(), scores, reference)
    except Exception as error:  # numpy and zipfile raise many kinds of errors on damaged files
        if isinstance(error, OSError):
            reason = f"({error.strerror or 'no .npz'})"
        else:
            reason = f"as .npz ({' '.join(str(error).split())[:150]})"
        raise AlgorithmInputError(f"table {str(path)[-120:]}: cannot be read {reason}") from error
    decisions, costs = (tuple(map(str, np.ravel(arrays.get(kind, ())))) for kind in _NAMES)
    return table, decisions, costs


def all_genotypes(cardinalities: tuple[int, ...]) -> np.ndarray:
    """Every genotype, int32 [N, D], the last decision changing fastest."""
    return np.stack([axis.ravel() for axis in np.indices(cardinalities, np.int32)], axis=-1)


def table_index(genotypes: jax.Array, cardinalities: Sequence[int]) -> jax.Array:
    """Row of each genotype, int32[b, D] -> int32[b]."""
    strides = np.cumprod([1, *cardinalities[:0:-1]])[::-1]
    return (genotypes * jnp.array(strides, jnp.int32)[None]).sum(1)


def noise(seed: Any, rows: Any) -> jax.Array:
    """What trainings by a seed, uint32, differ by from what is expected of networks, rows int [...]: standard normal
    float32, the same again for the same.
    """
    words = hashed(hashed(jnp.asarray(rows, jnp.uint32) + np.uint32(1)) ^ hashed(jnp.asarray(seed, jnp.uint32)))
    return ndtri(((words >> 8).astype(jnp.float32) + 0.5) / np.float32(2**24))


def lookup(table: Table, objectives: Sequence[int], draw: int | None = None) -> Evaluate:
    """An evaluator that gives these columns of the table: float32[b] for one, float32[b, M] for more.

    draw: the training seed that the search sees, 0 .. K - 1; the means over all seeds where it is left out.  Raises
    AlgorithmInputError when the table has no such draw.
    """
    seeds = 0 if table.draws is None else len(table.draws)
    if draw is not None and not 0 <= draw < seeds:
        raise AlgorithmInputError(f"table {table.name}: draw is {draw}; allowed: below {seeds}, its training seeds")
    scores = table.scores if draw is None or table.draws is None else table.draws[draw]
    columns = jnp.asarray(scores[:, list(objectives)], jnp.float32)
    columns = columns[:, 0] if len(objectives) == 1 else columns

    def evaluate(genotypes: jax.Array) -> jax.Array:
        return columns[table_index(genotypes, table.cardinalities)]

    return evaluate


def tabular(table: Table, draw: int | None = None) -> Immediate:
    """An evaluator of the table: quality is the negative of its first column, costs `score_1`, ... are the others.

    draw: as in `lookup`.  A table knows one fidelity and no seeds but its draws: both are ignored.
    """
    columns = table.scores.shape[1]
    return evaluator_of(lookup(table, range(columns), draw), table.cardinalities, columns)


def incumbents(scores: Any) -> np.ndarray:
    """The trial that was best so far after each, int[..., n] of scores [..., n] as the search saw them.

    The first of equal ones; the first trial while all have failed.  What a search found after t trials is worth the
    *true* value of trial incumbents[t] (the mean over all seeds, or another training), never the score that picked it.
    """
    scores = np.asarray(scores)
    scores = np.where(np.isnan(scores), np.inf, scores)
    best = np.minimum.accumulate(scores, axis=-1)
    before = np.concatenate([np.full_like(best[..., :1], np.inf), best[..., :-1]], axis=-1)
    return np.maximum.accumulate(np.where(scores < before, np.arange(scores.shape[-1]), 0), axis=-1)


def true_curve(table: Table, trials: Trials, column: int = 0) -> np.ndarray:
    """The anytime curve, float[n]: the true value of the incumbent after each trial of one search for one objective."""
    chosen = np.asarray(trials.genotypes)[incumbents(trials.scores)]
    return table.scores[np.ravel_multi_index(tuple(chosen.T), table.cardinalities), column]
