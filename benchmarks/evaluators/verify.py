"""Check what is kept, and train some trials again and compare."""

from __future__ import annotations

import heapq
import json
import tempfile
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from rich.console import Console
from rich.table import Table

from benchmarks.errors import BenchmarkInputError, report_skipped
from benchmarks.evaluators.trained import TrainingPool
from benchmarks.evaluators.trainings import Training, run_trainings
from benchmarks.runtime.prepare import prepare_with_progress
from benchmarks.store.importing import check_trial
from benchmarks.store.keys import sha256
from benchmarks.store.parquet import kind_of, read_rows, rows_of
from benchmarks.store.records import Result, Trial
from benchmarks.store.sqlite import ResultStore, open_store
from hw_model.blocks import Block
from hw_model.vela.measurements import MeasurementCache
from tasks.errors import TaskInputError
from tasks.fidelity import Fidelity
from tasks.registry import make_task
from tasks.task import Task
from tasks.training import TRAINING_CODE_VERSION


class Checked(NamedTuple):
    """What a check of all rows came to."""

    rows: int
    """Rows that were read."""
    trials: int
    """Sound trials among them."""
    damaged: int
    """Rows that are not sound or there twice, and faults of a file besides."""
    repeatable: int
    """Trials that can be trained again here: done, of this code, of the tasks' own data, compiled alone."""
    drawn: list[Trial]
    """Some of those, at random."""


def check(
    file: Path | None, home: Path, count: int, seed: int, of: Callable[[Trial], bool] = lambda trial: True
) -> Checked:
    """Read every row of a file, or of all that the home keeps, report what is damaged, and draw `count` trials.

    of: which trials may be drawn.  Raises BenchmarkInputError where the file is none of ours.
    """
    rows = trials = damaged = repeatable = 0
    seen: set[str] = set()

    def candidates() -> Iterator[Trial]:
        nonlocal rows, trials, damaged, repeatable
        for found in _everything(file, home):
            rows += rows_of(found)
            try:
                if isinstance(found, str):
                    raise BenchmarkInputError(found)
                if found.digest in seen:
                    raise BenchmarkInputError("an earlier row is of the same; allowed: one of each")
                if file is not None:  # the home cannot have one twice
                    seen.add(found.digest)
                if isinstance(found, Trial):
                    check_trial(found)
                    trials += 1
                    if _can_repeat(found) and of(found):
                        repeatable += 1
                        yield found
            except BenchmarkInputError as error:
                damaged += rows_of(found)
                report_skipped(str(error) if isinstance(found, str) else f"{file or home}: {found.digest}: {error}")

    # by a hash, so that the order of the rows does not matter
    drawn = heapq.nsmallest(max(count, 1), candidates(), key=lambda trial: sha256(f"{seed} {trial.digest}"))
    return Checked(rows, trials, damaged, repeatable, drawn[:count])


def _everything(file: Path | None, home: Path) -> Iterator[Trial | Result | str]:
    if file is not None:
        yield from read_rows(file, kind_of(file))
        return
    with open_store(home) as store:
        yield from store.everything()
    measurements = home / "measurements.sqlite"
    if measurements.exists():
        with MeasurementCache(measurements) as cache:
            yield from cache.problems()


def train_again(task: Task, trials: Sequence[Trial], home: Path, store: ResultStore) -> list[tuple[Trial, Trial]]:
    """Each of a task's trials, and what the same training gives now; what the store has of them is not done again.

    Data that are not below the home are prepared first.
    """
    wanted = [training_of(each) for each in trials]
    for data in sorted({task.config(each.fidelity.data) for each in wanted}):
        prepare_with_progress(home, data, task.dataset)
    with TrainingPool(home, task, [each.fidelity for each in wanted], store) as pool:
        return list(zip(trials, run_trainings(pool, task.name, wanted), strict=True))


def hold_again(chosen: Sequence[Trial], tolerance: float, home: Path) -> bool:
    """Train these trials again, print both qualities, and say whether none differs by more than the tolerance."""
    differences = []
    table = Table("task", "seed", "example passes", "metric", "stored", "now", "difference")
    for task_name in sorted({each.key.task for each in chosen}):
        task = _task_of(task_name)
        mine = [each for each in chosen if each.key.task == task_name]
        # a store of its own, which has none of them
        with tempfile.TemporaryDirectory() as folder, open_store(Path(folder)) as store:
            pairs = train_again(task, mine, home, store)
        for old, new in pairs:
            values = [each.value(task.metric) for each in (old, new)]
            differences.append(abs(values[1] - values[0]))
            shown = f"{values[0]:.6f}", f"{values[1]:.6f}", f"{values[1] - values[0]:+.2g}"
            table.add_row(task_name, str(old.key.seed), str(old.example_passes), task.metric, *shown)
    Console().print(table)
    equal = sum(difference == 0 for difference in differences)
    print(f"{equal} of {len(differences)} equal to the last bit; largest difference {max(differences):.3g}")
    # NaN, of a training that failed now, is not within it
    return all(difference <= tolerance for difference in differences)


def _task_of(name: str) -> Task:
    kind, _, classes = name.rpartition("-")
    return make_task(kind, None, int(classes))


def training_of(trial: Trial) -> Training:
    """What was trained."""
    blocks = tuple(Block(**block) for block in json.loads(trial.key.architecture))
    return Training(trial.key.task, blocks, Fidelity(**json.loads(trial.key.fidelity)), trial.key.seed)


def _can_repeat(trial: Trial) -> bool:
    key = trial.key
    if (trial.state, key.code_path, key.code_version) != ("done", "static", TRAINING_CODE_VERSION):
        return False
    data = json.loads(key.fidelity)["data"]
    try:
        return _task_of(key.task).data_version(data) == key.data_version
    except TaskInputError:  # a data set that is not the task's own
        return False
