"""Train the design of a task's table on this machine, network by network, and keep the rows in the table's file."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from benchmarks.evaluators.trained import TrainingPool
from benchmarks.runtime.prepare import prepare_with_progress
from benchmarks.runtime.progress import SearchProgress
from benchmarks.store.parquet import merge_records, read_records
from benchmarks.store.records import Trial
from benchmarks.store.sqlite import open_store
from benchmarks.tables.design import Cell, read_design
from benchmarks.tables.recipes import SEARCH
from hw_model.blocks import Block
from tasks.registry import make_task
from tasks.task import Task

# the main data set of each task's table
DATASETS = {"classification": "fashion_objects"}
# where the shipped tables are: beside the packages, as in a clone
SHIPPED = Path(__file__).parents[2] / "results"
# a run that is stopped loses no training, which the store has, but rows wait for this many before the file is written
ROWS_AT_ONCE = 10


def table_file(results: Path, task: str) -> Path:
    """Where a task's table is."""
    return results / "tables" / f"{task}.parquet"


def table_task(name: str) -> Task:
    """The task on its table's data set.  Raises TaskInputError for an unknown task."""
    return make_task(name, DATASETS.get(name))


def networks(cells: list[Cell]) -> Iterator[tuple[str, tuple[int, ...], tuple[Block, ...], int]]:
    """(space, genotype, network, seed) of network 0 of each cell, then of network 1 of each, and so on."""
    for index in range(max(len(cell.chains) for cell in cells)):
        for cell in cells:
            if index < len(cell.chains):
                genotype = tuple(cell.genotypes[index].tolist())
                yield cell.space, genotype, cell.chains[index], cell.first_seed + index


def build(home: Path, results: Path, name: str, part: str, count: int) -> int:
    """Train the first `count` networks of a part of the design, those excepted that are trained; add them to the table.

    Returns how many rows the table has.  Raises TaskInputError for an unknown task, BenchmarkInputError for an unknown
    part and where there is no design.
    """
    task, fidelity = table_task(name), SEARCH[name]
    asked = list(networks(read_design(results, task, part)))[:count]
    prepare_with_progress(home, task.config(fidelity.data), task.dataset)
    file, rows, total = table_file(results, name), [], 0
    with (
        open_store(home) as store,
        TrainingPool(home, task, [fidelity], store) as pool,
        SearchProgress(f"table of {name}", total=len(asked)) as progress,
    ):
        pool.show(progress)
        tickets = {}
        for space, genotype, chain, seed in asked:
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


def summary(results: Path, name: str) -> list[str]:
    """What a task's table holds, a line for each way its networks were trained."""
    file, counts = table_file(results, name), {}
    if file.exists():
        for trial in read_records(file, Trial):
            key = (trial.key.code_path, trial.provenance.device, trial.state)
            entry = counts.setdefault(key, [set(), 0, 0.0])
            entry[0].add(trial.key.architecture)
            entry[1] += 1
            entry[2] += trial.seconds
    return [
        f"{name}: {len(different)} networks in {rows} trainings, {path}, {device}, {state}, {seconds / 3600:.2f} h"
        for (path, device, state), (different, rows, seconds) in sorted(counts.items())
    ] or [f"{name}: nothing yet"]
