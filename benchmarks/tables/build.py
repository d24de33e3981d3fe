"""Train the design of a task's table on this machine, network by network, and keep the rows in the table's file."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, replace
from pathlib import Path
from typing import NamedTuple

from benchmarks.evaluators.trained import TrainingPool, trial_key
from benchmarks.runtime.prepare import prepare_with_progress
from benchmarks.runtime.progress import SearchProgress
from benchmarks.store.files import read_own_csv
from benchmarks.store.keys import canonical_json
from benchmarks.store.parquet import merge_records
from benchmarks.store.records import Trial
from benchmarks.store.sqlite import open_store
from benchmarks.tables.files import table_file, table_trials
from benchmarks.tables.parts import Wanted, lacking, part_of
from benchmarks.tables.recipes import RECIPES
from hw_model.blocks import Block
from tasks.fidelity import Fidelity
from tasks.registry import make_task
from tasks.task import Task

# a run that is stopped loses no training, which the store has, but rows wait for this many before the file is written
ROWS_AT_ONCE = 10


class Asked(NamedTuple):
    """One training."""

    space: str
    """That the network was drawn from; "" where no space holds it."""
    genotype: tuple[int, ...]
    """In that space, () where there is none."""
    chain: tuple[Block, ...]
    """The network."""
    fidelity: Fidelity
    """How it is trained."""
    seed: int
    """Of weights, batches and augmentation."""


def trainings(wanted: list[Wanted]) -> Iterator[Asked]:
    """Network 0 of each cell, then network 1 of each, and so on."""
    for index in range(max((len(each.cell.seeds) for each in wanted), default=0)):
        for each in wanted:
            cell = each.cell
            if index < len(cell.seeds):
                genotype = tuple(cell.genotypes[index].tolist())
                yield Asked(cell.space, genotype, cell.chains[index], each.recipe(index), cell.seeds[index])


def build(home: Path, results: Path, name: str, part: str, count: int, new_only: bool = False) -> int:
    """The first `count` trainings of a part, those excepted that the table or the store has, are added to the table.

    With `new_only` they are counted without those that an accelerator did.  Returns how many rows the table has.
    Raises TaskInputError for an unknown task, BenchmarkInputError for an unknown part and where there is no design.
    """
    task = make_task(name)
    wanted = part_of(results, task, part)
    if new_only:
        wanted = lacking(results, task, wanted)
    return train(home, results, task, list(trainings(wanted))[:count])


def train(home: Path, results: Path, task: Task, asked: list[Asked]) -> int:
    """Train what table and store lack of these, add it to the task's table, and return how many rows that has."""
    fidelities = dict.fromkeys(training.fidelity for training in asked)
    for data in dict.fromkeys(fidelity.data for fidelity in fidelities):
        prepare_with_progress(home, task.config(data), task.dataset)
    file, rows = table_file(results, task.name), []
    there = {trial.key for trial in table_trials(results, task.name)}
    total = len(there)
    asked = [each for each in asked if trial_key(task, each.chain, each.fidelity, each.seed) not in there]
    with (
        open_store(home) as store,
        TrainingPool(home, task, fidelities, store) as pool,
        SearchProgress(f"table of {task.name}", total=len(asked)) as progress,
    ):
        pool.show(progress)
        tickets = {}
        for space, genotype, chain, fidelity, seed in asked:
            tickets[pool.submit("table", f"{space} {seed}", chain, fidelity, seed)] = (space, genotype)
        while tickets:
            for ticket, trial in pool.completed("table"):
                space, genotype = tickets.pop(ticket)
                if trial.provenance.device != "unknown":
                    rows.append(replace(trial, space=space, genotype=genotype))
            if rows and (len(rows) >= ROWS_AT_ONCE or not tickets):
                total, _ = merge_records(file, Trial, rows)
                rows.clear()
    return total


def _fitted(results: Path, name: str) -> int:
    """How many networks the task's surrogate was fitted to; those trained since it does not know."""
    file = results / "surrogate" / "surrogate.csv"
    if not file.is_file():
        return 0
    rows = read_own_csv(file, ("task", "model", "n"))
    return max(rows.loc[(rows["task"] == name) & (rows["model"] == "surrogate"), "n"].tolist(), default=0)


def summary(results: Path, name: str) -> list[str]:
    """What a task's table holds: different networks by recipe, then a line for each way its networks were trained."""
    counts, by_recipe = {}, {how: set() for how in RECIPES}
    recipes = {canonical_json(asdict(of_task[name])): how for how, of_task in RECIPES.items()}
    for trial in table_trials(results, name):
        if trial.state == "done" and trial.key.fidelity in recipes:
            by_recipe[recipes[trial.key.fidelity]].add(trial.key.architecture)
        key = (trial.key.code_path, trial.provenance.device, trial.state)
        entry = counts.setdefault(key, [set(), 0, 0.0])
        entry[0].add(trial.key.architecture)
        entry[1] += 1
        entry[2] += trial.seconds
    if not counts:
        return [f"{name}: nothing yet"]
    known = ", ".join(f"{len(networks)} networks by {how}" for how, networks in by_recipe.items())
    return [f"{name}: {known}; the surrogate is fitted to {_fitted(results, name)} of the former"] + [
        f"{name}: {len(different)} networks in {rows} trainings, {path}, {device}, {state}, {seconds / 3600:.2f} h"
        for (path, device, state), (different, rows, seconds) in sorted(counts.items())
    ]
