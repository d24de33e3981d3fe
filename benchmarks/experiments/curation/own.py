"""A space of one's own among the kinds of space that the experiment compares, on one accelerator."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path

import jax
import numpy as np
import pandas as pd

from benchmarks.errors import BenchmarkInputError, check_count
from benchmarks.evaluators.spec import strategy_content
from benchmarks.experiments.curation.figures import AIMS, asks_of
from benchmarks.experiments.curation.run import DRAWS, Cell
from benchmarks.experiments.curation.searches import best_so_far, outcome, searcher
from benchmarks.experiments.curation.settings import KINDS, check_kinds
from benchmarks.experiments.curation.spaces import Subsets, subsets_of
from benchmarks.experiments.curation.verdict import verdict
from benchmarks.markdown import interval
from benchmarks.problem import space_for
from benchmarks.runtime.console import plain_console
from benchmarks.store.files import run_folder, write_table
from benchmarks.tables.query import TrainedTable, load_table
from nas_algos.load import build_strategy

HEADER = ("space", "log10 size", "quality", "regret", "spread", "within 5%", "ms at baseline's quality")


def compare_spaces(
    task: str,
    space: str,
    accelerator: str,
    against: Sequence[str],
    strategy: str,
    evaluations: int,
    searches: int,
    results: Path,
) -> Path:
    """Search each space, print and write the table; the folder.

    space: a file that defines SPACE, or a name of the task's.  Raises BenchmarkInputError for what does not fit, before
    anything is searched.
    """
    check_kinds(against)
    check_count("evaluations", evaluations, 2)
    check_count("searches", searches, 2)
    whole = load_table(task)
    own = load_table(task, space_for(whole.task, space, accelerator))
    if own.space.name in against:
        raise BenchmarkInputError(
            f"space {space} is named {own.space.name!r}, as one of --against; allowed: another name, or others there"
        )
    built = build_strategy(strategy, own.space.cardinalities, evaluations)
    if built.objectives != 1:  # asked for one, nsga2 would be built for one, which `searcher` does not
        raise BenchmarkInputError(
            f"{built.label} takes {built.objectives} objectives; allowed: a strategy that takes 1"
        )
    settings = {"task": task, "space": own.space, "accelerator": accelerator, "against": list(against)}
    settings |= {"strategy": strategy_content(strategy), "evaluations": evaluations, "searches": searches}
    folder = run_folder(results, f"curate-compare-{task}-{own.space.name}-{accelerator}", settings)
    search_spaces(whole, own, accelerator, against, strategy, evaluations, searches, folder)
    print(f"Written to {folder}")
    return folder


def search_spaces(
    whole: TrainedTable,
    own: TrainedTable,
    accelerator: str,
    against: Sequence[str],
    strategy: str,
    evaluations: int,
    searches: int,
    folder: Path,
) -> None:
    """Search a table's own space and the others, whose table is `whole`; print with a verdict and write."""
    cell = Cell(whole, accelerator, {})
    draw_key, own_key, search_key = jax.random.split(jax.random.key(0), 3)
    mine = Subsets(own.space.name, own.space.cardinalities, (), has_multiplier=False)
    search = searcher(asks_of(own), strategy, mine, evaluations)
    keys = jax.random.split(own_key, len(AIMS))
    best = [best_so_far(search, cell.setting, aim, mine, searches, key) for aim, key in zip(AIMS, keys, strict=True)]
    found = [(mine, best)]
    others = subsets_of(whole.task, accelerator, against, min(DRAWS, searches), draw_key)
    for kind, subsets in others.items():
        key = jax.random.fold_in(search_key, KINDS.index(kind))
        found.append((subsets, cell.searches(subsets, strategy, evaluations, searches, key)))
    known = max(cell.best_known(), *(float(best[0].best.max()) for _, best in found))
    rows = []
    for subsets, (quality, latency_ms) in found:
        size = float(np.log10(np.array(subsets.cardinalities, float)).sum())
        first = {"task": whole.task.name, "accelerator": accelerator, "space": subsets.name, "searches": searches}
        last = {"log10_size": size, "evaluations": evaluations, "best_known_quality": known}
        found_there = outcome(quality.best, latency_ms.best, known, cell.baseline.latency_ms, subsets.draws)
        rows.append({**first, **found_there._asdict(), **last})
    write_table(folder / "curation.csv", pd.DataFrame(rows), digits=5)
    _show(rows)
    print(verdict(rows))


def _show(rows: Sequence[dict]) -> None:
    from rich.table import Column, Table

    table = Table(Column(HEADER[0], min_width=max(len(row["space"]) for row in rows)), *HEADER[1:])
    for row in rows:
        table.add_row(
            row["space"],
            f"{row['log10_size']:.1f}",
            interval(row, "quality"),
            f"{row['regret']:.1f}%",
            "-" if math.isnan(row["spread"]) else f"{row['spread']:.4f}",
            f"{row['success_rate']:.0%}",
            f"{row['latency_ms']:.4g}",
        )
    plain_console().print(table)
    if any(math.isnan(row["spread"]) for row in rows):
        print("-: no spread, as each draw of the random subsets had one search")
