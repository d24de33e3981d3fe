"""The main job: the article's tables made again beside the shipped ones, and the detector's winners trained here.

What is made again is compared with what is shipped, cell by cell; a network's expected quality stands beside what one
training by the tables' recipe comes to on this machine, with the noise between seeds.
"""

from __future__ import annotations

import math
import shutil
import time
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

from benchmarks.errors import BenchmarkInputError
from benchmarks.evaluators.trained import TrainingPool
from benchmarks.experiments.registry import EXPERIMENTS
from benchmarks.report.html.build import write_report
from benchmarks.runtime.prepare import prepare_with_progress
from benchmarks.runtime.progress import SearchProgress
from benchmarks.store.files import read_own_csv
from benchmarks.store.sqlite import open_store
from benchmarks.tables.article import AGAIN, genotype_of
from benchmarks.tables.files import SHIPPED
from benchmarks.tables.query import load_table
from benchmarks.tables.recipes import SEARCH
from tasks.registry import make_task
from tasks.spaces.registry import skeleton_for

MAIN_JOB = (
    *("detection", "classification", "segmentation", "iso_latency", "transfer", "sustainability"),
    *("recipes", "agreement", "claims"),
)
"""Experiments whose tables follow from what is shipped in minutes."""
TASK, ACCELERATOR = AGAIN
"""Whose baseline and winners are trained."""
SEED = 20_000_000
"""Of these trainings; no other part has it."""
NEAR = 1e-4
"""Share of a figure that machines may round differently by."""


class Compared(NamedTuple):
    """A file that was made again, beside the shipped one."""

    file: str
    cells: int
    different: int
    """Cells that differ by more than NEAR, or all where rows or columns are others."""
    first: str
    """Where the first of them is; "" where there is none."""


class Trained(NamedTuple):
    """One network, as expected and as trained here."""

    model: str
    known: str
    """What the expected quality is."""
    expected: float
    std: float
    """Of a single training about what is expected: between seeds, and the surrogate's error."""
    here: float


def main_job(home: Path) -> tuple[list[str], bool]:
    """Make again, train, write the report below `home`; the lines of the summary, and whether every cell is as shipped.

    Raises BenchmarkInputError where the shipped results are not there, as in a package that was installed without its
    clone, TaskInputError where data are missing and cannot be had.
    """
    shipped = [SHIPPED / each.shelf / file for each in map(EXPERIMENTS.__getitem__, MAIN_JOB) for file in each.files]
    if missing := [path for path in shipped if not path.exists()]:
        raise BenchmarkInputError(f"no {missing[0]}, to compare with; allowed: a clone's accelnas")
    started = time.perf_counter()
    task = make_task(TASK)
    prepare_with_progress(home, task.config(SEARCH[TASK].data), task.dataset)
    root = home / "reproduced"
    results = root / "results"
    copy_shipped(results)
    for name in MAIN_JOB:
        print(f"== {name}", flush=True)
        make_anew(name, home, results)
    compared = compare_all(MAIN_JOB, SHIPPED, results)
    trained = train_winners(home)
    write_report(root)
    minutes = (time.perf_counter() - started) / 60
    lines = [*summary(compared, trained), f"report: {results / 'report.html'} ({minutes:.0f} minutes)"]
    return lines, not any(each.different for each in compared)


def copy_shipped(results: Path) -> None:
    """The shipped results, but for what is large and no table, in place of what is there."""
    if results.exists():
        shutil.rmtree(results)
    shutil.copytree(SHIPPED, results, ignore=shutil.ignore_patterns("measured", "*.parquet", "report.html"))


def make_anew(name: str, home: Path, results: Path) -> None:
    """Run an experiment as it is shipped, without the files that an earlier run left: what is there then is its own."""
    experiment = EXPERIMENTS[name]
    for file in experiment.files:
        (results / experiment.shelf / file).unlink(missing_ok=True)
    experiment.run(experiment.settings({}), home, results)


def compare_all(names: Iterable[str], shipped: Path, fresh: Path) -> list[Compared]:
    """Every CSV of these experiments in two folders of results."""
    return [
        compare(shipped / each.shelf / file, fresh / each.shelf / file)
        for each in map(EXPERIMENTS.__getitem__, names)
        for file in each.files
        if file.endswith(".csv")
    ]


def compare(shipped: Path, fresh: Path) -> Compared:
    """Two CSVs cell by cell: fractions to NEAR of each other, all else equal."""
    name, one = str(shipped.relative_to(shipped.parents[1])), read_own_csv(shipped)
    if not fresh.exists():
        return Compared(name, one.size, max(one.size, 1), "no such file was written")
    other = read_own_csv(fresh)
    if list(one.columns) != list(other.columns) or len(one) != len(other):
        words = f"{len(other)} rows of {len(other.columns)} columns"
        return Compared(name, one.size, max(one.size, other.size, 1), words)
    found = [
        f"row {row + 1}, {column}: {old} shipped, {new} here"
        for column in one.columns
        for row, (old, new) in enumerate(zip(one[column], other[column], strict=True))
        if not _same(old, new)
    ]
    return Compared(name, one.size, len(found), found[0] if found else "")


def _same(old: object, new: object) -> bool:
    if isinstance(old, int) and isinstance(new, int):
        return old == new
    if isinstance(old, int | float) and isinstance(new, int | float):
        return (math.isnan(old) and math.isnan(new)) or math.isclose(old, new, rel_tol=NEAR, abs_tol=1e-9)
    return old == new


def train_winners(home: Path) -> list[Trained]:
    """One training of each model of the detection table on ACCELERATOR, by the recipe that the tables rest on."""
    task, table = make_task(TASK), load_table(TASK)
    rows = read_own_csv(SHIPPED / TASK / f"{TASK}.csv").to_dict("records")
    models = {str(row["network"]): str(row["model"]) for row in rows if row["accelerator"] == ACCELERATOR}
    genotypes = {model: genotype_of(table.space, skeleton_for(task), text) for text, model in models.items()}
    known = {model: genotype for model, genotype in genotypes.items() if genotype is not None}
    with (
        open_store(home) as store,
        TrainingPool(home, task, [SEARCH[TASK]], store) as pool,
        SearchProgress("the detector's winners", total=len(known)) as progress,
    ):
        pool.show(progress)
        found: dict[str, Trained] = {}
        asked = {
            pool.submit("again", model, table.space.decode(genotype), SEARCH[TASK], SEED): (model, genotype)
            for model, genotype in known.items()
        }
        while len(found) < len(asked):
            for ticket, trial in pool.completed("again"):
                model, genotype = asked[ticket]
                answer = table.query(genotype, ACCELERATOR)
                std = math.hypot(answer.std, answer.seed_std)
                here = trial.value(task.metric)
                known = f"mean of {answer.trained} shipped" if answer.trained else "expected"
                found[model] = Trained(model, known, answer.quality, std, here)
    return [found[model] for model, _ in asked.values()]


def summary(compared: Iterable[Compared], trained: Iterable[Trained]) -> list[str]:
    """A line for each file that was made again and for each network that was trained."""
    lines = []
    for each in compared:
        same = f"{each.cells:,} cells equal those shipped"
        differs = f"{each.different:,} of {each.cells:,} cells DIFFER; {each.first}"
        lines.append(f"{each.file}: {differs if each.different else same}")
    for each in trained:
        gap = each.here - each.expected
        within = "within" if abs(gap) <= 2 * each.std else "NOT within"
        lines.append(
            f"{TASK} {each.model}: {each.known} {each.expected:.3f}, trained here {each.here:.3f}, {gap:+.3f}, "
            f"{within} two standard deviations ({2 * each.std:.3f})"
        )
    return lines
