"""The tasks' baselines and detection's winners, trained, exported to int8 and compiled.

Writes results/export/export.csv, a row for each network and accelerator, and detection's int8 files themselves; run:
accelnas reproduce export.

Winners are those of results/detection/detection.csv, which `accelnas reproduce detection` makes: in each of the
article's spaces the fastest on an accelerator of those that the trained table expects to keep the baseline's mAP.  Each
network is trained once, by the tables' recipe; quality is that of its .tflite files in LiteRT on test examples.
searched_ms is what a search sees (the estimator's), compiled_ms what the compiler says of the network with drawn
weights, exported_ms with the trained ones.  file: the int8 file, detection-MODEL.tflite, which is kept of detection's
baseline and of its winners on one accelerator.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pandas as pd

from benchmarks.errors import BenchmarkInputError, NoResultError
from benchmarks.evaluators.trained import trial_key
from benchmarks.evaluators.trainings import Training, train_all
from benchmarks.evaluators.weights import WEIGHTS, kept_folder, read_weights
from benchmarks.experiments.export.settings import Settings
from benchmarks.fidelities import FIRST_FINAL_SEED, on_test
from benchmarks.problem import baseline_blocks
from benchmarks.runtime.console import print_frame
from benchmarks.runtime.prepare import prepare_with_progress
from benchmarks.saved.export import Exported, compile_exported, export_network
from benchmarks.store.files import merge_rows, read_own_csv
from benchmarks.tables.files import SHIPPED
from benchmarks.tables.recipes import RECIPES
from hw_model.blocks import Block
from hw_model.files import write_whole
from hw_model.vela.accelerators import get_accelerator
from hw_model.vela.chain import whole_cost
from hw_model.vela.measurements import MeasurementCache
from tasks.deployment.litert import check_extra
from tasks.fidelity import Fidelity
from tasks.registry import make_task
from tasks.spaces.lowering import MULTIPLIER
from tasks.spaces.registry import ARTICLE_SPACES, article_space
from tasks.task import Task

__all__ = ["Settings", "run"]

BASELINE = "Baseline"
WINNERS = ("detection",)
"""Tasks whose winners are exported too, and whose files are kept."""
FILES_FOR = "ethos-u85-1024"
"""The accelerator whose winners' files are kept, a megabyte together."""
DETECTION = SHIPPED / "detection" / "detection.csv"
"""Where the winners are."""


class Model(NamedTuple):
    """One network of the table."""

    name: str
    """As detection.csv has it: Baseline, V1, V2 or V3."""
    accelerators: tuple[str, ...]
    """That it is compiled for."""
    blocks: tuple[Block, ...]
    """The network."""


def file_names(task: Task, chosen: list[Model]) -> dict[tuple[Block, ...], str]:
    """Of the int8 files that are kept, by network: detection's baseline and its winners on one accelerator."""
    kept = [model for model in chosen if task.name in WINNERS and FILES_FOR in model.accelerators]
    return {model.blocks: f"{task.name}-{model.name}.tflite" for model in reversed(kept)}


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
        for blocks, file in file_names(task, chosen).items():
            write_whole(folder / file, exported[blocks].int8_file)
    table = merge_rows(folder / "export.csv", pd.DataFrame(tables), ("task", "model", "accelerator"))
    print_frame(table)


def models(task: Task, accelerators: tuple[str, ...], winners: Path = DETECTION) -> Iterator[Model]:
    """The baseline, and where the task is detection the winners of the article's spaces.

    Raises BenchmarkInputError where the table of detection is missing, or has no winner of a space on an accelerator.
    """
    yield Model(BASELINE, accelerators, baseline_blocks(task))
    if task.name not in WINNERS:
        return
    rows = read_own_csv(winners, made_by="accelnas reproduce detection").to_dict("records")
    found = {(row["model"], row["accelerator"]): row for row in rows}
    for space in ARTICLE_SPACES[task.name]:
        for accelerator in accelerators:
            if (space, accelerator) not in found:
                raise BenchmarkInputError(f"{winners} has no winner of {space} on {accelerator}")
            yield Model(space, (accelerator,), described(task, str(found[space, accelerator]["architecture"])))


def described(task: Task, architecture: str) -> tuple[Block, ...]:
    """The network of what detection.csv says of one, such as "x0.75 -F3F6---": a genotype of V3.

    Raises BenchmarkInputError for a text that describes none.
    """
    space = article_space(task, "V3")
    multiplier, _, kinds = architecture.partition(" ")
    marks = re.findall(r"-|F\d", kinds)
    choices = {decision.name: decision.choices[0] for decision in space.decisions if decision.name != MULTIPLIER}
    if not re.fullmatch(r"x[\d.]+", multiplier) or "".join(marks) != kinds or len(marks) != len(choices):
        raise BenchmarkInputError(f"architecture {architecture[:40]!r}; allowed: as detection.csv has them")
    for name, kind in zip(choices, marks, strict=True):
        choices[name] = choices[name] if kind == "-" else f"fused_ibn_{kind[1:]}"
    return space.decode(space.encode(choices | {MULTIPLIER: float(multiplier[1:])}))


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
                    "file": files.get(model.blocks, ""),
                }
