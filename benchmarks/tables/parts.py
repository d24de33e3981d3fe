"""What is trained for a task's table, part by part: which networks, with which seeds, by which recipes.

"cells", "alone" and "kinds" are drawn from the spaces (`tables.design`).  Of these, "seeds" trains some cells' networks
with three seeds each, and "final" some by both recipes.  "curse" are networks that the surrogate thinks best, with five
seeds each (`tables.winners`).  "article" are the networks of the article's tables by both recipes, with five seeds
each, and "again" some of them by the recipe search (`tables.article`).  "confirm" are networks that searches on the
tables ended with, by both recipes (`tables.confirm`).  "sweep" is the baseline by all recipes that were chosen among.
"""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd

from benchmarks.errors import BenchmarkInputError
from benchmarks.evaluators.trained import trial_key
from benchmarks.store.files import read_own_csv, write_table
from benchmarks.tables.article import again_cells, article_cells
from benchmarks.tables.confirm import confirm_cells
from benchmarks.tables.design import COLUMNS, DRAWN, Cell, cells_of, design_rows, draw_part, table_spaces
from benchmarks.tables.files import design_file, table_trials, winners_file
from benchmarks.tables.recipes import RECIPES, scaled, sweep
from tasks.fidelity import Fidelity
from tasks.registry import make_task
from tasks.spaces.registry import skeleton_for
from tasks.task import Task

# by which recipes the networks of a part are trained; "sweep" has its own
RECIPES_OF = {
    **dict.fromkeys(DRAWN, ("search",)),
    "seeds": ("search",),
    "final": ("search", "final"),
    "curse": ("search",),
    "article": ("search", "final"),
    "again": ("search",),
    "confirm": ("search", "final"),
}
PARTS = (*RECIPES_OF, "sweep")
# parts that follow from tables of results
FOUND = {"article": article_cells, "again": again_cells, "confirm": confirm_cells}
# networks that are trained with three seeds, at least
REPEATED = 60
# what a network's further seeds are larger by
FURTHER_SEEDS = (0, 100, 200)
# cells of "final", and networks of each
FINAL_CELLS, FINAL_NETWORKS = 10, 4
FINAL_DRAW_SEED = 3


# a count that is larger than what any part has left
ALL = 10_000


class Wanted(NamedTuple):
    """A cell that is trained in one way."""

    cell: Cell
    """Networks and seeds."""
    fidelity: Fidelity
    """The recipe."""
    rates: tuple[float, ...] = ()
    """Learning rates of the networks relative to the recipe's; () where all are the recipe's."""

    def recipe(self, network: int) -> Fidelity:
        """That of one of the networks."""
        return scaled(self.fidelity, self.rates[network]) if self.rates else self.fidelity

    def take(self, networks: list[int]) -> Wanted:
        """Some of the networks."""
        return Wanted(self.cell.take(networks), self.fidelity, tuple(self.rates[row] for row in networks if self.rates))


def check_part(name: str) -> None:
    """Raises BenchmarkInputError for a part that there is not."""
    if name not in PARTS:
        raise BenchmarkInputError(f"unknown part {name[:40]!r}; allowed: {', '.join(PARTS)}")


def build_command(task: str, part: str) -> str:
    """The command, as code, that trains here all of a task's part that the table does not have."""
    return f"`accelnas table build --task {task} --part {part} --new-only --count {ALL}`"


def size_of(results: Path, task: str, name: str) -> int:
    """How many cells `part_of` gives; raises as it does, and is quick."""
    check_part(name)
    if name == "sweep":
        return len(list(sweep(task)))
    if name in FOUND:
        return len(FOUND[name](results, make_task(task))) * len(RECIPES_OF[name])
    return len(set(part_rows(results, task, name)["cell"])) * len(RECIPES_OF[name])


def part_rows(results: Path, task: str, name: str) -> pd.DataFrame:
    """The rows of a part that is kept in a file.  Raises BenchmarkInputError where it is not drawn yet."""
    if name == "curse":
        return read_own_csv(winners_file(results, task), COLUMNS, "accelnas table design --part curse")
    rows = design_rows(results, task)
    rows = rows.loc[rows["part"] == name]
    if rows.empty:
        raise BenchmarkInputError(
            f"{design_file(results, task)} has no part {name!r}; `accelnas table design` draws it"
        )
    return rows


def part_of(results: Path, task: Task, name: str) -> list[Wanted]:
    """What a part trains, in order.

    Raises BenchmarkInputError for an unknown part, and where it is not drawn yet.
    """
    check_part(name)
    if name == "sweep":
        return _sweep(task)
    cells = FOUND[name](results, task) if name in FOUND else cells_of(task, part_rows(results, task.name, name))
    return [Wanted(cell, RECIPES[how][task.name]) for cell in cells for how in RECIPES_OF[name]]


def lacking(results: Path, task: Task, wanted: list[Wanted]) -> list[Wanted]:
    """Without the networks that an accelerator has trained in this way, by the table."""
    there = {
        (trial.key.architecture, trial.key.fidelity, trial.key.seed)
        for trial in table_trials(results, task.name)
        if trial.key.code_path == "many_at_once"
    }
    left = []
    for each in wanted:
        keys = [
            trial_key(task, chain, each.recipe(number), seed)
            for number, (chain, seed) in enumerate(zip(each.cell.chains, each.cell.seeds, strict=True))
        ]
        rest = [row for row, key in enumerate(keys) if (key.architecture, key.fidelity, key.seed) not in there]
        if rest:
            left.append(each.take(rest))
    return left


def _sweep(task: Task) -> list[Wanted]:
    """The baseline by each recipe and rate."""
    space = table_spaces(task)["uncurated"]
    baseline = space.encode(skeleton_for(task).baseline())
    wanted = []
    for fidelity, rates, seeds in sweep(task.name):
        name = f"{task.name}-sweep-b{fidelity.batch_size}-p{fidelity.example_passes}"
        genotypes = np.array([baseline] * len(seeds), np.int32)
        cell = Cell(name, "uncurated", genotypes, (space.decode(baseline),) * len(seeds), seeds)
        wanted.append(Wanted(cell, fidelity, rates))
    return wanted


def write_design(results: Path, task: Task) -> int:
    """Draw the parts that a task's design lacks and return how many rows it has.

    Raises BenchmarkInputError where it lacks none: what is trained rests on those that there are.
    """
    file = design_file(results, task.name)
    design = read_own_csv(file, COLUMNS) if file.exists() else pd.DataFrame(columns=COLUMNS)
    lacks = [name for name in (*DRAWN, "seeds", "final") if name not in set(design["part"])]
    if not lacks:
        raise BenchmarkInputError(
            f"{file} is drawn already, and what is trained rests on it; allowed: another --results"
        )
    for name in lacks:
        if name in DRAWN:
            rows = draw_part(task, name)
        elif name == "seeds":
            own = cells_of(task, design.loc[design["part"] == "cells"])
            twice = [cell.name for cell in own if len(set(cell.chains)) < len(cell.chains)]
            rows = repeated_rows(design.loc[~design["cell"].isin(twice)], _seeds_of(results, task))
        else:
            rows = final_rows(design)
        design = pd.concat([design, rows], ignore_index=True) if len(design) else rows
    write_table(file, design)
    return len(design)


def _seeds_of(results: Path, task: Task) -> dict[tuple[str, str], set[int]]:
    """Seeds that an accelerator trained networks with, by space and genotype as a design writes it."""
    found: dict[tuple[str, str], set[int]] = {}
    for trial in table_trials(results, task.name):
        if trial.key.code_path == "many_at_once" and trial.space:
            found.setdefault((trial.space, " ".join(map(str, trial.genotype))), set()).add(trial.key.seed)
    return found


def repeated_rows(design: pd.DataFrame, seeds: dict[tuple[str, str], set[int]]) -> pd.DataFrame:
    """Whole cells of the part "cells", REPEATED networks and more, each network with three seeds.

    seeds: those that are trained already.  Cells whose networks have three come first, then cells that are trained,
    evenly spaced over the part.
    """
    chosen: list[pd.DataFrame] = []
    cells = [rows for _, rows in design.loc[design["part"] == "cells"].groupby("cell", sort=False)]

    def trained(rows: pd.DataFrame) -> int:
        """Seeds that every network of a cell has."""
        return min(len(seeds.get(key, ())) for key in zip(rows["space"], rows["genotype"], strict=True))

    thrice = [rows for rows in cells if trained(rows) >= len(FURTHER_SEEDS)]
    once = [rows for rows in cells if 0 < trained(rows) < len(FURTHER_SEEDS)]
    others = once or [rows for rows in cells if not trained(rows)]
    size = len(cells[0])
    rest = max(0, -(-REPEATED // size) - len(thrice))
    places = np.linspace(0, len(others) - 1, rest).round().astype(int)
    for rows in [*thrice, *(others[place] for place in places)]:
        chosen += [rows.assign(part="seeds", seed=rows["seed"] + further) for further in FURTHER_SEEDS]
    return pd.concat(chosen, ignore_index=True)


def final_rows(design: pd.DataFrame) -> pd.DataFrame:
    """The first networks of FINAL_CELLS cells of the part "kinds", one drawn from each of as many stretches of it."""
    own = design.loc[design["part"] == "kinds"]
    names = list(dict.fromkeys(own["cell"]))
    rng = np.random.default_rng(FINAL_DRAW_SEED)
    chosen = [rng.choice(stretch) for stretch in np.array_split(names, FINAL_CELLS)]
    rows = pd.concat([own.loc[own["cell"] == name].head(FINAL_NETWORKS) for name in chosen], ignore_index=True)
    return rows.assign(part="final")
