"""Train some stored trials again and compare."""

from __future__ import annotations

import json
import math
import tempfile
from collections.abc import Sequence
from pathlib import Path

import jax
import numpy as np
from rich.console import Console
from rich.table import Table

from benchmarks.commands.prepare import prepare_with_progress
from benchmarks.errors import BenchmarkInputError
from benchmarks.evaluators.trainings import Training, run_trainings
from benchmarks.evaluators.trial_runner import TrialRunner
from benchmarks.store.records import Trial
from benchmarks.store.sqlite import TrialStore
from hw_model.blocks import Block
from tasks.fidelity import Fidelity
from tasks.registry import make_task
from tasks.task import Task
from tasks.training import TRAINING_CODE_VERSION


def verify(trials: Sequence[Trial], count: int, seed: int, tolerance: float, home: Path) -> bool:
    """Print stored and new quality of `count` random trials, and say whether none differs by more than the tolerance.

    Trials of other code, of data sets other than the tasks' own, or that failed are not drawn.  Raises
    BenchmarkInputError where none is left.
    """
    able = [each for each in trials if _can_repeat(each)]
    if count < 1 or not able:
        raise BenchmarkInputError(
            f"count is {count}, and {len(able)} of {len(trials)} trials are of training code {TRAINING_CODE_VERSION} "
            "and of the tasks' own data; allowed: 1 and more of each"
        )
    order = np.asarray(jax.random.permutation(jax.random.key(seed), len(able)))[:count]
    chosen = [able[place] for place in order]
    differences = []
    table = Table("task", "seed", "example passes", "metric", "stored", "now", "difference")
    for task_name in sorted({each.key.task for each in chosen}):
        task = _task_of(task_name)
        mine = [each for each in chosen if each.key.task == task_name]
        wanted = [_training_of(each) for each in mine]
        for data in sorted({each.fidelity.data for each in wanted}):
            prepare_with_progress(home, data, task.dataset)
        splits = {(each.fidelity.data, split) for each in wanted for split in ("train", each.fidelity.eval_split)}
        # a store of its own, which has none of them
        with (
            tempfile.TemporaryDirectory() as folder,
            TrialStore(Path(folder) / "trials.sqlite") as store,
            TrialRunner(home, task, tuple(sorted(splits)), store) as runner,
        ):
            again = run_trainings(runner, task_name, wanted)
        for old, new in zip(mine, again, strict=True):
            values = [each.quality.get(task.metric, math.nan) for each in (old, new)]
            differences.append(abs(values[1] - values[0]))
            shown = f"{values[0]:.6f}", f"{values[1]:.6f}", f"{values[1] - values[0]:+.2g}"
            table.add_row(task_name, str(old.key.seed), str(old.example_passes), task.metric, *shown)
    Console().print(table)
    equal = sum(difference == 0 for difference in differences)
    print(f"{equal} of {len(differences)} equal to the last bit; largest difference {max(differences):.3g}")
    # not a number, of a training that failed now, is not within it
    return all(difference <= tolerance for difference in differences)


def _task_of(name: str) -> Task:
    kind, _, classes = name.rpartition("-")
    return make_task(kind, None, int(classes))


def _training_of(trial: Trial) -> Training:
    blocks = tuple(Block(**block) for block in json.loads(trial.key.architecture))
    return Training(trial.key.task, blocks, Fidelity(**json.loads(trial.key.fidelity)), trial.key.seed)


def _can_repeat(trial: Trial) -> bool:
    if trial.state != "done" or trial.key.code_version != TRAINING_CODE_VERSION:
        return False
    data = json.loads(trial.key.fidelity)["data"]
    return _task_of(trial.key.task).data_version(data) == trial.key.data_version
