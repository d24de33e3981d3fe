"""What `accelnas search` does: searches side by side, their winners trained anew, tables and networks written."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import jax
import numpy as np
import pandas as pd

from benchmarks.errors import BenchmarkInputError, NoResultError, report
from benchmarks.evaluators.spec import SearchSpec, strategy_title
from benchmarks.evaluators.trained import TrainingPool
from benchmarks.evaluators.trainings import Training, train_all
from benchmarks.fidelities import FIRST_FINAL_SEED, get_fidelity, on_test
from benchmarks.problem import baseline_blocks, check_compiles, exact_cost, largest_within, space_for
from benchmarks.runtime.console import plain_console
from benchmarks.runtime.prepare import prepare_with_progress
from benchmarks.saved.folder import save
from benchmarks.search.front import front
from benchmarks.search.options import parse_algorithm
from benchmarks.search.searches import DEFAULT_STRATEGY, run_trained, search_in_workers, trained_search
from benchmarks.search.shown import search_table
from benchmarks.search.verdict import verdict, why_nothing
from benchmarks.statistics.intervals import mean_interval
from benchmarks.store.files import write_network, write_table
from benchmarks.store.keys import plain, settings_digest
from benchmarks.store.sqlite import open_store
from benchmarks.training_settings import with_training
from hw_model.blocks import Block
from hw_model.cost import Cost
from hw_model.cost_models import is_block_file
from hw_model.files import write_whole
from hw_model.network_text import summary
from hw_model.predict import predict
from hw_model.vela.measurements import MeasurementCache
from nas_algos.ledger import Spend
from nas_algos.objectives import keeps
from nas_algos.trajectory import Found
from tasks.data.datasets import short_name
from tasks.registry import make_task
from tasks.task import Task


def make_spec(
    task: Task,
    space: str,
    accelerator: str,
    bounds: Mapping[str, float],
    profile: str,
    budget: int,
    strategy: str | None,
    evaluator: str,
    policy: str,
    settings: Sequence[str],
    training: Sequence[str] = (),
) -> SearchSpec:
    """The spec of the options of `accelnas search`; bounded by the baseline's latency where no bound is given.

    Raises BenchmarkInputError, AlgorithmInputError, TaskInputError or HardwareInputError for what is not allowed.
    """
    for name, bound in bounds.items():
        if not (math.isfinite(bound) and bound > 0):
            raise BenchmarkInputError(f"bound on {name} is {bound}; allowed: finite numbers above 0")
    task, fidelity = with_training(task, get_fidelity(task.name, profile), training)
    made = space_for(task, space, accelerator)
    if space.endswith(".py"):
        check_compiles(made, accelerator)
    algorithm = parse_algorithm(strategy, evaluator, policy, settings, made.cardinalities, budget)
    limits = bounds
    if not bounds or is_block_file(accelerator):  # which has to know the baseline's blocks too
        baseline = predict(baseline_blocks(task), accelerator).cost
        limits = bounds or {"latency_ms": float(baseline.latency_ms)}
    return SearchSpec(task, made, accelerator, limits, fidelity, budget, **algorithm)


def run_search(home: Path, spec: SearchSpec, seeds: int, final_seeds: int, results: Path) -> pd.DataFrame:
    """Search, train the winners anew, print and write; what is in the stores under `home` is not repeated.

    What was found is written before it is compiled and trained, so that a refusal loses none of it.

    seeds: searches, with 0, 1, ... instead of the spec's seed.  final_seeds: trainings of each winner.  Raises
    NoResultError where no search found a network; what they looked at is written by then.
    """
    task, space, fidelity = spec.task, spec.space, spec.fidelity
    specs = {seed: replace(spec, seed=seed) for seed in range(seeds)}
    prepare_with_progress(home, task.config(fidelity.data), task.dataset)
    found = search_all(home, specs)
    settings = spec.key() | {"seeds": seeds, "final_seeds": final_seeds}
    folder = results / folder_name(spec, settings)
    candidates = _candidates(found, spec.bounds)
    if not any(each.best for each in found.values()):
        _write(folder, settings, None, candidates, {})
        raise NoResultError(why_nothing(found.values(), spec.bounds, task.metric))
    for seed, each in found.items():
        if each.best is None:
            report(f"search {seed} found nothing: {why_nothing([each], spec.bounds, task.metric)}")
        elif each.ended:
            report(f"search {seed} ended before its budget was spent: {each.ended}")
    largest = largest_within(space, spec.costs, spec.bounds, jax.random.key(0))
    blocks = {"baseline": baseline_blocks(task)}
    blocks |= {f"most {name}": space.decode(genotype) for name, genotype in largest.items()}
    blocks |= {f"seed {seed}": space.decode(each.best.genotype) for seed, each in found.items() if each.best}
    _write(folder, settings, None, candidates, blocks)
    with MeasurementCache(home / "measurements.sqlite") as cache:
        costs = {name: _cost(exact_cost(network, spec.accelerator, cache)) for name, network in blocks.items()}
    final = on_test(fidelity)
    wanted = [
        Training(name, network, final, FIRST_FINAL_SEED + repeat, weights=repeat == 0)
        for name, network in blocks.items()
        for repeat in range(final_seeds)
    ]
    trials = train_all(home, task, "Winners", wanted)
    rows = []
    for name, network in blocks.items():
        again = [t.value(task.metric) for t, w in zip(trials, wanted, strict=True) if w.name == name]
        mine = found[int(name.removeprefix("seed "))] if name.startswith("seed ") else None
        rows.append(
            {
                "strategy": "-" if mine is None else strategy_title(spec.strategy or "own"),
                "evaluator": "-" if mine is None else spec.evaluator,
                "network": name,
                **_quality(again),
                "seen_by_search": math.nan if mine is None else _seen(mine),
                **costs[name],
                "within_bound": keeps(costs[name], spec.bounds),
                **_spend(mine),
                "architecture": summary(network),
            }
        )
    table = pd.DataFrame(rows)
    _write(folder, settings, table, candidates, blocks)
    for trial, each in zip(trials, wanted, strict=True):
        if not each.weights or trial.state != "done" or not each.name.startswith("seed "):
            continue
        try:
            save(folder / each.name.replace(" ", "_"), home, task, each.name, each.blocks, final, each.seed)
        except NoResultError as error:  # trained by a machine that shares no home with this one
            report(f"{each.name}: {error}")
    _print(rows, task.metric, spec.bounds, folder)
    winners = [row for row in rows if row["network"].startswith("seed ")]
    if not any(row["seeds"] for row in winners):
        failed = [trial.error for trial, each in zip(trials, wanted, strict=True) if each.name.startswith("seed ")]
        raise NoResultError(f"no training of a winner came to a finite {task.metric}: {failed[0]}")
    print(f"Verdict: {verdict(winners, rows[0], task.metric)}.")
    return table


def search_all(home: Path, specs: Mapping[int, SearchSpec]) -> dict[int, Found]:
    """The searches of one spec by their seeds, with workers of their own."""
    first = next(iter(specs.values()))
    title = f"{first.strategy or ''} {first.evaluator}".strip()
    if first.kind != "trained":
        return {seed: result.found for seed, result in search_in_workers(home, title, specs).items()}
    cost = jax.jit(first.costs)
    with open_store(home) as store, TrainingPool(home, first.task, [first.fidelity], store) as pool:
        name = first.strategy or DEFAULT_STRATEGY
        return run_trained(pool, title, {seed: trained_search(pool, spec, cost, name) for seed, spec in specs.items()})


def folder_name(spec: SearchSpec, settings: Mapping[str, Any]) -> str:
    """What was searched in words, and eight digits that tell apart what the words do not say."""
    task = spec.task
    other = () if task == make_task(task.name) else (short_name(task.dataset), str(task.classes))
    space = spec.space.name
    strategy = strategy_title(spec.strategy or "own")
    accelerator = Path(spec.accelerator).stem if is_block_file(spec.accelerator) else spec.accelerator
    parts = (task.name, *other, space, strategy, spec.evaluator.replace(":", "_"), accelerator)
    return "-".join((*parts, settings_digest(settings)[:8]))


def _quality(values: list[float]) -> dict[str, float]:
    finished = [value for value in values if math.isfinite(value)]
    mean, low, high = mean_interval(finished)
    return {"quality": mean, "quality_low": low, "quality_high": high, "seeds": len(finished)}


def _seen(found: Found) -> float:
    return math.nan if found.best is None or found.best.quality is None else found.best.quality


def _cost(cost: Cost) -> dict[str, float]:
    return {name: float(value) for name, value in cost._asdict().items()}


def _spend(found: Found | None) -> dict[str, float]:
    spend = Spend() if found is None else found.spend
    return {
        "proposals": 0 if found is None else len(found.candidates),
        "trainings": spend.trainings,
        "example_passes": spend.example_passes,
        "training_flops": spend.training_flops,
    }


def _candidates(found: Mapping[int, Found], bounds: Mapping[str, float]) -> pd.DataFrame:
    rows = []
    for seed, each in sorted(found.items()):
        best, ends = -np.inf, {candidate.step for candidate in front(each)}
        for candidate in each.candidates:
            within = keeps(candidate.cost, bounds)
            whole = within and candidate.fidelity == 1
            if whole and candidate.quality is not None and math.isfinite(candidate.quality):
                best = max(best, candidate.quality)
            rows.append(
                {
                    "seed": seed,
                    "step": candidate.step,
                    "genotype": " ".join(map(str, candidate.genotype)),
                    **candidate.cost,
                    "within_bound": within,
                    "fidelity": candidate.fidelity,
                    "trained": any(evaluation.spend.trainings for evaluation in candidate.evaluations),
                    "quality": candidate.quality,
                    "best_so_far": best,
                    "front": candidate.step in ends,
                }
            )
    return pd.DataFrame(rows)


def _write(
    folder: Path,
    settings: Mapping[str, Any],
    table: pd.DataFrame | None,
    candidates: pd.DataFrame,
    blocks: Mapping[str, tuple[Block, ...]],
) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    write_whole(folder / "settings.json", json.dumps(plain(settings), indent=1) + "\n")
    if table is not None:
        write_table(folder / "table.csv", table)
    write_table(folder / "candidates.csv", candidates)
    for name, network in blocks.items():
        write_network(folder / f"{name.replace(' ', '_')}.json", name, network)


def _print(rows: Sequence[Mapping[str, Any]], metric: str, bounds: Mapping[str, float], folder: Path) -> None:
    console = plain_console()
    for row in rows:
        console.print(f"{row['network']}: {row['architecture']}", soft_wrap=True)
    limits = ", ".join(f"{name} <= {bound:.4g}" for name, bound in bounds.items())
    console.print(f"\n{metric} on test examples; searched within {limits} (by the cost model)", soft_wrap=True)
    console.print(search_table(rows, metric, console.width))
    console.print(f"Written to {folder}", soft_wrap=True)
