"""`accelnas trials`: look at what is kept, take it from here to there, check it, and do some of it again."""

from __future__ import annotations

import heapq
import math
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import tyro

from benchmarks.deferred import deferred
from benchmarks.errors import BenchmarkInputError, check_count
from benchmarks.home import DEFAULT_HOME, check_folders

if TYPE_CHECKING:
    from benchmarks.store.records import Trial
    from benchmarks.store.sqlite import ResultStore

Kind = Literal["trials", "results"]
Digest = Annotated[str, tyro.conf.Positional]
File = Annotated[Path, tyro.conf.Positional]


def list_records(
    kind: Annotated[Kind, tyro.conf.Positional] = "trials",
    task: str | None = None,
    limit: int | None = None,
    home: Path = DEFAULT_HOME,
) -> None:
    """List what is kept, oldest first, a line each, its columns apart by tabs.

    Args:
        kind: trials, or the results of supernets and scores.
        task: Trials of this task alone, such as detection, or detection-1 with its number of classes, as in the list.
        limit: So many lines at most.
        home: Directory that it is kept in.
    """
    from itertools import islice

    from benchmarks.store.listing import RESULT_COLUMNS, TRIAL_COLUMNS, result_line, trial_line
    from benchmarks.store.sqlite import open_kept

    if limit is not None:
        check_count("limit", limit, most=10**9)
    _check_task(kind, task)
    with open_kept(home) as store:
        if kind == "trials":
            found = _trials_of(store, task)
            print("\t".join(TRIAL_COLUMNS))
            for trial in islice(found, limit):
                print(trial_line(trial))
        else:
            print("\t".join(RESULT_COLUMNS))
            for result in islice(store.results(), limit):
                print(result_line(result))


def show(digest: Digest, home: Path = DEFAULT_HOME) -> None:
    """Print all that is kept of one trial or result, as JSON.

    Args:
        digest: The first digits of its digest, 4 or more, as in the list.
        home: Directory that it is kept in.
    """
    from benchmarks.store.listing import details
    from benchmarks.store.sqlite import open_kept

    with open_kept(home) as store:
        print(details(store.one(digest)))


def export(file: File, kind: Kind = "trials", task: str | None = None, home: Path = DEFAULT_HOME) -> None:
    """Add what is kept to a parquet file, made if there is none; what the file has stays.

    Args:
        file: Parquet file.
        kind: trials, or the results of supernets and scores; a file holds one of them.
        task: Trials of this task alone, such as detection, or detection-1 with its number of classes.
        home: Directory that they are kept in.
    """
    from benchmarks.store.parquet import merge_records
    from benchmarks.store.records import Result, Trial
    from benchmarks.store.sqlite import open_kept

    _check_task(kind, task)
    with open_kept(home) as store:
        if kind == "trials":
            total, new = merge_records(file, Trial, _trials_of(store, task))
        else:
            total, new = merge_records(file, Result, store.results())
        print(f"{total} {kind} in {file}, {new} of them new")
        sys.exit(1 if store.skipped else 0)


def _check_task(kind: Kind, task: str | None) -> None:
    if task is not None and kind != "trials":
        raise BenchmarkInputError(f"--task {task[:40]} with {kind}; allowed: with trials")


def _trials_of(store: ResultStore, task: str | None) -> Iterator[Trial]:
    """Trials of a task, named with its number of classes or without, or all of them, oldest first.

    Raises BenchmarkInputError where no trial is of it.
    """
    if task is None:
        return store.trials()
    there = store.tasks()
    names = [name for name in there if task in (name, name.rpartition("-")[0])]
    if not names:
        raise BenchmarkInputError(
            f"no trial is of task {task[:60]!r}; allowed: {', '.join(there) or 'none, as none is kept'}"
        )
    found = (store.trials(task=name) for name in names)
    return heapq.merge(*found, key=lambda trial: (trial.created, trial.digest))


def take(file: File, home: Path = DEFAULT_HOME) -> None:
    """Take the trials or results of a file; experiments find them then, and do not repeat them.

    Every field is checked.  What is damaged or not allowed is left out, with a line on stderr, and the exit code is 1.

    Args:
        file: Parquet file that `accelnas trials export` wrote.
        home: Directory to keep them in.
    """
    from benchmarks.store.importing import import_file
    from benchmarks.store.sqlite import open_store

    with open_store(home) as store:
        counts = import_file(file, store)
    skipped = f", {counts.skipped} skipped" if counts.skipped else ""
    print(f"{counts.new} of {counts.total} were new{skipped}")
    sys.exit(1 if counts.skipped else 0)


def verify(
    file: Annotated[Path | None, tyro.conf.Positional] = None,
    count: int = 3,
    seed: int = 0,
    tolerance: float = 0.05,
    home: Path = DEFAULT_HOME,
) -> None:
    """Check every row of a file, or of the home, and train some of its trials again and compare.

    On the machine that trained them the same trainings give the same qualities to the last bit; elsewhere they differ
    as those of other seeds do.  Exit code 1 where anything is damaged or differs by more than the tolerance.

    Args:
        file: Parquet file of trials or results; what is kept in the home if left out.
        count: How many trials to train again; 0 checks only.
        seed: Which ones; another number draws others.
        tolerance: Difference in a task's metric that is allowed.
        home: Directory that data and trials are kept in.
    """
    from benchmarks.evaluators.verify import check, hold_again
    from benchmarks.store.sqlite import check_kept

    check_count("count", count, least=0)
    check_count("seed", seed, least=0, most=2**63 - 1)
    if not 0 <= tolerance < math.inf:
        raise BenchmarkInputError(f"tolerance is {tolerance}; allowed: finite numbers, 0 and more")
    check_folders(home)
    if file is None:
        check_kept(home)
    found = check(file, home, count, seed)
    print(f"{found.rows} rows, {found.damaged} damaged; {found.repeatable} trials can be trained again here")
    if count and found.trials and not found.repeatable:
        raise BenchmarkInputError(
            f"none of {found.trials} trials is of this training code and of the tasks' own data; allowed: --count 0"
        )
    same = hold_again(found.drawn, tolerance, home) if found.drawn else True
    sys.exit(0 if same and not found.damaged else 1)


def remove(
    digest: Annotated[tuple[str, ...], tyro.conf.Positional] = (),
    imported_from: str | None = None,
    home: Path = DEFAULT_HOME,
) -> None:
    """Delete trials and results for good.

    Args:
        digest: The first digits of each one's digest, 4 or more, as in the list.
        imported_from: All that were imported from a file of this name.
        home: Directory that they are kept in.
    """
    from benchmarks.store.sqlite import open_kept

    if not digest and not imported_from:
        raise BenchmarkInputError("nothing to remove is named; allowed: digests, --imported-from FILE")
    with open_kept(home) as store:
        found = [store.one(each).digest for each in digest]
        if imported_from and imported_from not in (names := store.imported()):
            allowed = ", ".join(names) or "none, as nothing was"
            raise BenchmarkInputError(f"nothing was imported from {imported_from[:60]!r}; allowed: {allowed}")
        count = store.remove(found) + (store.remove_imported(imported_from) if imported_from else 0)
    print(f"{count} removed")


@tyro.conf.configure(tyro.conf.OmitSubcommandPrefixes, tyro.conf.OmitArgPrefixes)
def trials(
    action: Annotated[Any, tyro.conf.subcommand("list", constructor=deferred(list_records))]
    | Annotated[Any, tyro.conf.subcommand("show", constructor=deferred(show))]
    | Annotated[Any, tyro.conf.subcommand("export", constructor=deferred(export))]
    | Annotated[Any, tyro.conf.subcommand("import", constructor=deferred(take))]
    | Annotated[Any, tyro.conf.subcommand("verify", constructor=deferred(verify))]
    | Annotated[Any, tyro.conf.subcommand("remove", constructor=deferred(remove))],
) -> Any:
    """List, show, export, import, verify or remove what is kept: trainings, supernets' results, scores.

    Args:
        action: what to do
    """
    return action
