"""A list of trainings, done side by side on all cores: those in the store are not repeated."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

from benchmarks.progress import SearchProgress
from benchmarks.store import TrialStore
from benchmarks.trial_runner import TrialRunner
from benchmarks.trials import Trial
from hw_model.blocks import Block
from tasks.fidelity import Fidelity


class Training(NamedTuple):
    """One training that is wanted; `name` is for the progress display."""

    name: str
    blocks: tuple[Block, ...]
    fidelity: Fidelity
    seed: int


def train_all(home: Path, task: Any, title: str, wanted: Sequence[Training]) -> list[Trial]:
    """The trials of these trainings, in their order.  Raises TaskInputError where data are missing."""
    splits = sorted({(f.data, split) for _, _, f, _ in wanted for split in ("train", f.eval_split)})
    found: dict[int, Trial] = {}
    with (
        TrialStore(home / "trials.sqlite") as store,
        TrialRunner(home, task, tuple(splits), store) as runner,
        SearchProgress(title, total=len(wanted)) as progress,
    ):
        runner.show(progress)
        for number, training in enumerate(wanted):
            runner.request((training.name, number), training.blocks, training.fidelity, training.seed)
        while completed := runner.next_completed():
            for trial, who in completed:
                assert isinstance(who, tuple)
                found[who[1]] = trial
    return [found[number] for number in range(len(wanted))]
