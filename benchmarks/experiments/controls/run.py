"""What the tasks' metrics are without any network: the floor under every quality that is published.

Writes results/controls/controls.csv; run: accelnas reproduce controls (some minutes of two cores).

control: nearest_neighbour (Euclidean, pixels) and softmax_regression (pixels) learn from the training images that
networks train on, as many as the tables' recipe takes, and all are evaluated on as many test images as networks are;
constant gives every image the same answer, 100 boxes at clusters of training boxes, or the most frequent class of each
pixel.  quality: the task's metric on test examples; quality_low, quality_high: its 95% interval over the choice of the
test photographs (bootstrap by photograph), NaN where images are not composed over photographs.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any

import jax.numpy as jnp
import numpy as np
import pandas as pd

from benchmarks.evaluators.photographs import photograph_interval
from benchmarks.experiments.controls.settings import Settings
from benchmarks.runtime.prepare import prepare_with_progress
from benchmarks.store.files import merge_rows
from benchmarks.tables.recipes import SEARCH
from tasks.classification.task import Classification
from tasks.controls import constant_detections, constant_mask, nearest_neighbour, softmax_regression
from tasks.data.labelled import LabelledImages
from tasks.data.scenes import Scenes
from tasks.errors import TaskInputError
from tasks.registry import make_task
from tasks.task import Task


def control_qualities(task: Task, home: Path, data: str) -> dict[str, tuple[float, float, float]]:
    """The quality on test examples of each control that the task has, with its interval over photographs."""
    recipe = SEARCH[task.name]
    train = task.load(home, data, "train").take(slice(0, recipe.train_examples))
    test = task.load(home, data, "test").take(slice(0, recipe.eval_examples))
    return {
        name: photograph_interval(task, test, found) for name, found in CONTROLS[task.name](task, train, test).items()
    }


def _of_classes(task: Task, train: LabelledImages, test: LabelledImages) -> dict[str, Any]:
    labels = nearest_neighbour(train.images, train.labels, test.images)
    nearest = np.log(np.eye(task.classes, dtype=np.float32)[labels] + np.float32(1e-6))
    softmax = softmax_regression(train.images, train.labels, test.images, task.classes)
    return {"nearest_neighbour": Classification(jnp.asarray(nearest)), "softmax_regression": Classification(softmax)}


def _of_boxes(task: Task, train: Scenes, test: Scenes) -> dict[str, Any]:
    del task
    return {"constant": constant_detections(train.boxes[train.labels >= 0], len(test))}


def _of_masks(task: Task, train: Scenes, test: Scenes) -> dict[str, Any]:
    return {"constant": constant_mask(task.arrays(train)["masks"], len(test))}


CONTROLS: Mapping[str, Callable[..., dict[str, Any]]] = MappingProxyType(
    {"classification": _of_classes, "detection": _of_boxes, "segmentation": _of_masks}
)
"""By task, predictions for the test examples by control, from (task, training examples, test examples)."""


def run(settings: Settings, home: Path, folder: Path) -> None:
    """Write the table.  Raises TaskInputError for a task without a control."""
    if without := [name for name in settings.task if name not in CONTROLS]:
        raise TaskInputError(f"no control for task {without[0]}; allowed: {', '.join(CONTROLS)}")
    rows = []
    for name in settings.task:
        task = make_task(name, settings.dataset)
        prepare_with_progress(home, task.config(settings.data), task.dataset)
        for control, (quality, low, high) in control_qualities(task, home, settings.data).items():
            row = {"task": name, "dataset": task.dataset, "control": control, "quality": quality}
            rows.append(row | {"quality_low": low, "quality_high": high})
    table = merge_rows(folder / "controls.csv", pd.DataFrame(rows), ("task", "dataset", "control"))
    print(table.to_string(index=False))
