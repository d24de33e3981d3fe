"""The tasks' baselines and detection's winners, trained, exported to int8 and compiled.

Writes results/export/export.csv, a row for each network and accelerator, and detection's int8 files themselves; run:
accelnas reproduce export.

A winner is what the article's table asks for: in a space of the task, the network that is fastest on the accelerator
and predicted, by the task's trained table, to be as good as the baseline.  Each network is trained once, by the tables'
recipe; quality is that of its .tflite files in LiteRT on test examples.  searched_ms is what a search is told (the
estimator), compiled_ms what the compiler says of the network with drawn weights, exported_ms with the trained ones.
file: the int8 file, that of the first row with the same network.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from rich.console import Console

from benchmarks.errors import NoResultError
from benchmarks.evaluators.trained import trial_key
from benchmarks.evaluators.trainings import Training, train_all
from benchmarks.evaluators.weights import WEIGHTS, kept_folder, read_weights
from benchmarks.experiments.export.settings import Settings
from benchmarks.fidelities import FIRST_FINAL_SEED, on_test
from benchmarks.runtime.prepare import prepare_with_progress
from benchmarks.saved.export import Exported, compile_exported, export_network
from benchmarks.search.problem import baseline_blocks
from benchmarks.store.files import merge_rows
from benchmarks.tables.arena import all_genotypes
from benchmarks.tables.optima import ROUNDING, baseline_figures, judge_of
from benchmarks.tables.query import load_table
from benchmarks.tables.recipes import RECIPES
from hw_model.blocks import Block
from hw_model.files import write_whole
from hw_model.vela.accelerators import get_accelerator
from hw_model.vela.chain import whole_cost
from hw_model.vela.measurements import MeasurementCache
from tasks.deployment.litert import check_extra
from tasks.fidelity import Fidelity
from tasks.registry import make_task
from tasks.spaces.registry import ARTICLE_SPACES
from tasks.task import Task
from tasks.training import full_batches

__all__ = ["Settings", "run"]

BASELINE = "Baseline"
WINNERS = ("detection",)
"""Tasks whose winners are exported too, and whose files are kept."""
CHUNK = 4_096
"""Genotypes of one compiled call."""


class Model(NamedTuple):
    """One network of the table."""

    name: str
    """As detection.csv has it: Baseline, V1, V2 or V3."""
    accelerators: tuple[str, ...]
    """That it is compiled for."""
    blocks: tuple[Block, ...]
    """The network."""


def file_names(task: Task, chosen: list[Model]) -> dict[tuple[Block, ...], str]:
    """Of each network's int8 file, after the first of the models that have it."""
    names = {}
    for model in chosen:
        where = () if model.name == BASELINE else model.accelerators
        names.setdefault(model.blocks, f"{'-'.join((task.name, model.name, *where))}.tflite")
    return names


def run(settings: Settings, home: Path, folder: Path) -> None:
    """Train, export, compile, print and write; rows of other tasks in the table that is there are kept."""
    check_extra()
    tables = []
    for name in settings.task:
        task, recipe = make_task(name), on_test(RECIPES[settings.recipe][name])
        chosen = list(models(task, settings.accelerators))
        prepare_with_progress(home, task.config(recipe.data), task.dataset)
        networks = tuple(dict.fromkeys(model.blocks for model in chosen))
        trained = train_networks(home, task, recipe, networks)
        test = task.load(home, recipe.data, recipe.eval_split).take(slice(0, recipe.eval_examples))
        calibration = task.load(home, recipe.data, "train").images[: settings.calibration]
        exported = {
            blocks: export_network(blocks, task, variables, calibration, test) for blocks, variables in trained.items()
        }
        tables += model_rows(home, task, chosen, exported)
        if name in WINNERS:
            for blocks, file in file_names(task, chosen).items():
                write_whole(folder / file, exported[blocks].int8_file)
    table = merge_rows(folder / "export.csv", pd.DataFrame(tables), ("task", "model", "accelerator"))
    Console(width=200).print(table.to_string(index=False, float_format="%.4g"))


def models(task: Task, accelerators: tuple[str, ...]) -> Iterator[Model]:
    """The baseline, and the winners of the article's spaces where the task's are exported.

    Raises BenchmarkInputError where a file of the task's table is missing.
    """
    yield Model(BASELINE, accelerators, baseline_blocks(task))
    if task.name not in WINNERS:
        return
    levels = baseline_figures(load_table(task.name), accelerators)
    for space in ARTICLE_SPACES[task.name]:
        table = load_table(task.name, space)
        genotypes = all_genotypes(table.space.cardinalities)
        for accelerator in accelerators:
            judge = judge_of(table, accelerator)
            parts = full_batches(genotypes, min(CHUNK, len(genotypes)))
            scores = np.concatenate([np.asarray(judge(part)) for part in parts])[: len(genotypes)]
            winner = fastest(scores, levels[accelerator][1])
            yield Model(space, (accelerator,), table.space.decode(genotypes[winner].tolist()))


def fastest(scores: np.ndarray, level: float) -> int:
    """The row of scores (minus quality, latency) [n, 2] of least latency among those of that quality or better.

    The baseline is in each space, so that there is one.
    """
    good = np.flatnonzero(-scores[:, 0] >= level - ROUNDING)
    return int(good[np.argmin(scores[good, 1])])


def train_networks(
    home: Path, task: Task, recipe: Fidelity, networks: tuple[tuple[Block, ...], ...]
) -> dict[tuple[Block, ...], dict[str, Any]]:
    """Each network's variables, trained once and kept under `home`.

    Raises NoResultError where a training diverged.
    """
    wanted = [
        Training(f"{task.name} {number}", blocks, recipe, FIRST_FINAL_SEED, weights=True)
        for number, blocks in enumerate(networks)
    ]
    for trial in train_all(home, task, f"{task.name} for export", wanted):
        if trial.error:
            raise NoResultError(f"a training of {task.name} failed: {trial.error}")
    keys = {blocks: trial_key(task, blocks, recipe, FIRST_FINAL_SEED) for blocks in networks}
    return {blocks: read_weights(kept_folder(home, key) / WEIGHTS) for blocks, key in keys.items()}


def model_rows(
    home: Path, task: Task, chosen: list[Model], exported: dict[tuple[Block, ...], Exported]
) -> Iterator[dict[str, Any]]:
    """A row for each network and accelerator."""
    files = file_names(task, chosen)
    with MeasurementCache(home / "measurements.sqlite") as cache:
        for model in chosen:
            made = exported[model.blocks]
            for cost in compile_exported(model.blocks, made.int8_file, model.accelerators):
                yield {
                    "task": task.name,
                    "model": model.name,
                    "accelerator": cost.accelerator,
                    "quality_float": made.float_quality[task.metric],
                    "quality_int8": made.int8_quality[task.metric],
                    "searched_ms": cost.searched_ms,
                    "exported_ms": cost.exported_ms,
                    "bytes": len(made.int8_file),
                    "float_bytes": len(made.float_file),
                    "compiled_ms": float(whole_cost(model.blocks, get_accelerator(cost.accelerator), cache).latency_ms),
                    "float_difference": made.difference,
                    "cpu_operators": cost.on_cpu,
                    "file": files[model.blocks] if task.name in WINNERS else "",
                }
