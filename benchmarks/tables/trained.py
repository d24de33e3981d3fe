"""What a task's table holds, as arrays to fit and to evaluate by."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

import numpy as np

from benchmarks.errors import BenchmarkInputError
from benchmarks.problem import baseline_blocks
from benchmarks.store.keys import architecture_text, canonical_json
from benchmarks.store.records import Trial
from benchmarks.tables.design import DRAWN, design_rows, table_spaces
from benchmarks.tables.features import features, in_layout, places
from benchmarks.tables.files import table_file, table_trials
from benchmarks.tables.recipes import SWEEP_SEEDS
from hw_model.operator_arrays import operator_arrays
from hw_model.workload import Workload
from tasks.fidelity import Fidelity
from tasks.registry import make_task
from tasks.task import Task

CONFIRM_SEEDS = range(1_100_000_000, 2_000_000_000)
"""Of trainings that promises of contests are held against, apart from those of other parts (`without_confirming`)."""


class Trained(NamedTuple):
    """Finished trainings of one recipe, a row each, n in all."""

    features: np.ndarray
    """float32 [n, F]."""
    quality: np.ndarray
    """float64 [n]: the task's first metric."""
    architecture: np.ndarray
    """int [n]: which network, the same number for trainings that differ in seed or machine."""
    seed: np.ndarray
    """int [n]."""
    many_at_once: np.ndarray
    """bool [n]: whether it was trained with others at once, not alone."""
    cell: np.ndarray
    """int [n]: which cell of the design; networks drawn alone have one each."""
    macs: np.ndarray
    """float64 [n]."""
    params: np.ndarray
    """float64 [n]."""
    trials: tuple[Trial, ...]
    """The rows of the table."""

    def take(self, rows: np.ndarray) -> Trained:
        """Some of them: bool [n] or places."""
        places = np.arange(len(self.quality))[rows]
        arrays = {name: getattr(self, name)[places] for name in self._fields if name != "trials"}
        return Trained(**arrays, trials=tuple(self.trials[place] for place in places))

    def one_a_seed(self) -> Trained:
        """One training of each network and seed, alone where there are two: what the seed decides is the same in both,
        so that they tell nothing of other seeds.
        """
        return self.take(self.rows_of_one_a_seed())

    def rows_of_one_a_seed(self) -> np.ndarray:
        """Which trainings `one_a_seed` takes, int[n], in order."""
        alone_first = np.argsort(self.many_at_once, kind="stable")
        pairs = np.stack([self.architecture, self.seed], axis=1)[alone_first]
        return np.sort(alone_first[np.unique(pairs, axis=0, return_index=True)[1]])


def finished_trials(results: Path, name: str, recipe: Fidelity) -> tuple[Trial, ...]:
    """The finished trainings of a task's table with this recipe, in the table's order, of networks that a space holds.

    Raises BenchmarkInputError where there are none.
    """
    trials = tuple(trial for trial in trials_by(results, name, recipe) if trial.space)
    if not trials:
        raise BenchmarkInputError(
            f"{table_file(results, name)}: no finished trainings of this recipe; "
            f"`accelnas table build --task {name}` makes them"
        )
    return trials


def trials_by(results: Path, name: str, recipe: Fidelity) -> tuple[Trial, ...]:
    """As `finished_trials`, with networks that no space holds, and () where there are none."""
    wanted = canonical_json(dataclasses.asdict(recipe))
    return tuple(
        trial for trial in table_trials(results, name) if trial.state == "done" and trial.key.fidelity == wanted
    )


def without_sweep(trials: Iterable[Trial], task: Task) -> tuple[Trial, ...]:
    """Those by which no recipe was chosen: all but the baseline's with seeds of the sweep."""
    swept = architecture_text(baseline_blocks(task))
    return tuple(trial for trial in trials if trial.key.architecture != swept or trial.key.seed not in SWEEP_SEEDS)


def without_confirming(trials: Iterable[Trial]) -> tuple[Trial, ...]:
    """Those by which no contest is confirmed: surrogates that are fitted to what they chose, and scores that are ranked
    by what they chose, would not be held against it.
    """
    return tuple(trial for trial in trials if trial.key.seed not in CONFIRM_SEEDS)


def by_network(trials: Iterable[Trial], metric: str) -> dict[str, tuple[float, ...]]:
    """Qualities of finished trainings of one recipe by the canonical JSON of the network, one for each seed: where
    it was trained alone and at once, alone, as in `Trained.one_a_seed`.
    """
    found: dict[str, dict[int, float]] = {}
    for trial in sorted(trials, key=lambda trial: trial.key.code_path == "many_at_once"):
        found.setdefault(trial.key.architecture, {}).setdefault(trial.key.seed, trial.quality[metric])
    return {network: tuple(qualities.values()) for network, qualities in found.items()}


def read_trained(results: Path, name: str, recipe: Fidelity) -> Trained:
    """`finished_trials` but those of CONFIRM_SEEDS, as arrays.  Raises BenchmarkInputError where there are none, and
    where there is no design.
    """
    task, trials = make_task(name), without_confirming(finished_trials(results, name, recipe))
    workload = design_workload(name, [(trial.space, trial.genotype) for trial in trials])
    cells = design_cells(results, name)
    networks: dict[str, int] = {}
    architecture = [networks.setdefault(trial.key.architecture, len(networks)) for trial in trials]
    shared = max(cells.values(), default=-1) + 1
    alone = [shared + number for number in architecture]
    operators = operator_arrays(workload)
    seen = np.array(features(workload, table_spaces(task)["uncurated"]))
    seen[:, -1] = at_once = np.array([trial.key.code_path == "many_at_once" for trial in trials])
    return Trained(
        features=seen,
        quality=np.array([trial.quality[task.metric] for trial in trials]),
        architecture=np.array(architecture),
        seed=np.array([trial.key.seed for trial in trials]),
        many_at_once=at_once,
        cell=np.array(
            [
                cells.get((trial.space, " ".join(map(str, trial.genotype))), own)
                for trial, own in zip(trials, alone, strict=True)
            ]
        ),
        macs=np.asarray(operators.macs, np.float64).sum((-2, -1)),
        params=np.asarray(operators.weights, np.float64).sum((-2, -1)),
        trials=trials,
    )


def design_cells(results: Path, name: str) -> dict[tuple[str, str], int]:
    """The number of its cell by space and genotype, of the design's networks that share one: from 0 up.

    Raises BenchmarkInputError where there is no design.
    """
    design = design_rows(results, name)
    shared = design.loc[design["part"].isin([part for part, how in DRAWN.items() if how.networks > 1])]
    numbers = {cell: number for number, cell in enumerate(dict.fromkeys(shared["cell"]))}
    return {
        (space, genotype): numbers[cell]
        for cell, space, genotype in shared[["cell", "space", "genotype"]].itertuples(index=False)
    }


def design_workload(name: str, networks: list[tuple[str, tuple[int, ...]]]) -> Workload:
    """Networks by space and genotype as NumPy arrays [n, L] in the task's layout."""
    spaces = table_spaces(make_task(name))
    layout = spaces["uncurated"]
    length = len(layout.layers)
    columns: dict[str, np.ndarray] = {}
    for space in dict.fromkeys(space for space, _ in networks):
        rows = [row for row, (own, _) in enumerate(networks) if own == space]
        genotypes = np.array([networks[row][1] for row in rows], np.int32)
        part = in_layout(spaces[space].lower(genotypes), places(spaces[space], layout), length)
        for field, column in part._asdict().items():
            columns.setdefault(field, np.zeros((len(networks), length), column.dtype))[rows] = column
    return Workload(**columns)
