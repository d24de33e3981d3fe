"""How well a short training ranks what a longer one ranks, and what seed noise hides.

For each task architectures spread over the curated space are trained at `quick` and at `careful`, four times as long;
three of them with more seeds at `quick`.  Writes results/fidelity/fidelity.csv, results/fidelity/fidelity_trials.csv
and results/fidelity/fidelity.png; run: accelnas reproduce fidelity (about an hour on two cores; stop
it at any moment, finished trainings are kept).

n: architectures that both trainings gave a quality.  kendall_tau: of the two rankings (tau-b), with a 95% interval by
bootstrap over architectures (percentiles).  top5_overlap: share of the five best at `high` that are among the five best
at `low`, with such an interval of the same resamples.  seed_std: standard deviation between seeds of one architecture
at `low`, pooled over three.  architecture_std: between architectures at `low`, one seed each, noise included.
"""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import jax
import numpy as np
import pandas as pd

from benchmarks.evaluators.trainings import Training, train_all
from benchmarks.experiments.fidelity.settings import Settings
from benchmarks.fidelities import get_fidelity
from benchmarks.runtime.console import print_frame
from benchmarks.runtime.prepare import prepare_with_progress
from benchmarks.search.problem import common_space, evenly, spread_architectures
from benchmarks.statistics.rank_correlation import rank_agreement
from benchmarks.store.files import merge_rows
from hw_model.blocks import Block
from hw_model.cost import count_macs
from tasks.registry import make_task

# architectures that the experiment on zero-shot scores trains
SHARED = 60


def run_task(home: Path, name: str, low: str, high: str, architectures: int, noise_seeds: int) -> pd.DataFrame:
    """Every training of one task as a table: architecture, fidelity, seed, quality (NaN where it failed)."""
    task = make_task(name)
    space = common_space(task)
    # some of those that other experiments train at the same profile, so that none is trained twice
    genotypes = evenly(spread_architectures(space, max(architectures, SHARED), jax.random.key(0)), architectures)
    # three over the whole range of sizes, not its ends
    noisy = {genotypes[round(share * (architectures - 1))] for share in (0.2, 0.5, 0.8)}
    wanted: list[Training] = []
    rows: list[dict[str, Any]] = []
    for profile in (low, high):
        for number, genotype in enumerate(genotypes):
            blocks: tuple[Block, ...] = space.decode(genotype)
            for seed in range(noise_seeds if profile == low and genotype in noisy else 1):
                wanted.append(Training(f"{profile} {number}", blocks, get_fidelity(name, profile), seed))
                rows.append(
                    {
                        "task": name,
                        "metric": task.metric,
                        "fidelity": profile,
                        "architecture": number,
                        "genotype": " ".join(map(str, genotype)),
                        "macs": count_macs(blocks),
                        "seed": seed,
                    }
                )
    trials = train_all(home, task, f"{name} fidelity", wanted)
    for row, trial in zip(rows, trials, strict=True):
        row |= {
            "quality": trial.quality.get(task.metric, math.nan),
            "example_passes": trial.example_passes,
            "training_flops": trial.training_flops,
            "error": trial.error or "",
        }
    return pd.DataFrame(rows)


def agreement_row(trials: pd.DataFrame, low: str, high: str) -> dict[str, Any]:
    """The row of results/fidelity/fidelity.csv of one task's trainings."""
    rows = trials.to_dict("records")
    first = {name: [row for row in rows if row["fidelity"] == name and row["seed"] == 0] for name in (low, high)}
    n, tau, top = rank_agreement(*([row["quality"] for row in part] for part in first.values()))
    seeds: dict[int, list[float]] = {}
    for row in rows:
        if row["fidelity"] == low:
            seeds.setdefault(row["architecture"], []).append(row["quality"])
    repeated = [values for values in seeds.values() if len(values) > 1]
    spread = float(np.nanstd([row["quality"] for row in first[low]], ddof=1))
    noise = math.sqrt(np.mean([np.nanvar(values, ddof=1) for values in repeated]))
    spent = {name: sum(row["training_flops"] for row in part) for name, part in first.items()}
    return {
        "task": rows[0]["task"],
        "low": low,
        "high": high,
        "n": n,
        "kendall_tau": tau.value,
        "tau_low": tau.low,
        "tau_high": tau.high,
        "top5_overlap": top.value,
        "top5_low": top.low,
        "top5_high": top.high,
        "seed_std": noise,
        "architecture_std": spread,
        "spread_to_noise": spread / noise if noise > 0 else math.nan,
        "noise_architectures": len(repeated),
        "noise_seeds": min(len(values) for values in repeated),
        "spend_ratio": spent[high] / spent[low],
        "failed": sum(row["error"] != "" for row in rows),
        "metric": rows[0]["metric"],
    }


def run(settings: Settings, home: Path, folder: Path) -> None:
    """Train and compare the rankings."""
    from benchmarks.experiments.fidelity.plot import write_plot

    tables, rows = [], []
    for name in settings.task:
        dataset = make_task(name).dataset
        for data in sorted({get_fidelity(name, profile).data for profile in (settings.low, settings.high)}):
            prepare_with_progress(home, data, dataset)
        trials = run_task(home, name, settings.low, settings.high, settings.architectures, settings.noise_seeds)
        tables.append(trials)
        rows.append(agreement_row(trials, settings.low, settings.high))
    folder.mkdir(parents=True, exist_ok=True)
    table = merge_rows(folder / "fidelity.csv", pd.DataFrame(rows), ("task",))
    everything = merge_rows(folder / "fidelity_trials.csv", pd.concat(tables), ("task",))
    write_plot(everything, table, folder / "fidelity.png")
    print_frame(table, float_format="%.3g")
