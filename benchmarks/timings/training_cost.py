"""What a training by the tables' recipe "search" takes of a core: CPU seconds, as scores of untrained networks have.

    accelnas reproduce training_cost  # writes results/timings/training_cost.csv; ten minutes of a core

Seconds by the clock, which the tables have, are of whatever else ran there too: half as many or four times as many for
the same network.  Here some networks of each task's table, at even places by their FLOPs, train for STEPS steps in
workers, as in searches, and the worker's own CPU time is counted.

cpu_s: of all the recipe's steps and the evaluation, compilation apart; step_ms: of one step, mean of those after the
first call; evaluation_s: predictions and metric; compile_s: the rest of the first calls.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import jax
import numpy as np
import pandas as pd

from benchmarks.errors import check_count
from benchmarks.evaluators.verify import training_of
from benchmarks.runtime.console import print_frame
from benchmarks.runtime.jobs import run_jobs
from benchmarks.runtime.prepare import prepare_with_progress
from benchmarks.runtime.worker_data import WorkerData
from benchmarks.store.files import merge_rows
from benchmarks.store.provenance import current_provenance
from benchmarks.tables.files import SHIPPED
from benchmarks.tables.recipes import SEARCH
from benchmarks.tables.trained import finished_trials
from hw_model.blocks import Block
from hw_model.network_text import summary
from tasks.fidelity import Fidelity
from tasks.registry import TASKS, make_task
from tasks.training import EVAL_BATCH, STEPS_PER_CALL, predict, train, training_flops

STEPS = 5 * STEPS_PER_CALL
KEY = ("task", "device")

Row = dict[str, Any]


@dataclass(frozen=True)
class Settings:
    """What `accelnas reproduce training_cost --set NAME=VALUE` may change."""

    task: tuple[str, ...] = tuple(TASKS)
    """Tasks to do; rows of others in the table that is there are kept."""
    networks: int = 8
    """Of each task."""

    def __post_init__(self):
        check_count("networks", self.networks, most=1_000)


def run(settings: Settings, home: Path, folder: Path) -> None:
    """Time, print and write."""
    for name in settings.task:
        task, recipe = make_task(name), SEARCH[name]
        prepare_with_progress(home, task.config(recipe.data), task.dataset)
        splits = [(recipe.data, "train"), (recipe.data, recipe.eval_split)]
        jobs = {summary(chain): (chain, recipe) for chain in networks(SHIPPED, name, settings.networks)}
        timed = run_jobs(home, task, splits, f"{name} costs", time_training, jobs, lambda row: f"{row['cpu_s']:.3g} s")
        table = pd.DataFrame([{"task": name} | row for row in timed.values()])
        print_frame(merge_rows(folder / "training_cost.csv", table, KEY))


def networks(results: Path, name: str, count: int) -> list[tuple[Block, ...]]:
    """As many of a table's networks, from few to many FLOPs."""
    of_each = {trial.key.architecture: trial for trial in finished_trials(results, name, SEARCH[name])}
    ordered = sorted(of_each.values(), key=lambda trial: trial.training_flops)
    places = np.linspace(0, len(ordered) - 1, count).round().astype(int)
    return [training_of(ordered[place]).blocks for place in places]


def time_training(data: WorkerData, job: tuple[tuple[Block, ...], Fidelity], report: Callable[[float], None]) -> Row:
    """CPU seconds of this process for one network, compilation apart, by what a few steps take."""
    jax.config.update("jax_enable_compilation_cache", False)  # searches rarely meet a network again
    chain, recipe = job
    task = data.task
    arrays = task.arrays(data.splits[recipe.data, "train"].take(slice(0, recipe.train_examples)))
    held_out = data.splits[recipe.data, recipe.eval_split].take(slice(0, recipe.eval_examples))
    moments = [time.process_time()]

    def mark(fraction: float) -> None:
        moments.append(time.process_time())
        report(fraction)

    brief = replace(recipe, example_passes=STEPS * recipe.batch_size)
    state = train(chain, task, arrays, brief, jax.random.key(0), mark)
    step_s = (moments[-1] - moments[1]) / (STEPS - STEPS_PER_CALL)
    moments.append(time.process_time())
    predict(chain, task, state, held_out.images[:EVAL_BATCH])  # compiles
    moments.append(time.process_time())
    task.quality(held_out, predict(chain, task, state, held_out.images))
    evaluation_s = time.process_time() - moments[-1]
    compile_s = moments[1] - moments[0] - STEPS_PER_CALL * step_s + moments[-1] - moments[-2]
    return {
        "device": current_provenance().device,
        "network": summary(chain),
        "train_flops": training_flops(chain, recipe),
        "cpu_s": step_s * recipe.steps + evaluation_s,
        "step_ms": 1e3 * step_s,
        "evaluation_s": evaluation_s,
        "compile_s": compile_s,
    }
