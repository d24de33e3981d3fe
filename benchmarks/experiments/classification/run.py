"""A classifier within a memory budget (the article's section 2): the expert, a search, and a search after the expert.

Writes results/classification/classification.csv, a row for each model and accelerator; run: accelnas reproduce
classification.  The budget is what the article's network came to: 47% less than the baseline's parameters, 47% less
peak activations, and no slower.  Expert: the rules' rewrites for least memory, in the article's order (depthwise to
standard convolutions, channels evened, channels aligned).  NAS: the highest quality that the table expects within the
budget, in the space curated for the accelerator.  Expert then NAS: the same in that space without depthwise
convolutions, which is what the expert's first rule leaves of it.  Searches go by the estimator; of what they found, the
first that keeps the budget compiled whole is taken.  Nothing is trained here (`--live` does that): `quality_source`
says where a quality comes from.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import jax
import numpy as np
import pandas as pd

from benchmarks.experiments.classification.settings import ARTICLE_PCT, Settings
from benchmarks.problem import exact_cost
from benchmarks.search.expert import expert_architecture
from benchmarks.store.files import write_table
from benchmarks.tables.model_rows import Model, model_rows
from benchmarks.tables.models import Models, Network, Row, load_models
from benchmarks.tables.optima import ROUNDING, searched
from benchmarks.tables.query import load_table
from hw_model.cost import Cost
from hw_model.cost_models import parallelism_factor
from hw_model.predict import predict
from hw_model.vela.measurements import MeasurementCache
from nas_algos.objectives import best_quality, is_feasible
from tasks.spaces.registry import skeleton_for
from tasks.spaces.skeleton import curated_space, space_over
from tasks.spaces.space import SearchSpace
from tasks.task import Task

__all__ = ["Settings", "run"]

TASK = "classification"
STRATEGY = "genetic"
MEMORY = ("param_bytes", "peak_activation_bytes")


def run(settings: Settings, home: Path, folder: Path) -> None:
    """Rewrite, search, compile, print and write."""
    home.mkdir(parents=True, exist_ok=True)
    models, rows = load_models(TASK, settings.tables), list[Row]()
    with MeasurementCache(home / "measurements.sqlite") as cache:
        for accelerator in settings.accelerators:
            rows += budget_rows(models, accelerator, settings, cache)
            print(pd.DataFrame(rows[-4:]).drop(columns=["network"]).to_string(index=False), flush=True)
    write_table(folder / "classification.csv", pd.DataFrame(rows))


def budget_rows(models: Models, accelerator: str, settings: Settings, cache: MeasurementCache) -> list[Row]:
    """The rows of one accelerator."""
    task, share = models.table.task, 1 - settings.cut_pct / 100
    base = exact_cost(models.baseline.blocks, accelerator, cache)
    limits = within(base, share)
    curated = curated_space(skeleton_for(task), task.output_channels, parallelism_factor(accelerator))
    expert, _ = expert_architecture(task, accelerator, "memory")
    chosen = [Model("Expert", ARTICLE_PCT, models.rewritten(expert))]
    estimated = within(predict(models.baseline.blocks, accelerator).cost, share)
    for name, space in (("NAS", curated), ("Expert then NAS", without_depthwise(curated, task))):
        network = search(models, space, accelerator, estimated, limits, settings, cache)
        chosen.append(Model(name, math.nan if name == "NAS" else ARTICLE_PCT, network))
    rows = model_rows(models, chosen, accelerator, cache)
    return [row | memory_columns(row, rows[0], limits) for row in rows]


def within(base: Any, share: float) -> dict[str, float]:
    """Most of each cost that the budget allows."""
    return {name: share * float(getattr(base, name)) for name in MEMORY} | {"latency_ms": float(base.latency_ms)}


def memory_columns(row: Row, base: Row, limits: Mapping[str, float]) -> Row:
    """What was saved of parameters, of peak activations, and of both together, in per cent; whether that is enough."""

    def cut(*names: str) -> float:
        return 100 * (1 - sum(row[name] for name in names) / sum(base[name] for name in names))

    return {
        "param_reduction_pct": cut(MEMORY[0]),
        "peak_reduction_pct": cut(MEMORY[1]),
        "memory_reduction_pct": cut(*MEMORY),
        "budget_met": all(row[name] <= limits[name] for name in limits),
    }


def without_depthwise(space: SearchSpace, task: Task) -> SearchSpace:
    """The space without inverted bottlenecks: standard convolutions and fused ones are left."""
    choices = {
        each.name: tuple(choice for choice in each.choices if not str(choice).startswith("ibn"))
        for each in space.decisions
    }
    return space_over(
        skeleton_for(task), f"{space.name} without depthwise", choices, task.output_channels, space.channel_step
    )


def search(
    models: Models,
    space: SearchSpace,
    accelerator: str,
    estimated: Mapping[str, float],
    limits: Mapping[str, float],
    settings: Settings,
    cache: MeasurementCache,
) -> Network:
    """The best predicted network within the budget: by the estimator, and, if one of the first is, compiled whole.

    estimated: the budget by the estimator, by which the search goes; limits: by the compiler.
    """
    table, objective = load_table(TASK, space, settings.tables), best_quality(estimated)
    answers = table.answers(accelerator)

    @jax.jit
    def evaluate(genotypes: Any) -> jax.Array:
        found = answers(genotypes)
        return objective.score(found.quality, found.cost._asdict())

    ((genotypes, scores),) = searched(space.cardinalities, evaluate, settings.evaluations, 1, STRATEGY)
    order = np.argsort(scores, kind="stable")
    kept = order[np.asarray(is_feasible(scores[order]))] if is_feasible(scores).any() else order[:1]
    places = first_of_networks(space, genotypes[kept], settings.compiled)
    networks = [models.of_space(space, genotypes[place]) for place in kept[places]]
    for network in networks:
        cost: Cost = exact_cost(network.blocks, accelerator, cache)
        if all(getattr(cost, name) <= limit * (1 + ROUNDING) for name, limit in limits.items()):
            return network
    return networks[0]


def first_of_networks(space: SearchSpace, genotypes: np.ndarray, most: int) -> list[int]:
    """Where the first so many different networks of genotypes int32[n, D] stand: width multipliers and several choices
    of channels come to the same ones, a hundred best genotypes to a single network.
    """
    first: dict[Any, int] = {}
    for place, chain in enumerate(space.decode_all(genotypes)):
        first.setdefault(chain, place)
        if len(first) == most:
            break
    return list(first.values())
