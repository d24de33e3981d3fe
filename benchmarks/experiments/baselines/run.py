"""What each task starts from: the baselines' quality over five seeds, and their cost on five accelerators.

Writes results/baselines/baselines.csv, a row for each task, data set and accelerator,
results/baselines/predictions_TASK.png for detection and segmentation, and scenes.png, test scenes with boxes; run:
accelnas reproduce baselines, with --set dataset=fashion_items --set task=classification --set recipe=final for
Fashion-MNIST, and with --set dataset=photo_objects --set task=detection,segmentation for rows of these there
(predictions_TASK_photo_objects.png, scenes_photo_objects.png), which are not shipped.

quality, quality_low, quality_high: mean over the seeds by the recipe on test examples with Student's 95% interval,
widened by what the choice of test photographs does to the first seed's network (bootstrap by photograph).
latency_ms, peak_activation_bytes: of the network compiled whole.  params: weights and biases; param_bytes: as deployed,
int8 weights and int32 biases.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import jax
import pandas as pd

from benchmarks.evaluators.photographs import photograph_interval
from benchmarks.evaluators.trainings import Training, train_all
from benchmarks.experiments.baselines.settings import Settings
from benchmarks.fidelities import FIRST_FINAL_SEED, on_test
from benchmarks.problem import baseline_blocks
from benchmarks.runtime.console import print_frame
from benchmarks.runtime.prepare import prepare_with_progress
from benchmarks.statistics.intervals import mean_interval, widened
from benchmarks.store.files import merge_rows
from benchmarks.tables.recipes import RECIPES
from hw_model.cost import count_macs, count_param_bytes, count_params
from hw_model.vela.accelerators import get_accelerator
from hw_model.vela.chain import whole_cost
from hw_model.vela.measurements import MeasurementCache
from tasks.data.contact_sheet import write_contact_sheet
from tasks.data.datasets import get_dataset
from tasks.data.scenes import Scenes
from tasks.fidelity import Fidelity
from tasks.registry import make_task
from tasks.task import Task
from tasks.training import predict, train

SEEDS = range(FIRST_FINAL_SEED, FIRST_FINAL_SEED + 5)
DRAWN = ("detection", "segmentation")


def baseline_rows(
    home: Path, task: Task, recipe: str, accelerators: tuple[str, ...], term: tuple[float, float]
) -> list[dict[str, Any]]:
    """Train a task's baseline and cost it on each accelerator; term: as `intervals.widened`."""
    fidelity = on_test(RECIPES[recipe][task.name])
    blocks = baseline_blocks(task)
    wanted = [Training(task.name, blocks, fidelity, seed) for seed in SEEDS]
    trials = train_all(home, task, f"{task.name} baseline", wanted)
    values = [trial.quality[task.metric] for trial in trials if trial.state == "done"]
    mean, low, high = mean_interval(values)
    low, high = widened(mean, low, high, term)
    rows = []
    with MeasurementCache(home / "measurements.sqlite") as cache:
        for name in accelerators:
            cost = whole_cost(blocks, get_accelerator(name), cache)
            rows.append(
                {
                    "task": task.name,
                    "dataset": task.dataset,
                    "recipe": recipe,
                    "metric": task.metric,
                    "quality": mean,
                    "quality_low": low,
                    "quality_high": high,
                    "seeds": len(values),
                    "accelerator": name,
                    "latency_ms": cost.latency_ms,
                    "peak_activation_bytes": cost.peak_activation_bytes,
                    "params": count_params(blocks),
                    "param_bytes": count_param_bytes(blocks),
                    "macs": count_macs(blocks),
                    "example_passes": fidelity.example_passes,
                }
            )
    return rows


def look_at_first(home: Path, task: Task, fidelity: Fidelity, path: Path) -> tuple[float, float]:
    """Train the baseline with the first of the seeds; draw what it says of test scenes, where the task has drawings.

    Returns what its quality loses and gains at most with other test photographs (95%).
    """
    blocks = baseline_blocks(task)
    examples = task.load(home, fidelity.data, "train").take(slice(0, fidelity.train_examples))
    state = train(blocks, task, task.arrays(examples), fidelity, jax.random.key(SEEDS[0]))
    test = task.load(home, fidelity.data, "test").take(slice(0, fidelity.eval_examples))
    found = predict(blocks, task, state, test.images)
    if task.name in DRAWN:
        task.draw_all(test, found, path)
    quality, low, high = photograph_interval(task, test, found)
    return max(quality - low, 0.0), max(high - quality, 0.0)


def run(settings: Settings, home: Path, folder: Path) -> None:
    """Train, cost and draw the baselines of all tasks; rows of other data sets and recipes in the table are kept."""
    folder.mkdir(parents=True, exist_ok=True)
    rows, suffix = [], f"_{settings.dataset}" if settings.dataset else ""
    for name in settings.task:
        task, fidelity = make_task(name, settings.dataset), on_test(RECIPES[settings.recipe][name])
        prepare_with_progress(home, task.config(fidelity.data), task.dataset)
        term = look_at_first(home, task, fidelity, folder / f"predictions_{name}{suffix}.png")
        rows += baseline_rows(home, task, settings.recipe, settings.accelerators, term)
        if name == "detection" and isinstance(scenes := task.load(home, fidelity.data, "test"), Scenes):
            names = get_dataset(task.dataset).class_names
            write_contact_sheet(scenes, folder / f"scenes{suffix}.png", names)
    table = merge_rows(folder / "baselines.csv", pd.DataFrame(rows), ("task", "dataset", "accelerator", "recipe"))
    print_frame(table)
