"""Which networks supernets rank: all that the task's trained table has of the space that the supernet shares."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import numpy as np

from benchmarks.errors import BenchmarkInputError
from benchmarks.tables.design import table_spaces
from benchmarks.tables.held import held_by
from benchmarks.tables.recipes import SEARCH
from benchmarks.tables.trained import by_network, design_cells, finished_trials, without_confirming
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
    """Mean over the seeds of its trainings from scratch by the recipe "search"."""
    cell: int
    """Of the design; a network drawn alone has one of its own, below 0."""


def networks_to_rank(results: Path, task: Task, space: SearchSpace) -> list[Ranked]:
    """In the table's order.  Raises BenchmarkInputError where the table holds fewer than FEWEST of the space, and
    where there is no design.
    """
    own = table_spaces(task)
    trials = without_confirming(finished_trials(results, task.name, SEARCH[task.name]))
    qualities, cells = by_network(trials, task.metric), design_cells(results, task.name)
    found: dict[str, Ranked] = {}
    for trial in trials:
        key = trial.key.architecture
        if key not in found and (held := held_by(space, own[trial.space], trial.genotype)) is not None:
            cell = cells.get((trial.space, " ".join(map(str, trial.genotype))), -1 - len(found))
            found[key] = Ranked(held, space.decode(held), float(np.mean(qualities[key])), cell)
    if len(found) < FEWEST:
        raise BenchmarkInputError(
            f"the table of {task.name} has {len(found)} networks of the space {space.name}; "
            f"allowed: {FEWEST} and more, which `accelnas table build --task {task.name}` trains"
        )
    return list(found.values())
