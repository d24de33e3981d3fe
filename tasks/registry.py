"""The tasks by name."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType

from tasks.classification.task import ClassificationTask
from tasks.data.datasets import get_dataset
from tasks.detection.task import DetectionTask
from tasks.errors import TaskInputError
from tasks.segmentation.task import SegmentationTask
from tasks.task import Task

TASKS: Mapping[str, Callable[..., Task]] = MappingProxyType(
    {"classification": ClassificationTask, "detection": DetectionTask, "segmentation": SegmentationTask}
)


def make_task(name: str, dataset: str | None = None, classes: int | None = None) -> Task:
    """A task on a data set with so many classes; what is None is the task's default.

    The classes are the data set's, or one: all objects alike, which classification cannot have.
    Raises TaskInputError for an unknown task or data set, and for another number of classes.
    """
    if name not in TASKS:
        raise TaskInputError(f"unknown task {name!r}; allowed: {', '.join(TASKS)}")
    chosen = {} if dataset is None else {"dataset": dataset}
    task = TASKS[name](**chosen)
    known = len(get_dataset(task.dataset).class_names)
    allowed = (known,) if name == "classification" else (1, known)
    if classes is None:
        classes = allowed[0]
    if classes not in allowed:
        raise TaskInputError(
            f"{name} on {task.dataset} into {classes} classes; allowed: {', '.join(map(str, allowed))}"
        )
    return TASKS[name](**chosen, classes=classes)
