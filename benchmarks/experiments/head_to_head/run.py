"""Families of search at equal spend on the trained tables, within the baseline's latency.

Writes results/head_to_head/head_to_head.csv (a row for each task, accelerator, contender and budget),
head_to_head_curves.csv, head_to_head_differences.csv, head_to_head_aggregates.csv (all cells pooled),
head_to_head_ledger.csv, head_to_head_winners.csv (which networks to train for a live confirmation) and
head_to_head.png; run: accelnas reproduce head_to_head.

A search sees what one training of each network would show: what the table's surrogate expects, and noise between seeds
as large as it says.  It is worth the expected quality of what it chose.  Networks are those of the arena
(benchmarks/tables/arena.py), all of which were asked, so that the optimum is exact of the table; the table itself is
predicted, and how well is in results/surrogate/surrogate.csv.  Scores come from results/zero_shot/zero_shot_scores.csv.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from benchmarks.experiments.head_to_head.compared import (
    CONTROL,
    aggregate_rows,
    difference_rows,
    over_cells,
    p_against_random,
)
from benchmarks.experiments.head_to_head.contenders import Contender, find_contender
from benchmarks.experiments.head_to_head.ground import Cell, make_cells
from benchmarks.experiments.head_to_head.jobs import ContestJob, run_contest_job
from benchmarks.experiments.head_to_head.ledger import Machine, ledger, machines
from benchmarks.experiments.head_to_head.measures import Row, curve_rows, table_row
from benchmarks.experiments.head_to_head.searches import found_rows
from benchmarks.experiments.head_to_head.settings import Settings
from benchmarks.runtime.console import print_frame
from benchmarks.runtime.mapped import map_jobs
from benchmarks.search.peers import not_installed
from benchmarks.search.sent import SentStrategy
from benchmarks.search.verdict import against_random
from benchmarks.store.files import write_table
from benchmarks.tables.confirm import CONFIRMED
from benchmarks.tables.files import SHIPPED

__all__ = ["Settings", "run"]

CONTEST_GIB = 3.0
"""Memory that a cluster's worker is counted with."""


def run(settings: Settings, home: Path, folder: Path) -> None:
    """Search, compare, print and write; nothing is kept below the home."""
    settings = settings.of_profile()
    contenders = [find_contender(name) for name in dict.fromkeys(settings.contenders)]
    found = machines(SHIPPED, settings.task)  # before searches take minutes, as its files may be missing
    cells = make_cells(settings.task, settings.accelerators)
    rows = all_rows(contenders, cells, settings)
    write_tables(rows, cells, settings.budgets, found, folder)


def all_rows(
    contenders: list[Contender],
    cells: list[Cell],
    settings: Settings,
    say: Callable[[str], None] = lambda text: print(text, flush=True),
) -> list[Row]:
    """Every contender with every budget in every cell; one whose score a task's pool lacks has no rows there.

    With --executor ray a cluster searches, and rows come to the same; else this process does, one after the other.
    """
    asked: list[tuple[Contender, ContestJob]] = []
    for contender in contenders:
        if contender.peer and (lacks := not_installed(contender.peer)):
            say(f"{contender.name}: {lacks}; no rows")
            continue
        there = [at for at, cell in enumerate(cells) if not contender.score or cell.has_score(contender.score)]
        if not there:
            say(f"{contender.name}: no network of the arenas has this score; no rows")
            continue
        seeds = settings.slow_seeds if contender.is_slow else settings.seeds
        sent = SentStrategy.of(contender.name)
        for budget in settings.budgets:
            asked.append((contender, ContestJob(sent, tuple(there), budget, seeds, settings.pool)))
    rows = []
    answers = map_jobs(run_contest_job, cells, [job for _, job in asked], CONTEST_GIB)
    for (contender, job), found in zip(asked, answers, strict=True):
        rows += [Row(cells[at], contender, job.budget, found[number]) for number, at in enumerate(job.cells)]
        if job.budget == settings.budgets[-1]:
            say(f"{contender.name}: searched")
    return rows


def write_tables(
    rows: list[Row], cells: list[Cell], budgets: tuple[int, ...], found: list[Machine], folder: Path
) -> None:
    """All files of the folder."""
    from benchmarks.experiments.head_to_head.plot import write_plot

    regrets = {(id(row.cell), row.budget, row.contender.name): row.by_part(row.regret()) for row in rows}
    searching = {row.contender.name for row in rows if row.contender.searches}
    of_pools = {row.contender.name for row in rows if row.of_pool}
    machine, order = found[0], {id(cell): number for number, cell in enumerate(cells)}
    table = pd.DataFrame([table_row(row, machine) for row in rows])
    differences, aggregates, optima = [], [], [cell.optimum for cell in cells]
    for budget in budgets:
        by_cell = [
            {name: values for (cell, at, name), values in regrets.items() if (cell, at) == (id(each), budget)}
            for each in cells
        ]
        for cell, groups in zip(cells, by_cell, strict=True):
            # of a pool that is a single part nothing is known of other pools
            tested = [name for name in groups if name in searching and len(groups[name]) > 1]
            independent = {name: groups[name].mean(1) for name in tested}
            for name, p in p_against_random(independent).items():
                here = (table["task"] == cell.task) & (table["accelerator"] == cell.accelerator)
                table.loc[here & (table["budget"] == budget) & (table["algorithm"] == name), "p_random"] = p
        everywhere = set.intersection(*(set(groups) for groups in by_cell))
        shared = [{name: groups[name] for name in groups if name in everywhere} for groups in by_cell]
        means = [{name: values.mean(1) for name, values in groups.items()} for groups in shared]
        differences.append(difference_rows(budget, over_cells(means, optima)))
        aggregates += aggregate_rows(budget, shared, optima, [cell.task for cell in cells], of_pools)
    place = [(order[id(row.cell)], row.budget) for row in rows]
    table = table.iloc[sorted(range(len(rows)), key=lambda number: place[number])]
    largest = [row for row in rows if row.budget == max(budgets)]
    curves = pd.DataFrame([each for row in largest for each in curve_rows(row, machine)])
    folder.mkdir(parents=True, exist_ok=True)
    write_table(folder / "head_to_head.csv", table, digits=5)
    write_table(folder / "head_to_head_curves.csv", curves, digits=5)
    write_table(folder / "head_to_head_differences.csv", pd.concat(differences), digits=4)
    write_table(folder / "head_to_head_aggregates.csv", pd.DataFrame(aggregates), digits=4)
    write_table(folder / "head_to_head_ledger.csv", ledger(table, found), digits=4)
    write_table(folder / "head_to_head_winners.csv", winners(largest), digits=5)
    write_plot(curves, table, folder / "head_to_head.png")
    shown = ["task", "accelerator", "algorithm", "budget", "seeds", "regret", "low", "high", "within_5pct", "p_random"]
    print_frame(table[shown], float_format="%.3g")
    for (task, accelerator), cell in table[table["budget"] == max(budgets)].groupby(
        ["task", "accelerator"], sort=False
    ):
        print(f"Verdict ({task}, {accelerator}): {verdict(cell, max(budgets))}.")


def verdict(cell: pd.DataFrame, budget: int) -> str:
    """Of one cell's rows with one budget: who is better and who is worse than random search beyond chance."""
    losses = {row["algorithm"]: (row["regret"], row["p_random"]) for row in cell.to_dict("records")}
    random, _ = losses.get(CONTROL, (math.nan, math.nan))
    return f"at the spend of {budget} trainings {against_random(losses, random)}"


def winners(rows: list[Row]) -> pd.DataFrame:
    """What CONFIRMED searches of each contender found with the largest budget, as genotypes of the arena."""
    found: list[dict[str, Any]] = []
    for row in rows:
        if not row.contender.searches:
            continue
        shape = row.cell.arena.cardinalities
        for number, each in enumerate(row.searches[:CONFIRMED]):
            place = int(found_rows(row.cell, each)[-1])
            if place >= 0:
                genotype = " ".join(map(str, np.unravel_index(place, shape)))
                found.append(
                    {
                        **{"task": row.cell.task, "accelerator": row.cell.accelerator},
                        **{"algorithm": row.contender.name, "family": row.contender.family, "search": number},
                        "genotype": genotype,
                        "expected_quality": float(row.cell.arena.quality[place]),
                    }
                )
    return pd.DataFrame(found)
