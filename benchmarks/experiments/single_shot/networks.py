"""Which networks supernets rank: all that the task's trained table has of the space that the supernet shares."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np

from benchmarks.errors import BenchmarkInputError
from benchmarks.store.keys import canonical_json
from benchmarks.tables.design import table_spaces
from benchmarks.tables.recipes import SEARCH
from benchmarks.tables.trained import finished_trials
from hw_model.blocks import Block
from tasks.errors import TaskInputError
from tasks.spaces.lowering import MULTIPLIER
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
            f"allowed: {FEWEST} and more, which `accelnas table build` trains"
        )
    return [Ranked(*each, float(np.mean(qualities[key]))) for key, each in found.items()]


def held_by(space: SearchSpace, own: SearchSpace, genotype: tuple[int, ...]) -> tuple[int, ...] | None:
    """The genotype in a space over the same skeleton of the network that one of another stands for; None without."""
    blocks = canonical_json([block.__dict__ for block in own.decode(genotype)])
    for candidate in _candidates(space, own, genotype):
        if canonical_json([block.__dict__ for block in space.decode(candidate)]) == blocks:
            return candidate
    return None


def _candidates(space: SearchSpace, own: SearchSpace, genotype: tuple[int, ...]) -> Iterator[tuple[int, ...]]:
    if own.decisions == space.decisions:
        yield genotype
    try:
        yield space.encode({MULTIPLIER: 1.0} | own.effective(genotype))
    except TaskInputError:
        return
