"""The tasks by name."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import Any

from tasks.augmentation import Augmentation
from tasks.classification.task import ClassificationTask
from tasks.data.catalogue import CatalogueDataset
from tasks.data.datasets import Dataset, get_dataset, is_users
from tasks.data.store import DatasetStore
from tasks.detection.task import DetectionTask
from tasks.errors import TaskInputError
from tasks.segmentation.task import SegmentationTask
from tasks.task import Task

TASKS: Mapping[str, Callable[..., Any]] = MappingProxyType(
    {"classification": ClassificationTask, "detection": DetectionTask, "segmentation": SegmentationTask}
)


def make_task(
    name: str, dataset: str | None = None, classes: int | None = None, augmentation: Augmentation | None = None
) -> Task:
    """A task on a data set with so many classes; what is None is the task's default.

    The classes are the data set's, or one: all objects alike, which classification cannot have.  On the suite's own
    data sets the default is one; on what somebody brings it is the data's.
    Raises TaskInputError for an unknown task or data set, for one that is not there for the task, and for another
    number of classes.
    """
    if name not in TASKS:
        raise TaskInputError(f"unknown task {name!r}; allowed: {', '.join(TASKS)}")
    chosen = {} if dataset is None else {"dataset": dataset}
    task = TASKS[name](**chosen)
    found = get_dataset(task.dataset)
    known = len(found.class_names)
    allowed = (known,) if name == "classification" else (1, known)
    if is_users(found):
        if name not in found.configs:
            raise TaskInputError(f"{name} on {found.name[-120:]}; allowed: {', '.join(found.configs)}")
        chosen = {"dataset": found.name}
        allowed = (known, 1) if found.background and name != "classification" else (known,)
    if not _holds(found, task):
        fitting = [each for each in TASKS if _holds(found, TASKS[each](dataset=task.dataset))]
        raise TaskInputError(f"{name} on {task.dataset}; allowed: {', '.join(fitting)}")
    if classes is None:
        classes = allowed[0]
    if classes not in allowed:
        raise TaskInputError(
            f"{name} on {task.dataset} into {classes} classes; allowed: {', '.join(map(str, sorted(set(allowed))))}"
        )
    made = TASKS[name](**chosen, classes=classes)
    return made if augmentation in (None, made.usual_augmentation) else replace(made, augmentation=augmentation)


def _holds(dataset: Dataset, task: Any) -> bool:
    """Whether a data set of the suite's has what the task trains on."""
    if isinstance(dataset, CatalogueDataset):
        return bool(set(task.views) & set(dataset.configs))
    return not isinstance(dataset, DatasetStore) or isinstance(dataset.empty(0), task.examples)
