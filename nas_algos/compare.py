"""Strategies side by side on a table: what each found, by its true value, after the same number of trainings.

A training is of a network that was not trained before: what a strategy proposes again is answered from what is known,
and costs nothing.  Random search is a row of every comparison.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from scipy import stats

from nas_algos.checks import checked_trials
from nas_algos.errors import AlgorithmInputError
from nas_algos.load import build_strategy
from nas_algos.scan import Trials, scan, step_by_step
from nas_algos.strategy import Strategy
from nas_algos.tabular import Table, table_index, true_curve

_LEVEL = 0.95
_TOGETHER = 64  # searches in one vmap, so that what they compute stays in a core's cache
_PATIENCE = 8  # times as many proposals as trainings, after which a search that repeats itself ends


class Compared(NamedTuple):
    """One strategy's row; means over seeds of scores, smaller is better."""

    strategy: str
    trainings: int
    """Different networks that each search was to train."""
    seeds: int
    true: float
    """Of the network found, the mean of all its training seeds."""
    low: float
    """Of the 95% interval of `true`."""
    high: float
    claimed: float
    """The score that picked it, of the one training seed that the search saw."""
    curve: np.ndarray
    """float[trainings]: true value of the best so far after each."""
    trained: float
    """Different networks that searches did train: fewer where a strategy only repeats itself."""


def compare(
    names: Sequence[str], table: Table, trainings: int, seeds: int, key: jax.Array, column: int = 0
) -> list[Compared]:
    """Rows of "random" and each name (or path), all with their defaults for so many trainings.

    Seed s sees training seed s modulo K of the table.  A search that found nothing, or a network one of whose trainings
    failed, has the worst true value that any network has.  Raises AlgorithmInputError for fewer than two seeds, and for
    what `build_strategy` refuses.
    """
    if seeds < 2 or trainings < 1:
        raise AlgorithmInputError(f"compare: {trainings} trainings, {seeds} seeds; allowed: 1 or more, 2 or more")
    rows, finite = [], table.scores[np.isfinite(table.scores[:, column]), column]
    worst = finite.max() if len(finite) else np.inf
    for name in dict.fromkeys(["random", *names]):
        strategy = build_strategy(name, table.cardinalities, trainings, objectives=1)
        runs = distinct_searches(strategy, table.trainings[..., column], trainings, jax.random.split(key, seeds))
        curves = np.stack([_padded(true_curve(table, run, column), trainings) for run in runs])
        curves = np.where(np.isfinite(curves), curves, worst)
        ends = curves[:, -1]
        # all seeds may end at the same network: the interval is then that point
        spread = float(stats.sem(ends) * stats.t.ppf((1 + _LEVEL) / 2, seeds - 1))
        claimed = float(np.mean([np.min(run.scores) for run in runs]))
        trained = float(np.mean([len(run.scores) for run in runs]))
        mean = float(ends.mean())
        curve = curves.mean(0)
        rows.append(Compared(name, trainings, seeds, mean, mean - spread, mean + spread, claimed, curve, trained))
    return rows


def distinct_searches(strategy: Strategy, values: Any, trainings: int, keys: Any) -> list[Trials]:
    """Searches from keys [S] in tables, each the different networks that it trained, in order; `trainings` at most.

    values: float[K, N] or [K, N, objectives], N the product of cardinalities, the last decision changing fastest;
    search s sees values[s % K], of which each may as well be another table's.  Fewer come back where the space is
    smaller, or a strategy repeats itself.
    """
    draws = jnp.asarray(values, jnp.float32)

    def evaluate(place: Any, rows: jax.Array) -> jax.Array:
        return draws[place % len(draws), table_index(rows, strategy.cardinalities)]

    return distinct_runs(lambda place: strategy, evaluate, trainings, keys)


def distinct_runs(
    make: Callable[[Any], Strategy], evaluate: Callable[[Any, jax.Array], jax.Array], trainings: int, keys: Any
) -> list[Trials]:
    """`distinct_searches` of searches that differ in more than their key: in what they know before, and in what they
    see.

    make: the number of a search, 0 .. S - 1, traced, to its strategy; all of one kind, batch and space.  evaluate: the
    number and genotypes [b, D] to scores, the same for a network that is asked of again.
    """
    strategy, count = make(0), len(keys)
    wanted = min(trainings, math.prod(strategy.cardinalities))
    proposals = trainings + trainings // 16  # a few repeats are common
    together = min(_TOGETHER, count)
    # whole batches, as a part of one would be compiled apart
    places = jnp.arange(-(-count // together) * together) % count

    def one(run: Any, place: Any, rounds: int) -> Trials:
        return run(make(place), lambda rows: evaluate(place, rows), rounds, keys[place])

    @partial(jax.jit, static_argnums=1)
    def every(places: jax.Array, rounds: int) -> Trials:
        return jax.lax.map(lambda place: one(scan, place, rounds), places, batch_size=together)

    while True:
        rounds = -(-proposals // strategy.batch)
        if strategy.traceable:
            genotypes, scores = (np.asarray(part)[:count] for part in every(places, rounds))
            checked_trials(strategy, genotypes)
            runs = [Trials(*each) for each in zip(genotypes, scores, strict=True)]
        else:
            runs = [one(step_by_step, place, rounds) for place in places[:count]]
        found = [_first_times(run, strategy.cardinalities, trainings) for run in runs]
        if min(len(run.scores) for run in found) >= wanted or proposals >= _PATIENCE * trainings:
            return found
        proposals *= 2  # a search of more rounds begins like one of fewer


def _first_times(trials: Trials, cardinalities: Sequence[int], most: int) -> Trials:
    """The first trial of each genotype, in order, so many of them."""
    genotypes = np.asarray(trials.genotypes)
    rows = np.ravel_multi_index(tuple(genotypes.T), tuple(cardinalities))
    first = np.sort(np.unique(rows, return_index=True)[1])[:most]
    return Trials(genotypes[first], np.asarray(trials.scores)[first])


def _padded(curve: np.ndarray, length: int) -> np.ndarray:
    """The curve to that length: a search that found nothing new stays where it is."""
    return np.concatenate([curve, np.repeat(curve[-1:], length - len(curve))])
