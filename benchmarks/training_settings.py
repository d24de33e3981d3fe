"""What `--training NAME=VALUE` sets of a training: part of every key, so that nothing trained otherwise is reused."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from types import MappingProxyType
from typing import Any

from benchmarks.errors import BenchmarkInputError, check_once
from tasks.fidelity import Fidelity
from tasks.registry import make_task
from tasks.sides import height_width
from tasks.task import DatasetTask, Task

_WORDS = {"yes": True, "no": False, "true": True, "false": False}


def _number(kind: Callable[[str], Any], least: float, most: float) -> tuple[Callable[[str], Any], str]:
    def read(text: str) -> Any:
        value = kind(text)
        if not least <= value <= most:
            raise ValueError
        return value

    what = "whole numbers" if kind is int else "numbers"
    return read, f"{what} {least:g} to {most:g}"


FIDELITY: Mapping[str, tuple[str, tuple[Callable[[str], Any], str]]] = MappingProxyType(
    {
        "passes": ("example_passes", _number(int, 1, 1_000_000_000)),
        "learning_rate": ("peak_learning_rate", _number(float, 1e-6, 10)),
        "batch_size": ("batch_size", _number(int, 1, 4096)),
        "weight_decay": ("weight_decay", _number(float, 0, 1)),
    }
)
"""Settings of a Fidelity: {name: (its field, (what reads a text, what is allowed))}."""
AUGMENTATION: Mapping[str, tuple[Callable[[str], Any], str]] = MappingProxyType(
    {
        "mirror": (_WORDS.__getitem__, "yes, no"),
        "shift_pixels": _number(int, 0, 64),
        "brightness": _number(float, 0, 1),
    }
)
"""Settings of an Augmentation."""
NAMES = (*FIDELITY, *AUGMENTATION)


def with_training(task: Task, fidelity: Fidelity, given: Sequence[str]) -> tuple[Task, Fidelity]:
    """The task and the fidelity with what NAME=VALUE says of them changed.

    Raises BenchmarkInputError, naming what is allowed.
    """
    check_once("--training", [text.partition("=")[0] for text in given])
    changed: dict[str, dict[str, Any]] = {"fidelity": {}, "augmentation": {}}
    for text in given:
        name, equals, value = text.partition("=")
        if not equals or name not in NAMES:
            raise BenchmarkInputError(f"--training {text[:40]!r}; allowed: NAME=VALUE of {', '.join(NAMES)}")
        field, (read, allowed) = FIDELITY.get(name) or (name, AUGMENTATION[name])
        try:
            changed["fidelity" if name in FIDELITY else "augmentation"][field] = read(value)
        except (KeyError, ValueError, OverflowError) as error:
            raise BenchmarkInputError(f"--training {name} is {value[:40]!r}; allowed: {allowed}") from error
    fidelity = replace(fidelity, **changed["fidelity"])
    if fidelity.example_passes < fidelity.batch_size:
        raise BenchmarkInputError(
            f"--training passes is {fidelity.example_passes}; allowed: {fidelity.batch_size}, its batch_size, and more"
        )
    if changed["augmentation"]:
        assert isinstance(task, DatasetTask)
        augmentation = replace(task.usual_augmentation, **changed["augmentation"])
        most = min(height_width(task.side_pixels)) // 2
        if augmentation.shift_pixels > most:
            raise BenchmarkInputError(f"--training shift_pixels is {augmentation.shift_pixels}; allowed: 0 to {most}")
        task = make_task(task.name, task.dataset, task.classes, augmentation)
    return task, fidelity
