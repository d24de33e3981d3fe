"""A list of trainings, done side by side on all cores: those in the store are not repeated."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.evaluators.trained import TrainingPool
from benchmarks.runtime.progress import SearchProgress
from benchmarks.store.records import Trial
from benchmarks.store.sqlite import open_store
from hw_model.blocks import Block
from tasks.fidelity import Fidelity
from tasks.training import training_flops


@dataclass(frozen=True)
class Training:
    """One training that is wanted; `name` is for the progress display."""

    name: str
    blocks: tuple[Block, ...]
    fidelity: Fidelity
    seed: int
    weights: bool = False
    """Keep them (`evaluators.weights`)."""

    def __str__(self):
        return f"{self.name} seed {self.seed}"


def run_trainings(pool: TrainingPool, title: str, wanted: Sequence[Training]) -> list[Trial]:
    """The trials of these trainings, in their order."""
    owner, found, pool.most = object(), {}, len(wanted)
    with SearchProgress(title, total=len(wanted)) as progress:
        pool.show(progress)
        asked = {
            each: pool.submit(owner, str(each), each.blocks, each.fidelity, each.seed, weights=each.weights)
            for each in in_order(wanted)
        }
        while len(found) < len(wanted):
            found.update(pool.completed(owner))
    return [found[asked[training]] for training in wanted]


def in_order(wanted: Sequence[Training]) -> list[Training]:
    """The order that takes least time: longest first, so that no core is idle at the end.

    But a network's further trainings come after the first ones of all networks, and find its compilation done.
    """
    longest = sorted(wanted, key=lambda each: -training_flops(each.blocks, each.fidelity))
    first: dict[tuple[Block, ...], Training] = {}
    for training in longest:
        first.setdefault(training.blocks, training)
    return [*first.values(), *(training for training in longest if training is not first[training.blocks])]


def train_all(home: Path, task: Any, title: str, wanted: Sequence[Training]) -> list[Trial]:
    """As run_trainings, with workers of its own.  Raises TaskInputError where data are missing."""
    fidelities = [each.fidelity for each in wanted]
    with open_store(home) as store, TrainingPool(home, task, fidelities, store) as pool:
        return run_trainings(pool, title, wanted)
