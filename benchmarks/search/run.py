"""What `accelnas search` does: searches side by side, their winners trained anew, tables and networks written."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import jax
import numpy as np
import pandas as pd
from rich.console import Console

from benchmarks.errors import BenchmarkInputError
from benchmarks.evaluators.supernet import SingleShotJob
from benchmarks.evaluators.supernet import run_side_by_side as search_side_by_side
from benchmarks.evaluators.trainings import Training, train_all
from benchmarks.evaluators.trial_runner import TrialRunner
from benchmarks.fidelities import FIRST_FINAL_SEED, get_fidelity, on_test
from benchmarks.runtime.prepare import prepare_with_progress
from benchmarks.runtime.progress import SearchProgress
from benchmarks.search.loop import Candidate, Request, incumbent, live_search, run_side_by_side
from benchmarks.search.problem import (
    baseline_blocks,
    exact_cost,
    largest_within,
    space_costs,
    space_for,
)
from benchmarks.statistics.intervals import mean_interval
from benchmarks.store.files import write_network, write_table
from benchmarks.store.sqlite import open_store
from hw_model.blocks import Block
from hw_model.cost import Cost
from hw_model.network_file import summary
from hw_model.predict import predict
from hw_model.vela.measurements import MeasurementCache
from nas_algos.load import build_strategy
from nas_algos.objectives import best_quality, pareto
from nas_algos.single_shot.charges import Budget
from nas_algos.single_shot.registry import SINGLE_SHOT
from nas_algos.strategy import Strategy
from tasks.registry import make_task
from tasks.spaces.space import SearchSpace
from tasks.task import Task
from tasks.training import training_flops


@dataclass(frozen=True)
class SearchSettings:
    """As the options of `accelnas search`; bounds: {cost: most}, by the baseline's latency where it is empty."""

    space: str
    algorithm: str
    accelerator: str
    budget: int
    seeds: int
    bounds: dict[str, float]
    profile: str
    final_seeds: int

    def __post_init__(self):
        for name in ("budget", "seeds", "final_seeds"):
            if getattr(self, name) < 1:
                raise BenchmarkInputError(f"{name} is {getattr(self, name)}; allowed: 1 and more")
        for name, bound in self.bounds.items():
            if not (math.isfinite(bound) and bound > 0):
                raise BenchmarkInputError(f"bound on {name} is {bound}; allowed: finite numbers above 0")


def run_search(home: Path, task: Task, settings: SearchSettings, results: Path) -> pd.DataFrame:
    """Search, train the winners anew, print and write; what is in the stores under `home` is not repeated."""
    fidelity = get_fidelity(task.name, settings.profile)
    space = space_for(task, settings.space, settings.accelerator)
    single_shot = settings.algorithm in SINGLE_SHOT
    strategy = None if single_shot else build_strategy(settings.algorithm, space.cardinalities, settings.budget)
    costs = space_costs(space, settings.accelerator)
    start = baseline_blocks(task)
    bounds = settings.bounds or {"latency_ms": predict(start, settings.accelerator).cost.latency_ms}
    prepare_with_progress(home, task.config(fidelity.data), task.dataset)
    if strategy is None:
        found, spent = _search_single_shot(home, task, space, bounds, settings)
        winners = {seed: candidates[-1] for seed, candidates in found.items()}
    else:
        found = _search_training(home, task, space, strategy, bounds, settings)
        spent = {seed: _spend(candidates, space, fidelity) for seed, candidates in found.items()}
        winners = {seed: incumbent(candidates) for seed, candidates in sorted(found.items())}
    largest = largest_within(space, costs, bounds, jax.random.key(0))
    blocks = {"baseline": start} | {f"most {name}": space.decode(genotype) for name, genotype in largest.items()}
    blocks |= {f"seed {seed}": space.decode(best.genotype) for seed, best in winners.items() if best is not None}
    final = on_test(fidelity)
    wanted = [
        Training(name, network, final, FIRST_FINAL_SEED + repeat)
        for name, network in blocks.items()
        for repeat in range(settings.final_seeds)
    ]
    trials = train_all(home, task, "Winners", wanted)
    rows = []
    with MeasurementCache(home / "measurements.sqlite") as cache:
        for name, network in blocks.items():
            again = [
                t.quality.get(task.metric, math.nan) for t, w in zip(trials, wanted, strict=True) if w.name == name
            ]
            seed = int(name.removeprefix("seed ")) if name.startswith("seed ") else None
            rows.append(
                {
                    "algorithm": "-" if seed is None else settings.algorithm,
                    "network": name,
                    **_quality(again),
                    "seen_by_search": math.nan if seed is None else _seen(winners[seed]),
                    **_cost(exact_cost(network, settings.accelerator, cache)),
                    **(_spend([], space, fidelity) if seed is None else spent[seed]),
                    "architecture": summary(network),
                }
            )
    table = pd.DataFrame(rows)
    other = () if task == make_task(task.name) else (task.dataset, str(task.classes))
    parts = (task.name, *other, settings.space, settings.algorithm, settings.accelerator)
    folder = results / "-".join(_slug(part) for part in parts)
    _write(folder, table, _candidates(found), blocks)
    _print(table, task.metric, bounds, folder)
    return table


def _search_training(
    home: Path,
    task: Task,
    space: SearchSpace,
    strategy: Strategy,
    bounds: Mapping[str, float],
    settings: SearchSettings,
) -> dict[int, list[Candidate]]:
    """What a strategy looked at, by seed; each candidate is trained from scratch."""
    fidelity = get_fidelity(task.name, settings.profile)
    costs = space_costs(space, settings.accelerator)
    objective = best_quality(bounds) if strategy.objectives == 1 else pareto(["latency_ms"])
    request = Request(objective, dict(bounds), settings.budget)
    splits = ((fidelity.data, "train"), (fidelity.data, fidelity.eval_split))
    searches = {
        (settings.algorithm, seed): live_search(strategy, costs, request, jax.random.fold_in(jax.random.key(0), seed))
        for seed in range(settings.seeds)
    }
    with (
        open_store(home) as store,
        TrialRunner(home, task, splits, store) as runner,
        SearchProgress(f"{settings.algorithm}", total=settings.budget * settings.seeds) as progress,
    ):
        runner.show(progress)
        found = run_side_by_side(runner, searches, space, task.metric, fidelity)
    return {seed: candidates for (_, seed), candidates in found.items()}


def _search_single_shot(
    home: Path, task: Task, space: SearchSpace, bounds: Mapping[str, float], settings: SearchSettings
) -> tuple[dict[int, list[Candidate]], dict[int, dict[str, float]]]:
    """The incumbents of single-shot searches, by seed, what was found last; and what they spent.

    The budget is what so many trainings pass of examples; quality is with inherited weights.
    """
    fidelity = get_fidelity(task.name, settings.profile)
    budget = Budget(example_passes=float(settings.budget * fidelity.steps * fidelity.batch_size))
    what = space, settings.accelerator, settings.algorithm, dict(bounds), budget, fidelity
    jobs = [SingleShotJob(*what, seed, home) for seed in range(settings.seeds)]
    found, spent = {}, {}
    for result in search_side_by_side(home, task, settings.algorithm, jobs):
        rows = [(row.genotype, row.cost, row.within_bounds, row.quality) for row in result.history]
        rows.append((result.genotype, result.cost, True, result.quality))
        found[result.seed] = [
            Candidate(step, genotype, cost, inside, quality if math.isfinite(quality) else None, charged=False)
            for step, (genotype, cost, inside, quality) in enumerate(rows)
        ]
        spent[result.seed] = {
            "proposals": len(rows),
            "trainings": result.spend.trainings,
            "example_passes": result.spend.example_passes,
            "training_flops": result.spend.training_flops,
        }
    return found, spent


def _quality(values: list[float]) -> dict[str, float]:
    mean, low, high = mean_interval([value for value in values if math.isfinite(value)])
    return {"quality": mean, "quality_low": low, "quality_high": high, "seeds": len(values)}


def _seen(best: Candidate | None) -> float:
    return math.nan if best is None or best.quality is None else best.quality


def _cost(cost: Cost) -> dict[str, float]:
    return {name: float(value) for name, value in cost._asdict().items()}


def _spend(candidates: list[Candidate], space: SearchSpace, fidelity: Any) -> dict[str, float]:
    charged = [each for each in candidates if each.charged]
    return {
        "proposals": len(candidates),
        "trainings": len(charged),
        "example_passes": len(charged) * fidelity.steps * fidelity.batch_size,
        "training_flops": sum(training_flops(space.decode(each.genotype), fidelity) for each in charged),
    }


def _candidates(found: Mapping[int, list[Candidate]]) -> pd.DataFrame:
    rows = []
    for seed, candidates in sorted(found.items()):
        best = -np.inf
        for each in candidates:
            if each.quality is not None and math.isfinite(each.quality):
                best = max(best, each.quality)
            genotype = " ".join(map(str, each.genotype))
            row = {"seed": seed, "step": each.step, "genotype": genotype, **each.cost, "within_bounds": each.feasible}
            rows.append(row | {"trained": each.charged, "quality": each.quality, "best_so_far": best})
    return pd.DataFrame(rows)


def _slug(text: str) -> str:
    return Path(text).stem if text.endswith(".py") else text


def _write(
    folder: Path, table: pd.DataFrame, candidates: pd.DataFrame, blocks: Mapping[str, tuple[Block, ...]]
) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    write_table(folder / "table.csv", table)
    write_table(folder / "candidates.csv", candidates)
    for name, network in blocks.items():
        write_network(folder / f"{name.replace(' ', '_')}.json", name, network)


def _print(table: pd.DataFrame, metric: str, bounds: Mapping[str, float], folder: Path) -> None:
    console = Console(width=200)
    limits = ", ".join(f"{name} <= {bound:.4g}" for name, bound in bounds.items())
    shown = table.drop(columns=["example_passes", "macs", "energy_mj", "architecture"])
    console.print(f"{metric} on test examples; searched within {limits} (by the cost model)", highlight=False)
    console.print(shown.to_string(index=False, float_format="%.4g", na_rep="-"), highlight=False, soft_wrap=True)
    for row in table.to_dict("records"):
        console.print(f"{row['network']}: {row['architecture']}", highlight=False, soft_wrap=True)
    console.print(f"Written to {folder}", highlight=False, soft_wrap=True)
