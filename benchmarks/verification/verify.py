"""Whether what is shipped holds: every row of the trained tables, some of them trained again, and tables made again.

The rows to train again: of each task's shipped table, those trainings of the recipe "search" that were done one by one
with this training code, in the order of the SHA-256 of the sample's number and the row's digest.  Where data, code and
machine are the same a training gives the same quality to the last bit; elsewhere it is one more draw with the noise of
another seed.  So a row holds where the two differ by no more than TOLERANCE standard deviations of such a difference,
sqrt(2) times the standard deviation between seeds that the table's surrogate states for the network.
"""

from __future__ import annotations

import contextlib
import io
import math
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np

from benchmarks.errors import BenchmarkInputError
from benchmarks.evaluators.verify import Checked, check, train_again
from benchmarks.store.keys import canonical_json
from benchmarks.store.made import changed
from benchmarks.store.records import Trial
from benchmarks.store.sqlite import open_store
from benchmarks.tables.files import SHIPPED, table_file
from benchmarks.tables.query import load_table
from benchmarks.tables.recipes import SEARCH
from benchmarks.tables.surrogate import predict
from benchmarks.tables.trained import design_workload
from benchmarks.verification.again import MAIN_JOB, Compared, compare_all, copy_shipped, make_anew
from tasks.registry import make_task

TOLERANCE = 3.0
"""Standard deviations of the difference of two trainings."""
QUICK = ("recipes", "agreement", "fidelity", "optimisers_curse", "sustainability", "claims")
"""Experiments that neither train nor compile nor search: their tables are made again in seconds."""
THOROUGH = (*(name for name in MAIN_JOB if name not in QUICK), *QUICK)
"""With those of the main job, which claims, the last, read."""


class Verdict(NamedTuple):
    """A row that was trained again."""

    task: str
    digest: str
    shipped: float
    now: float
    allowed: float
    """Largest difference that seeds explain."""

    @property
    def holds(self) -> bool:
        """Whether it is no more than that; NaN, of a training that failed now, is not."""
        return abs(self.now - self.shipped) <= self.allowed

    def line(self) -> str:
        """In words."""
        same = "equal to the last bit" if self.now == self.shipped else "within the noise of seeds"
        return (
            f"{self.task} {self.digest[:12]}: shipped {self.shipped:.4f}, trained again {self.now:.4f}, "
            f"{self.now - self.shipped:+.4f}, {self.allowed:.4f} allowed: {same if self.holds else 'MISS'}"
        )


def sample(task: str, home: Path, count: int, seed: int, results: Path = SHIPPED) -> Checked:
    """All rows of a task's table read and checked, and `count` of them drawn by the rule above.

    Raises BenchmarkInputError where there is no table.
    """
    file = table_file(results, task)
    if not file.is_file():
        raise BenchmarkInputError(f"{file}: no such file; allowed: a clone's accelnas, or its --results")
    recipe = canonical_json(SEARCH[task].__dict__)
    return check(file, home, count, seed, lambda trial: bool(trial.space) and trial.key.fidelity == recipe)


def allowed_differences(task: str, trials: Sequence[Trial], results: Path = SHIPPED) -> list[float]:
    """Of each trial, how far another training may be from it."""
    table = load_table(task, results=results)
    workload = design_workload(task, [(trial.space, trial.genotype) for trial in trials])
    stds = np.asarray(predict(table.surrogate, table.features(workload)).seed_std, np.float64)
    return [TOLERANCE * math.sqrt(2) * float(std) for std in stds]


def judge_again(task_name: str, trials: Sequence[Trial], allowed: Sequence[float], home: Path) -> list[Verdict]:
    """Train these rows again, in a store of their own below the home, which a run that was stopped goes on from.

    allowed: `allowed_differences` of the rows.
    """
    task = make_task(task_name)
    with open_store(home / "verified") as store:
        pairs = train_again(task, trials, home, store)
    return [
        Verdict(task_name, old.digest, old.value(task.metric), new.value(task.metric), most)
        for (old, new), most in zip(pairs, allowed, strict=True)
    ]


def make_again(names: Sequence[str], home: Path, results: Path = SHIPPED) -> list[Compared]:
    """Make these experiments' tables from what is shipped and compare every cell with those in `results`."""
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder) / "results"
        copy_shipped(root)
        for name in names:
            with contextlib.redirect_stdout(io.StringIO()):  # what is equal need not be shown
                make_anew(name, home, root)
        return compare_all(names, results, root)


def verify(
    tasks: Sequence[str],
    count: int,
    seed: int,
    tables: Sequence[str],
    home: Path,
    results: Path = SHIPPED,
    say: Callable[[str], None] = print,
) -> bool:
    """Check all rows and files, make tables again, train `count` rows of each task again; whether all of it holds."""
    checked = {task: sample(task, home, count, seed, results) for task in tasks}
    # before anything is trained, as a surrogate may be missing
    allowed = {task: allowed_differences(task, each.drawn, results) for task, each in checked.items() if each.drawn}
    strange = changed(results)
    for path in strange:
        say(f"{path}: not the file that provenance.csv records")
    holds = not strange
    for task, found in checked.items():
        say(f"{task}: {found.rows} rows, {found.damaged} damaged; {found.repeatable} can be trained again here")
        holds &= not found.damaged
        if count and not found.repeatable:
            say(f"{task}: no row of this training code and these data, so none is trained again; allowed: --count 0")
            holds = False
    compared = make_again(tables, home, results)
    for each in compared:
        differs = f"{each.different} of {each.cells} cells DIFFER; {each.first}"
        say(f"{each.file}: {differs if each.different else f'{each.cells} cells as shipped'}")
        holds &= not each.different
    drawn = [trial for found in checked.values() for trial in found.drawn]
    minutes = sum(trial.seconds for trial in drawn) / 60
    say(f"{len(drawn)} trainings again, which took {minutes / 60:.2f} hours ({minutes:.1f} minutes) of a core once")
    for task, most in allowed.items():
        for verdict in judge_again(task, checked[task].drawn, most, home):
            say(verdict.line())
            holds &= verdict.holds
    if drawn:
        _forget(drawn, home / "verified")
    return holds


def _forget(trials: Sequence[Trial], folder: Path) -> None:
    """Have the next run train these anew.  What another run has trained stays, as it may be hours, and the store, which
    one that goes on may have open.
    """
    with open_store(folder) as store:
        store.remove(trial.digest for trial in trials)
