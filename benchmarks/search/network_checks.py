"""Whether a network that a user gives fits a task."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from benchmarks.errors import BenchmarkInputError
from hw_model.blocks import Block
from tasks.task import Task


def check_fits(path: Path, blocks: Sequence[Block], task: Task) -> None:
    """Raise BenchmarkInputError, naming the file, unless its input and its output are the task's."""
    for what, given, wanted in (
        ("takes images of channels", blocks[0].in_channels, task.channels),
        ("gives channels", blocks[-1].out_channels, task.output_channels),
    ):
        if given != wanted:
            raise BenchmarkInputError(f"network {path} {what} {given}; allowed for {task.name}: {wanted}")
