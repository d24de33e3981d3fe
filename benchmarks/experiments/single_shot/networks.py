"""Which networks supernets rank: all that the task's trained table has of the space that the supernet shares."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import numpy as np

from benchmarks.errors import BenchmarkInputError
from benchmarks.tables.design import table_spaces
from benchmarks.tables.held import held_by
from benchmarks.tables.recipes import SEARCH
from benchmarks.tables.trained import finished_trials
from hw_model.blocks import Block
from tasks.spaces.space import SearchSpace
from tasks.task import Task

FEWEST = 24


class Ranked(NamedTuple):
    """A network to rank."""

    genotype: tuple[int, ...]
    """In the supernet's space."""
    blocks: tuple[Block, ...]
    """The network."""
    quality: float
    """Mean of its trainings from scratch by the recipe "search"."""


def networks_to_rank(results: Path, task: Task, space: SearchSpace) -> list[Ranked]:
    """In the table's order.  Raises BenchmarkInputError where the table holds fewer than FEWEST of the space."""
    own, qualities = table_spaces(task), dict[str, list[float]]()
    found: dict[str, tuple[tuple[int, ...], tuple[Block, ...]]] = {}
    for trial in finished_trials(results, task.name, SEARCH[task.name]):
        key = trial.key.architecture
        qualities.setdefault(key, []).append(trial.quality[task.metric])
        if key not in found and (held := held_by(space, own[trial.space], trial.genotype)) is not None:
            found[key] = held, space.decode(held)
    if len(found) < FEWEST:
        raise BenchmarkInputError(
            f"the table of {task.name} has {len(found)} networks of the space {space.name}; "
            f"allowed: {FEWEST} and more, which `accelnas table build --task {task.name}` trains"
        )
    return [Ranked(*each, float(np.mean(qualities[key]))) for key, each in found.items()]
