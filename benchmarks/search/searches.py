"""Searches side by side, whatever their evaluators: {who: spec} to {who: found}."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping
from pathlib import Path
from typing import Any, TypeVar

import jax

from benchmarks.evaluators.spec import SearchSpec
from benchmarks.evaluators.supernet import search_supernet
from benchmarks.evaluators.trained import TrainedEvaluator, TrainingPool
from benchmarks.evaluators.zero_shot_search import search_zero_shot
from benchmarks.runtime.jobs import run_jobs
from benchmarks.runtime.progress import SearchProgress
from nas_algos.evaluator import Costs
from nas_algos.load import build_strategy
from nas_algos.loop import Search, side_by_side
from nas_algos.objectives import best_quality, pareto
from nas_algos.policies import most_asked
from nas_algos.strategy import Strategy
from nas_algos.trajectory import Found

Who = TypeVar("Who", bound=Hashable)
DEFAULT_STRATEGY = "auto"
"""Where neither the caller nor the evaluator has a way to decide."""
IN_WORKERS: dict[str, Callable[..., Any]] = {"supernet": search_supernet, "zero_shot": search_zero_shot}
"""By kind of evaluator those whose whole search is one job: function((home, spec)) to what has `found`."""


def search_in_workers(home: Path, title: str, specs: Mapping[Who, SearchSpec]) -> dict[Who, Any]:
    """Searches each of which is one job of a worker, one for each core: supernets and zero-shot scores, of one task."""
    if not specs:
        return {}
    first = next(iter(specs.values()))
    splits = {(spec.fidelity.data, split) for spec in specs.values() for split in ("train", spec.fidelity.eval_split)}
    labels = {who: f"{' '.join(map(str, who)) if isinstance(who, tuple) else who}" for who in specs}
    results: dict[Who, Any] = {}
    for kind, function in IN_WORKERS.items():
        jobs = {labels[who]: (home, spec) for who, spec in specs.items() if spec.kind == kind}
        done = run_jobs(home, first.task, sorted(splits), title, function, jobs, lambda result: result.describe())
        results |= {who: done[labels[who]] for who in specs if labels[who] in done}
    return {who: results[who] for who in specs}


def trained_search(
    pool: TrainingPool, spec: SearchSpec, cost: Costs, name: str, strategy: Strategy | None = None
) -> Search:
    """A search with trainings on a shared pool.

    cost: `spec.costs` under jit, one function for searches that share it.  strategy: instead of the spec's.
    """
    budget = int(spec.budget)
    if strategy is None:
        trainings = most_asked(spec.policy, budget)
        strategy = build_strategy(
            spec.strategy or DEFAULT_STRATEGY, spec.space.cardinalities, trainings, settings=spec.strategy_settings
        )
    return Search(
        strategy=strategy,
        evaluator=TrainedEvaluator(pool, spec.space, cost, spec.fidelity, f"{name} {spec.seed}"),
        objective=best_quality(spec.bounds) if strategy.objectives == 1 else pareto(["latency_ms"], spec.bounds),
        budget=budget,
        key=jax.random.fold_in(jax.random.key(0), spec.seed),
        policy=spec.policy,
        seed=spec.seed,
    )


def run_trained(pool: TrainingPool, title: str, searches: Mapping[Who, Search]) -> dict[Who, Found]:
    """Searches with trainings, all side by side, so that no worker waits for one search's next round."""
    if not searches:
        return {}
    with SearchProgress(title, total=sum(search.budget for search in searches.values())) as progress:
        pool.show(progress)
        return side_by_side(searches)
