"""Searches for the least latency at the baseline's mAP, as the table has both."""

from __future__ import annotations

from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from benchmarks.experiments.detection.settings import Settings
from benchmarks.statistics.intervals import mean_interval
from benchmarks.tables.models import Models, Row
from benchmarks.tables.optima import ROUNDING, enumerated, evaluation_by, searched
from benchmarks.tables.query import load_table
from hw_model.cost_models import parallelism_factor
from nas_algos.load import build_strategy
from nas_algos.objectives import least_cost
from nas_algos.scan import scan
from nas_algos.tabular import table_index
from tasks.spaces.registry import skeleton_for
from tasks.spaces.skeleton import curated_space
from tasks.spaces.space import SearchSpace


class Found(NamedTuple):
    """What a space of the article's holds on an accelerator, and what searches found of it."""

    space: SearchSpace
    genotype: tuple[int, ...]
    """What the search found that ended in the middle of all."""
    latency_ms: float
    """Its latency by the estimator."""
    optimum_ms: float
    """Least latency by the estimator of all networks that keep the mAP."""
    searches: Row
    """Columns that say how the searches ended."""
    levels: list[Row]
    """A row for each other tolerance."""


def search_space(name: str, accelerator: str, known: tuple[float, float], settings: Settings) -> Found:
    """Enumerate a space, and search it so many times with different seeds.

    known: the baseline's latency by the estimator, and its expected mAP.
    """
    table = load_table("detection", name, settings.tables)
    shape, (bound, level) = table.space.cardinalities, known
    genotypes, scores = enumerated(shape, evaluation_by(table, accelerator))
    quality, latency = -scores[:, 0], scores[:, 1]
    optimum = optimum_of(quality, latency, level - settings.tolerance)
    places = search_places(quality, latency, shape, level - settings.tolerance, bound, settings)
    ends = latency[places]
    middle = places[np.argsort(ends, kind="stable")[(len(ends) - 1) // 2]]
    gap, low, high = mean_interval((100 * (ends / latency[optimum] - 1)).tolist())
    return Found(
        table.space,
        tuple(genotypes[middle].tolist()),
        float(latency[middle]),
        float(latency[optimum]),
        {
            "searches": len(ends),
            "optimum_share": float((ends <= latency[optimum] * (1 + ROUNDING)).mean()),
            "gap_pct": gap,
            "gap_pct_low": low,
            "gap_pct_high": high,
        },
        [
            {
                **{"model": name, "accelerator": accelerator, "tolerance": tolerance},
                "accumulated_latency_ms": float(latency[best]),
                "latency_reduction_pct": float(100 * (1 - latency[best] / bound)),
                "quality_difference": float(quality[best] - level),
                "architectures": int((quality >= level - tolerance - ROUNDING).sum()),
            }
            for tolerance in settings.tolerances
            for best in [optimum_of(quality, latency, level - tolerance)]
        ],
    )


def optimum_of(quality: np.ndarray, latency: np.ndarray, floor: float) -> int:
    """The fastest of those [N] whose quality is no lower; genotype 0, the baseline, is one."""
    return int(np.argmin(np.where(quality >= floor - ROUNDING, latency, np.inf)))


def search_places(
    quality: np.ndarray, latency: np.ndarray, shape: tuple[int, ...], floor: float, bound: float, settings: Settings
) -> np.ndarray:
    """int [searches]: the row that each search found; 0, the baseline, where it found none that keeps the quality."""
    evaluations = min(settings.evaluations, len(quality))
    strategy = build_strategy(settings.strategy, shape, evaluations, 1)
    scores = np.asarray(least_cost("latency_ms", floor - ROUNDING, bound).score(quality, {"latency_ms": latency}))
    values = jnp.asarray(scores)

    def evaluate(genotypes: Any) -> jax.Array:
        return values[table_index(genotypes, shape)]

    search = jax.jit(jax.vmap(lambda key: scan(strategy, evaluate, -(-evaluations // strategy.batch), key)))
    trials = search(jax.random.split(jax.random.key(0), settings.searches))
    rows = np.asarray(table_index(trials.genotypes.reshape(-1, len(shape)), shape)).reshape(settings.searches, -1)
    best = rows[np.arange(len(rows)), np.argmin(scores[rows], axis=1)]
    return np.where(scores[best] < scores[0], best, 0)


def full_search(
    models: Models, accelerator: str, known: tuple[float, float], settings: Settings
) -> tuple[SearchSpace, tuple[int, ...], float]:
    """The fastest network that keeps the mAP of all that two searches of the curated space tried, and its latency."""
    task = models.table.task
    space = curated_space(skeleton_for(task), task.output_channels, parallelism_factor(accelerator))
    evaluate = evaluation_by(load_table("detection", space, settings.tables), accelerator)
    runs = searched(space.cardinalities, evaluate, settings.full_evaluations, 2)
    genotypes, scores = (np.concatenate(part) for part in zip(*runs, strict=True))
    best = optimum_of(-scores[:, 0], scores[:, 1], known[1] - settings.tolerance)
    return space, tuple(genotypes[best].tolist()), float(scores[best, 1])
