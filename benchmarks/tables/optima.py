"""The best networks of a space by its table: what searches on tables find, and what they are measured against."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import jax
import jax.numpy as jnp
import moocore
import numpy as np

from benchmarks.tables.query import TrainedTable
from nas_algos.load import build_strategy
from nas_algos.scan import Evaluate, scan
from nas_algos.tabular import all_genotypes
from tasks.spaces.registry import skeleton_for
from tasks.training import full_batches

STRATEGY = "nsga2"
# the baseline is in every space, and its figures differ there in the last bits
ROUNDING = 1e-5
ENUMERATED = 100_000
"""Spaces of at most so many genotypes are enumerated where the best of each is sought."""
CHUNK = 4_096
"""Networks of one compiled call."""


def evaluation_by(table: TrainedTable, accelerator: str) -> Evaluate:
    """What a table says of networks of its space, compiled."""
    answers = table.answers(accelerator)

    @jax.jit
    def evaluate(genotypes: Any) -> jax.Array:
        found = answers(genotypes)
        return jnp.stack([-found.quality, found.cost.latency_ms], axis=-1)

    return evaluate


def baseline_figures(table: TrainedTable, accelerators: Sequence[str]) -> dict[str, tuple[float, float]]:
    """Latency in ms on each accelerator, and expected quality, of the task's baseline.  table: of the layout."""
    genotype = np.array([table.layout.encode(skeleton_for(table.task).baseline())], np.int32)
    scores = {name: np.asarray(evaluation_by(table, name)(genotype))[0].tolist() for name in accelerators}
    return {name: (latency, -quality) for name, (quality, latency) in scores.items()}


def searched(
    cardinalities: tuple[int, ...], evaluate: Evaluate, evaluations: int, searches: int, strategy_name: str = STRATEGY
) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """What each of so many searches tried, with seeds of their own: genotypes [n, D] and scores as the evaluate gives.

    evaluations: of each, rounded up to whole batches of the strategy.  strategy_name: of one objective where the
    evaluate gives scores [n].
    """
    strategy = build_strategy(strategy_name, cardinalities, evaluations)
    search = jax.jit(lambda key: scan(strategy, evaluate, -(-evaluations // strategy.batch), key))
    for key in jax.random.split(jax.random.key(0), searches):
        run = search(key)
        yield np.asarray(run.genotypes), np.asarray(run.scores)


def enumerated(cardinalities: tuple[int, ...], evaluate: Evaluate) -> tuple[np.ndarray, np.ndarray]:
    """Every genotype of a space, the last decision changing fastest, and what the evaluate says of each."""
    genotypes = all_genotypes(cardinalities)
    parts = full_batches(genotypes, min(CHUNK, len(genotypes)))
    return genotypes, np.concatenate([np.asarray(evaluate(part)) for part in parts])[: len(genotypes)]


def front(scores: np.ndarray) -> np.ndarray:
    """Rows of scores [n, M] that no other row is better than in all columns, the first of equal ones, by the last."""
    _, first = np.unique(scores, axis=0, return_index=True)
    kept = first[moocore.is_nondominated(scores[first].astype(np.float64))]
    return kept[np.argsort(scores[kept, -1], kind="stable")]


def best_within(scores: np.ndarray, bound: float) -> np.ndarray:
    """Rows of scores [n, 2] whose latency is at most `bound`, the highest quality first."""
    inside = np.flatnonzero(scores[:, 1] <= bound * (1 + ROUNDING))
    return inside[np.argsort(scores[inside, 0], kind="stable")]
