"""Which zero-shot scores rank networks as training does, and which are better than counting multiply-accumulates.

For each task architectures spread over the curated space are scored and trained.  Writes
results/zero_shot/zero_shot.csv, zero_shot_scores.csv (every architecture) and zero_shot.png; run: accelnas reproduce
zero_shot (stop it at any moment: finished trainings are kept, and a task's scores once all of them are there).
--set correlate_only=true works out the first table anew from the second.

kendall_tau (tau-b), spearman_rho: of the score with the trained quality on validation examples, each with a 95%
interval by bootstrap over architectures.  tau_at_equal_latency: mean tau within quartiles of the latency on the
accelerator, where a search under a latency bound chooses.  better_than_macs: the interval of tau minus the tau of MACs
is above zero; gain_at_equal_latency, better_than_macs_at_equal_latency: likewise within the quartiles.  n:
architectures with score and quality; failed: those whose score is not a number.  scores_per_s: through the supernet,
its compilation (compile_s, once for all architectures) apart; static_scores_per_s: architectures compiled one by one,
compilation included, since each needs its own.
"""

from __future__ import annotations

import math
import time
from pathlib import Path
from typing import Any

import jax
import numpy as np
import pandas as pd
from rich.console import Console

from benchmarks.errors import BenchmarkInputError
from benchmarks.evaluators.trainings import train_qualities
from benchmarks.evaluators.zero_shot import CHUNK, compile_one, count_failed, make_scorer
from benchmarks.experiments.zero_shot.settings import Settings
from benchmarks.fidelities import get_fidelity
from benchmarks.runtime.prepare import prepare_with_progress
from benchmarks.runtime.progress import SearchProgress
from benchmarks.search.problem import common_space, spread_architectures
from benchmarks.statistics.rank_correlation import (
    draw_resamples,
    equal_slices,
    kendall,
    kendall_gain,
    kendall_gain_within,
    kendall_within,
    spearman,
)
from benchmarks.store.files import merge_rows
from hw_model.predict import cost_model
from nas_algos.zero_shot.scores import SCORES, Combination, measured_names
from tasks.registry import make_task
from tasks.spaces.space import SearchSpace
from tasks.task import Task

ACCELERATOR = "ethos-u85-1024"
# places in the order of sizes of the architectures that are compiled by themselves, to time that
STATIC_SHARES = (0.35, 0.65)


def score_all(
    task: Task,
    space: SearchSpace,
    genotypes: list[tuple[int, ...]],
    names: tuple[str, ...],
    arrays: dict[str, np.ndarray],
    batch: int,
) -> tuple[dict[str, np.ndarray], dict[str, dict[str, float]]]:
    """Scores {name: [n]} and for each what it took: seconds of compiling, of one architecture, and of a static one."""
    key, found, taken = jax.random.key(0), {}, {}
    rows, chunk = np.array(genotypes, np.int32), min(CHUNK, len(genotypes))
    measured = measured_names(names)
    with SearchProgress(f"{task.name} scores", total=len(measured)) as progress:
        for name in measured:
            scorer = make_scorer(task, space, (name,), key, arrays, batch, chunk)
            scorer(rows[:1])  # the first call is slower
            started = time.perf_counter()
            found |= scorer(rows, lambda done, total, name=name: progress.running(name, done / total, name))
            each = (time.perf_counter() - started) / (-(-len(rows) // chunk) * chunk)
            static = 0.0
            for share in STATIC_SHARES:
                blocks = space.decode(genotypes[round(share * (len(genotypes) - 1))])
                started = time.perf_counter()
                call, _ = compile_one(task, blocks, (name,), key, arrays, batch)
                call()
                static += (time.perf_counter() - started) / len(STATIC_SHARES)
            taken[name] = {"compile_s": scorer.compile_seconds, "each": each, "static": static}
            failed = count_failed(found[name])
            progress.finished(name, f"{name}: {1 / each:.3g} a second, one by one {1 / static:.3g}, {failed} failed")
    for name in names:
        score = SCORES[name]
        if isinstance(score, Combination):
            found[name] = score.combine(found)
            parts = [taken[part] for part in score.parts]
            taken[name] = {column: sum(part[column] for part in parts) for column in parts[0]}
    return found, taken


def correlation_row(table: pd.DataFrame, score: str) -> dict[str, Any]:
    """How the score ranks one task's architectures: the columns of results/PROFILE/zero_shot.csv but the speeds."""
    values, quality, macs, latency = (
        table[column].to_numpy(np.float64) for column in (score, "quality", "macs", "latency_ms")
    )
    known = np.isfinite(values) & np.isfinite(quality)
    # slices are of all architectures, so that they are the same for every score
    slices = equal_slices(latency)[known]
    failed = count_failed(values)
    values, quality, macs = values[known], quality[known], macs[known]
    tau = rho = within = gain = gain_within = (math.nan,) * 3
    if len(values):
        drawn = draw_resamples(len(values))
        tau, rho = kendall(values, quality, drawn), spearman(values, quality, drawn)
        within = kendall_within(values, quality, slices, drawn)
        gain = kendall_gain(values, macs, quality, drawn)
        gain_within = kendall_gain_within(values, macs, quality, slices, drawn)
    row: dict[str, Any] = {"score": score, "n": len(values)}
    row |= dict(zip(("kendall_tau", "low", "high"), tau, strict=True))
    row |= dict(zip(("spearman_rho", "rho_low", "rho_high"), rho, strict=True))
    row |= dict(zip(("tau_at_equal_latency", "equal_latency_low", "equal_latency_high"), within, strict=True))
    row |= {"better_than_macs": bool(gain[1] > 0), "failed": failed}
    row |= dict(zip(("gain_at_equal_latency", "gain_low", "gain_high"), gain_within, strict=True))
    return row | {"better_than_macs_at_equal_latency": bool(gain_within[1] > 0)}


def correlate_anew(folder: Path) -> pd.DataFrame:
    """The table of all tasks with its correlations worked out from the scores and qualities on file; speeds stay.

    Raises BenchmarkInputError where there are none.
    """
    for name in ("zero_shot.csv", "zero_shot_scores.csv"):
        if not (folder / name).exists():
            raise BenchmarkInputError(f"no {folder / name}; run without correlate_only first")
    scores = pd.read_csv(folder / "zero_shot_scores.csv")
    rows = []
    for old in pd.read_csv(folder / "zero_shot.csv").to_dict("records"):
        own = pd.DataFrame(scores[scores["task"] == old["task"]])
        rows.append(old | correlation_row(own, old["score"]))
    return merge_rows(folder / "zero_shot.csv", pd.DataFrame(rows), ("task",))


def run_task(
    home: Path, name: str, names: tuple[str, ...], profile: str, architectures: int, batch: int
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """One task's rows of the two tables: of each score, and of each architecture."""
    task = make_task(name)
    space = common_space(task)
    genotypes = spread_architectures(space, architectures, jax.random.key(0))
    blocks = [space.decode(genotype) for genotype in genotypes]
    quality = train_qualities(home, task, f"{name} zero-shot", blocks, get_fidelity(name, profile))
    arrays = task.arrays(task.load(home, get_fidelity(name, profile).data, "train"))
    scores, taken = score_all(task, space, genotypes, names, arrays, batch)
    latency = cost_model(ACCELERATOR).estimate(space.lower(np.array(genotypes, np.int32))).cost.latency_ms
    everything = pd.DataFrame(
        {
            "task": name,
            "architecture": np.arange(len(genotypes)),
            "genotype": [" ".join(map(str, genotype)) for genotype in genotypes],
            "metric": task.metric,
            "quality": quality,
            "latency_ms": np.asarray(latency, np.float64),
            **{score: scores[score] for score in names},
        }
    )
    rows = [
        {
            "task": name,
            **correlation_row(everything, score),
            "scores_per_s": 1 / taken[score]["each"],
            "static_scores_per_s": 1 / taken[score]["static"],
            "compile_s": taken[score]["compile_s"],
        }
        for score in names
    ]
    return pd.DataFrame(rows), everything


def run(settings: Settings, home: Path, folder: Path) -> None:
    """Score, train and compare the rankings."""
    from benchmarks.experiments.zero_shot.plot import write_plot

    names = tuple(dict.fromkeys((*settings.scores, "macs")))
    if settings.correlate_only:
        write_plot(correlate_anew(folder), folder / "zero_shot.png")
        return
    folder.mkdir(parents=True, exist_ok=True)
    for name in settings.task:
        prepare_with_progress(home, get_fidelity(name, settings.profile).data, make_task(name).dataset)
        rows, everything = run_task(home, name, names, settings.profile, settings.architectures, settings.batch)
        # after each task, so that a run that is stopped has not scored in vain
        table = merge_rows(folder / "zero_shot.csv", rows, ("task",))
        merge_rows(folder / "zero_shot_scores.csv", everything, ("task",))
        write_plot(table, folder / "zero_shot.png")
        Console(width=200).print(rows.to_string(index=False, float_format="%.3g"))
