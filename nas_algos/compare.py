"""Strategies side by side on a table: what each found, by its true value, after the same number of trainings.

Random search is a row of every comparison.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from scipy import stats

from nas_algos.errors import AlgorithmInputError
from nas_algos.load import build_strategy
from nas_algos.scan import Trials, scan, step_by_step
from nas_algos.strategy import Strategy
from nas_algos.tabular import Table, table_index, true_curve

_LEVEL = 0.95


class Compared(NamedTuple):
    """One strategy's row; means over seeds of scores, smaller is better.

    true: of the network found, the mean of all its training seeds; low, high: 95% interval of that mean.  claimed: the
    score that picked it, of the one training seed that the search saw.  curve: float[trainings], true value of the
    best so far after each.
    """

    strategy: str
    trainings: int
    seeds: int
    true: float
    low: float
    high: float
    claimed: float
    curve: np.ndarray


def compare(
    names: Sequence[str], table: Table, trainings: int, seeds: int, key: jax.Array, column: int = 0
) -> list[Compared]:
    """Rows of "random" and each name (or path), all with their defaults for so many trainings.

    Seed s sees training seed s modulo K of the table.  Raises AlgorithmInputError for fewer than two seeds, and for
    what `build_strategy` refuses.
    """
    if seeds < 2 or trainings < 1:
        raise AlgorithmInputError(f"compare: {trainings} trainings, {seeds} seeds; allowed: 1 or more, 2 or more")
    rows = []
    for name in dict.fromkeys(["random", *names]):
        strategy = build_strategy(name, table.cardinalities, trainings, objectives=1)
        runs = _searches(strategy, table, column, trainings, jax.random.split(key, seeds))
        curves = np.stack([true_curve(table, run, column) for run in runs])
        ends = curves[:, -1]
        # all seeds may end at the same network: the interval is then that point
        spread = float(stats.sem(ends) * stats.t.ppf((1 + _LEVEL) / 2, seeds - 1))
        claimed = float(np.mean([np.min(run.scores) for run in runs]))
        mean = float(ends.mean())
        rows.append(Compared(name, trainings, seeds, mean, mean - spread, mean + spread, claimed, curves.mean(0)))
    return rows


def _searches(strategy: Strategy, table: Table, column: int, trainings: int, keys: Any) -> list[Trials]:
    draws = table.scores[None] if table.draws is None else table.draws
    values = jnp.asarray(draws[..., column], jnp.float32)
    seen = jnp.arange(len(keys)) % len(draws)
    rounds = -(-trainings // strategy.batch)

    def one(run: Any, key: jax.Array, draw: jax.Array) -> Trials:
        trials = run(strategy, lambda rows: values[draw, table_index(rows, table.cardinalities)], rounds, key)
        return Trials(trials.genotypes[:trainings], trials.scores[:trainings])

    if not strategy.traceable:
        return [one(step_by_step, key, draw) for key, draw in zip(keys, seen, strict=True)]
    every = jax.jit(jax.vmap(lambda key, draw: one(scan, key, draw)))(keys, seen)
    genotypes, scores = (np.asarray(part) for part in every)
    return [Trials(*each) for each in zip(genotypes, scores, strict=True)]
