"""`accelnas table`: the trained tables, built here or by a machine with an accelerator."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import tyro

from benchmarks.deferred import deferred
from benchmarks.errors import BenchmarkInputError, check_count, report
from benchmarks.home import DEFAULT_HOME, check_folders
from benchmarks.runtime.resources import choose_executor


def design(part: str = "", results: Path = Path("results")) -> None:
    """Draw which networks of each task are trained, before any is; parts that there are stay as they are.

    A task of which nothing is drawn is named, with the reason; exit code 2 where none is drawn of any.

    Args:
        part: "curse": the networks that the surrogates think best, a new round of them once the last is trained; else
            whatever is not drawn yet.
        results: Directory that tables/design/TASK.csv and tables/winners/TASK.csv are kept in.
    """
    from benchmarks.tables.files import design_file, winners_file
    from benchmarks.tables.parts import write_design
    from benchmarks.tables.recipes import SEARCH
    from benchmarks.tables.winners import write_winners
    from tasks.registry import make_task

    if part not in ("", "curse"):
        raise BenchmarkInputError(f"part {part[:40]!r}; allowed: curse, or none, which draws all others")
    refused: list[BenchmarkInputError] = []
    for name in SEARCH:
        try:
            if part:
                print(f"{write_winners(results, name)} trainings in {winners_file(results, name)}")
            else:
                print(f"{write_design(results, make_task(name))} trainings in {design_file(results, name)}")
        except BenchmarkInputError as error:
            refused.append(error)
    last = refused.pop() if len(refused) == len(SEARCH) else None
    for error in refused:
        report(error)
    if last:
        raise last


def build(
    task: str = "detection",
    count: int = 40,
    part: str = "alone",
    new_only: bool = False,
    executor: str | None = None,
    address: str | None = None,
    home: Path = DEFAULT_HOME,
    results: Path = Path("results"),
) -> None:
    """Train networks of a table's design on this machine and add them to the table; what is trained is not repeated.

    Args:
        task: classification, detection or segmentation.
        count: So many of the part's first trainings: the first network of each of its cells, then the second, ...
        part: "alone": networks that were drawn one by one.  "cells" and "kinds": cells of networks, which an
            accelerator trains at once.  "seeds": some with three seeds.  "final": some by both recipes, search and
            final.  "curse": those that the surrogate thinks best.  "article": those of the article's tables, by both.
            "again": those of them that `make reproduce` trains, by search.  "confirm": those that contests on the
            tables ended with, by both.  "sweep": the baseline by many recipes.
        new_only: Leave out what an accelerator has trained; else it is trained here too, to compare the two.
        executor: Where trainings run: local, or ray (docs/how-to/many_machines.md).
        address: Of the Ray cluster: auto, HOST:PORT or ray://HOST:PORT.
        home: Directory that data and trials are kept in.
        results: Directory that tables/TASK.parquet is kept in.
    """
    from benchmarks.tables.build import build as build_table
    from benchmarks.tables.files import table_file

    check_count("count", count)
    choose_executor(executor, address)
    check_folders(home, results)
    rows = build_table(home, results, task, part, count, new_only)
    print(f"{rows} trainings in {table_file(results, task)}")


def status(results: Path = Path("results")) -> None:
    """Say what the tables hold.

    Args:
        results: Directory that tables/TASK.parquet is kept in.
    """
    from benchmarks.tables.build import summary
    from benchmarks.tables.recipes import SEARCH

    if not results.is_dir():
        raise BenchmarkInputError(f"{results}: no such folder; allowed: one that tables/TASK.parquet is kept in")
    print("\n".join([line for task in SEARCH for line in summary(results, task)]))


def jobs(
    file: Annotated[Path, tyro.conf.Positional],
    first: int = 0,
    cells: int | None = None,
    part: str = "kinds",
    results: Path = Path("results"),
) -> None:
    """Write what a machine with an accelerator shall train, for `benchmarks/timings/gpu_table.sh`.

    What the tables have from an accelerator is left out.

    Args:
        file: JSON file to write.
        first: Number of the first cell of each task's part.
        cells: So many cells of each task; without it all that follow.
        part: As `accelnas table build --part`.
        results: Directory that tables/design/TASK.csv is kept in.
    """
    from itertools import zip_longest

    from benchmarks.store.parquet import check_target
    from benchmarks.tables.jobs import job_of, write_jobs
    from benchmarks.tables.parts import lacking, part_of, size_of
    from benchmarks.tables.recipes import SEARCH
    from tasks.registry import make_task

    most = max(size_of(results, name, part) for name in SEARCH)
    check_count("first", first, least=0, most=most - 1)
    if cells is not None:
        check_count("cells", cells, most=most - first)
    check_target(file)
    check_folders(file.parent)
    if file.exists():
        raise BenchmarkInputError(f"{file} is there; allowed: a new file")
    made = []
    for name in SEARCH:
        task = make_task(name)
        chosen = part_of(results, task, part)[first : None if cells is None else first + cells]
        made.append([job_of(wanted, task) for wanted in lacking(results, task, chosen)])
    write_jobs([job for turn in zip_longest(*made) for job in turn if job is not None], file)
    print(f"{sum(map(len, made))} cohorts in {file}")


def take(
    jobs_file: Annotated[Path, tyro.conf.Positional],
    rows_file: Annotated[Path, tyro.conf.Positional],
    results: Path = Path("results"),
) -> None:
    """Add what such a machine trained to the tables, and how fast it was to tables/gpu.csv.

    Args:
        jobs_file: What it was asked for.
        rows_file: The rows that it wrote.
        results: Directory that tables/TASK.parquet is kept in.
    """
    from benchmarks.store.files import check_mergeable, merge_rows
    from benchmarks.store.parquet import merge_records
    from benchmarks.store.records import Trial
    from benchmarks.tables.files import table_file
    from benchmarks.tables.jobs import speeds, trials_of
    from benchmarks.tables.recipes import SEARCH

    for path in (jobs_file, rows_file):
        if not path.is_file():
            raise BenchmarkInputError(f"{path}: no such file")
    speeds_file, speeds_key = results / "tables" / "gpu.csv", ("task", "device")
    check_mergeable(speeds_file, speeds_key)
    trials = trials_of(jobs_file, rows_file)
    speed = speeds(jobs_file, rows_file, trials)
    for task in SEARCH:
        own = [trial for trial in trials if trial.key.task.rpartition("-")[0] == task]
        if own:
            total, new = merge_records(table_file(results, task), Trial, own)
            print(f"{total} trainings in {table_file(results, task)}, {new} of them new")
    if len(speed):
        merge_rows(speeds_file, speed, speeds_key)


def fit(results: Path = Path("results")) -> None:
    """Fit the surrogates to the shipped tables and evaluate them by cross-validation: `accelnas reproduce surrogate`.

    Args:
        results: Directory whose folder surrogate/ is written to.
    """
    from benchmarks.experiments.registry import EXPERIMENTS

    check_folders(results)
    experiment = EXPERIMENTS["surrogate"]
    print(f"written to {experiment.run(experiment.settings({}), DEFAULT_HOME, results)}")


@tyro.conf.configure(tyro.conf.OmitSubcommandPrefixes, tyro.conf.OmitArgPrefixes)
def table(
    action: Annotated[Any, tyro.conf.subcommand("design", constructor=deferred(design))]
    | Annotated[Any, tyro.conf.subcommand("build", constructor=deferred(build))]
    | Annotated[Any, tyro.conf.subcommand("status", constructor=deferred(status))]
    | Annotated[Any, tyro.conf.subcommand("jobs", constructor=deferred(jobs))]
    | Annotated[Any, tyro.conf.subcommand("take", constructor=deferred(take))]
    | Annotated[Any, tyro.conf.subcommand("fit", constructor=deferred(fit))],
) -> Any:
    """Build the trained tables here, say what they hold, or have an accelerator train more and take what it did.

    Args:
        action: what to do
    """
    return action
