"""At which learning rate a short training tells architectures apart from seeds.

A few of the architectures of benchmarks.experiments.fidelity.run are trained at `quick` with several seeds at each
rate.  Writes results/fidelity/learning_rate.csv; run: accelnas reproduce learning_rate (about
ten minutes a task on two cores; finished trainings are kept).

quality: mean of all trainings.  seed_std: standard deviation between seeds of one architecture, pooled.
architecture_std: between the architectures' means over seeds, the noise that these still have taken off (0 where noise
explains all); ratio: of the two.  failed: trainings without a quality, which are left out.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import jax
import numpy as np
import pandas as pd

from benchmarks.errors import BenchmarkInputError
from benchmarks.evaluators.trainings import Training, train_all
from benchmarks.experiments.fidelity.run import SHARED
from benchmarks.fidelities import get_fidelity
from benchmarks.runtime.console import print_frame
from benchmarks.runtime.prepare import prepare_with_progress
from benchmarks.search.problem import common_space, evenly, spread_architectures
from benchmarks.store.files import merge_rows
from tasks.registry import make_task


def spread_and_noise(qualities: np.ndarray) -> dict[str, Any]:
    """What float64[architectures, seeds] say, not numbers where a training failed; two of each are needed."""
    counts = np.isfinite(qualities).sum(1)
    kept, counts = qualities[counts > 1], counts[counts > 1]
    if len(kept) < 2:
        return dict.fromkeys(("quality", "architecture_std", "seed_std", "ratio"), math.nan)
    noise = float(np.nanvar(kept, axis=1, ddof=1) @ (counts - 1) / (counts - 1).sum())
    between = float(np.var(np.nanmean(kept, axis=1), ddof=1) - noise * np.mean(1 / counts))
    spread, seed_std = math.sqrt(max(between, 0.0)), math.sqrt(noise)
    ratio = spread / seed_std if seed_std > 0 else math.nan
    return {"quality": float(np.nanmean(kept)), "architecture_std": spread, "seed_std": seed_std, "ratio": ratio}


def run_task(home: Path, name: str, rates: tuple[float, ...], architectures: int, seeds: int) -> pd.DataFrame:
    """A row for each rate; what is stored under `home` is not repeated."""
    task, quick = make_task(name), get_fidelity(name, "quick")
    space = common_space(task)
    genotypes = evenly(spread_architectures(space, SHARED, jax.random.key(0)), architectures)
    wanted = [
        Training(f"{rate:g} {number}", space.decode(genotype), replace(quick, peak_learning_rate=rate), seed)
        for rate in rates
        for number, genotype in enumerate(genotypes)
        for seed in range(seeds)
    ]
    trials = train_all(home, task, f"{name} learning rates", wanted)
    found = np.array([trial.quality.get(task.metric, math.nan) for trial in trials])
    return pd.DataFrame(
        {
            "task": name,
            "peak_learning_rate": rate,
            "architectures": architectures,
            "seeds": seeds,
            **spread_and_noise(qualities),
            "failed": int((~np.isfinite(qualities)).sum()),
            "metric": task.metric,
        }
        for rate, qualities in zip(rates, found.reshape(len(rates), architectures, seeds), strict=True)
    )


@dataclass(frozen=True)
class Settings:
    """What `accelnas reproduce learning_rate --set NAME=VALUE` may change."""

    task: tuple[str, ...] = ("classification", "detection")
    """Tasks to do; rows of others in the table that is there are kept."""
    rates: tuple[float, ...] = (2e-3, 5e-3, 2e-2)
    """Peak learning rates."""
    architectures: int = 8
    """How many, spread over the space's sizes."""
    seeds: int = 3
    """Trainings of each."""

    def __post_init__(self):
        if not self.rates or min(self.rates) <= 0 or not 2 <= self.architectures <= SHARED or self.seeds < 2:
            raise BenchmarkInputError(
                f"rates {self.rates}, {self.architectures} architectures, {self.seeds} seeds; "
                f"allowed: rates above 0, 2 to {SHARED} architectures, 2 seeds and more"
            )


def run(settings: Settings, home: Path, folder: Path) -> None:
    """Train at each rate and compare."""
    folder.mkdir(parents=True, exist_ok=True)
    for name in settings.task:
        prepare_with_progress(home, get_fidelity(name, "quick").data, make_task(name).dataset)
        rows = run_task(home, name, settings.rates, settings.architectures, settings.seeds)
        table = merge_rows(folder / "learning_rate.csv", rows, ("task", "peak_learning_rate"))
        print_frame(table)
