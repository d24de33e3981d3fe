"""The comparison of `benchmarks.experiments.curation.run` with trainings: same strategy, spend and seeds in each space.

Each search looks for the best quality within the baseline's latency.  The random subset is another draw for each seed.
evaluations_to_5pct: median trainings until quality is within 5% of the best that any of the searches saw; quality is
of the search's own trainings, so it flatters the winner: test_quality is of the winners trained anew, with other seeds
and on test examples.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import jax
import numpy as np
import pandas as pd

from benchmarks.errors import BenchmarkInputError
from benchmarks.evaluators.spec import space_costs
from benchmarks.evaluators.trained import TrainedEvaluator, TrainingPool
from benchmarks.evaluators.trainings import Training, run_trainings
from benchmarks.experiments.curation.searches import WITHIN, evaluations_to
from benchmarks.experiments.curation.spaces import spaces_of
from benchmarks.fidelities import FIRST_FINAL_SEED, get_fidelity, on_test
from benchmarks.runtime.prepare import prepare_with_progress
from benchmarks.runtime.progress import SearchProgress
from benchmarks.search.problem import baseline_blocks
from benchmarks.statistics.intervals import mean_interval
from benchmarks.store.files import write_table
from benchmarks.store.sqlite import open_store
from hw_model.predict import predict
from nas_algos.load import build_strategy
from nas_algos.loop import Found, Search, side_by_side
from nas_algos.objectives import best_quality
from tasks.fidelity import Fidelity
from tasks.registry import make_task
from tasks.spaces.space import SearchSpace
from tasks.task import Task


@dataclass(frozen=True)
class Settings:
    """What `accelnas reproduce curation_trained --set NAME=VALUE` may change."""

    accelerator: str = "ethos-u55-256"
    """Whose latency is bounded, and that spaces are curated for."""
    algorithm: str = "regularised_evolution"
    """A strategy for one objective."""
    budget: int = 12
    """Trainings of each search."""
    seeds: int = 3
    """Searches of each space, and final trainings of each winner."""
    profile: str = "quick"
    """Of the trainings: smoke, quick, careful or full."""
    task: str = "detection"
    """Whose spaces."""

    def __post_init__(self):
        for name in ("budget", "seeds"):
            if getattr(self, name) < 1:
                raise BenchmarkInputError(f"{name} is {getattr(self, name)}; allowed: 1 and more")


def run(settings: Settings, home: Path, folder: Path) -> None:
    """Search, print and write the table."""
    table = trained_table(home, settings)
    folder.mkdir(parents=True, exist_ok=True)
    write_table(folder / "curation_trained.csv", table, digits=5)
    print(table.to_string(index=False, float_format=lambda value: f"{value:.4g}"))


def trained_table(home: Path, settings: Settings) -> pd.DataFrame:
    """Search every space, train the winners anew, and compare; what is in the store under `home` is not repeated."""
    task = make_task(settings.task)
    fidelity = get_fidelity(task.name, settings.profile)
    bound = predict(baseline_blocks(task), settings.accelerator).cost.latency_ms
    kinds = spaces_of(task, settings.accelerator, settings.seeds, jax.random.key(0))
    prepare_with_progress(home, task.config(fidelity.data), task.dataset)
    fidelities = (fidelity, on_test(fidelity))
    with open_store(home) as store, TrainingPool(home, task, fidelities, store) as pool:
        found = {name: _searches(pool, name, spaces, bound, settings) for name, spaces in kinds.items()}
        finals = _finals(pool, found, kinds, task, fidelity, settings.seeds)
    qualities = {name: np.stack([_qualities(run, settings.budget) for run in runs]) for name, runs in found.items()}
    known = max(float(each[:, -1].max()) for each in qualities.values())
    rows = []
    for name, best in qualities.items():
        # evaluations_to counts until a falling value is low enough
        reached = evaluations_to(-best, -known * (1 - WITHIN))
        mean, low, high = mean_interval(best[:, -1].tolist())
        test, test_low, test_high = mean_interval(finals[name])
        rows.append(
            {
                "accelerator": settings.accelerator,
                "space": name,
                "seeds": settings.seeds,
                "evaluations_to_5pct": float(np.median(reached)),
                "success_rate": float(np.isfinite(reached).mean()),
                "spread": float(np.std(best[:, -1], ddof=1)) if settings.seeds > 1 else np.nan,
                "quality": mean,
                "quality_low": low,
                "quality_high": high,
                "test_quality": test,
                "test_low": test_low,
                "test_high": test_high,
                "n_test": len(finals[name]),
                "best_known": known,
                "latency_bound_ms": bound,
                "trainings": sum(run.spend.trainings for run in found[name]),
                "proposals": sum(len(run.candidates) for run in found[name]),
                "task": task.name,
                "metric": task.metric,
                "algorithm": settings.algorithm,
                "profile": settings.profile,
            }
        )
    return pd.DataFrame(rows)


def _searches(
    pool: TrainingPool, name: str, spaces: list[SearchSpace], bound: float, settings: Settings
) -> list[Found]:
    """What each seed's search came to; a kind with several spaces gives each seed its own."""
    objective = best_quality({"latency_ms": bound})
    fidelity = get_fidelity(pool.task.name, settings.profile)
    costs = [jax.jit(space_costs(space, settings.accelerator)) for space in spaces]
    searches = {}
    for seed in range(settings.seeds):
        space, cost = spaces[seed % len(spaces)], costs[seed % len(spaces)]
        searches[seed] = Search(
            build_strategy(settings.algorithm, space.cardinalities, settings.budget, 1),
            TrainedEvaluator(pool, space, cost, fidelity, f"{name} {seed}"),
            objective,
            settings.budget,
            jax.random.fold_in(jax.random.key(0), seed),
            seed=seed,
        )
    with SearchProgress(name, total=settings.budget * settings.seeds) as progress:
        pool.show(progress)
        return list(side_by_side(searches).values())


def _qualities(run: Found, budget: int) -> np.ndarray:
    """Best quality after each training of a search, float[budget]; 0 before the first that succeeds."""
    trained = [each.quality for each in run.candidates if each.state == "evaluated" and each.quality is not None]
    values = np.nan_to_num(np.array(trained[:budget], float), nan=0.0)
    padded = np.zeros(budget)
    padded[: len(values)] = values
    return np.maximum.accumulate(padded)


def _finals(
    pool: TrainingPool,
    found: dict[str, list[Found]],
    kinds: dict[str, list[SearchSpace]],
    task: Task,
    fidelity: Fidelity,
    seeds: int,
) -> dict[str, list[float]]:
    """Mean test quality of each search's winner over `seeds` new trainings."""
    wanted: list[Training] = []
    owners: list[tuple[str, int]] = []
    for name, runs in found.items():
        for number, run in enumerate(runs):
            if run.best is not None:
                space = kinds[name][number if len(kinds[name]) > 1 else 0]
                for repeat in range(seeds):
                    seed = FIRST_FINAL_SEED + repeat
                    wanted.append(
                        Training(f"{name} {number}", space.decode(run.best.genotype), on_test(fidelity), seed)
                    )
                    owners.append((name, number))
    trials = run_trainings(pool, "Winners", wanted)
    grouped: dict[tuple[str, int], list[Any]] = {}
    for owner, trial in zip(owners, trials, strict=True):
        grouped.setdefault(owner, []).append(trial.quality.get(task.metric, np.nan))
    means = {
        owner: float(np.mean([v for v in values if np.isfinite(v)] or [np.nan])) for owner, values in grouped.items()
    }
    return {name: [mean for (who, _), mean in means.items() if who == name and np.isfinite(mean)] for name in found}
