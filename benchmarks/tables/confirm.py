"""The networks that searches on the tables ended with, to be trained: what a contest's promises are held against.

Of each task random and the best two of every other family in results/head_to_head/head_to_head.csv, by regret on
REFERENCE with the largest budget; of each of them what CONFIRMED searches found (head_to_head_winners.csv).  Beside
them what as many searches of each kind of space found (results/curation/curation_winners.csv).  A network that several
found is trained once by each recipe.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple
from zlib import crc32

import numpy as np

from benchmarks.errors import BenchmarkInputError
from benchmarks.store.files import read_own_csv
from benchmarks.tables.arena import arena_space, in_uncurated
from benchmarks.tables.design import REFERENCE, Cell, table_spaces
from benchmarks.tables.trained import CONFIRM_SEEDS
from tasks.task import Task

BEST = 2
"""Algorithms of each family."""
CONFIRMED = 10
"""Searches of each algorithm."""
WINNER = ("algorithm", "genotype", "expected_quality")
"""Columns of what a search found."""
IN_SPACES = "kinds of space"
"""The family of what curation's searches found."""


class Winner(NamedTuple):
    """What one search found."""

    algorithm: str
    """As the contest calls it, or the strategy and the kind of space."""
    family: str
    """Its family; IN_SPACES of what was found in one kind of space or another."""
    genotype: tuple[int, ...]
    """In the uncurated space."""
    promised: float
    """Quality that the table expects."""


def winners(results: Path, task: Task) -> list[Winner]:
    """In the order of the files, the contest's first.

    Raises BenchmarkInputError where a file is missing, lacks a column, or has no row of the task.
    """
    contest = _rows(results, "head_to_head", "head_to_head.csv", task, ("algorithm", "family", "budget", "regret"))
    found = _rows(results, "head_to_head", "head_to_head_winners.csv", task, ("family", "search", *WINNER))
    chosen = algorithms(contest)
    rows = [row for row in found if row["search"] < CONFIRMED and row["algorithm"] in chosen]
    arena, uncurated = arena_space(task), table_spaces(task)["uncurated"]
    in_spaces = [
        Winner(
            f"{row['algorithm']} in {row['space']}",
            IN_SPACES,
            tuple(map(int, row["genotype"].split())),
            float(row["expected_quality"]),
        )
        for row in _rows(results, "curation", "curation_winners.csv", task, ("space", *WINNER))
    ]
    return [
        Winner(
            str(row["algorithm"]),
            str(row["family"]),
            in_uncurated(arena, tuple(map(int, row["genotype"].split())), uncurated),
            float(row["expected_quality"]),
        )
        for row in rows
    ] + in_spaces


def _rows(results: Path, experiment: str, name: str, task: Task, columns: tuple[str, ...]) -> list[dict[Any, Any]]:
    """A file's rows of the task on REFERENCE, of which there is one."""
    path = results / experiment / name
    made_by = f"accelnas reproduce {experiment}"
    rows = read_own_csv(path, ("task", "accelerator", *columns), made_by).to_dict("records")
    own = [row for row in rows if (row["task"], row["accelerator"]) == (task.name, REFERENCE)]
    if not own:
        raise BenchmarkInputError(f"{path}: no row of {task.name} on {REFERENCE}")
    return own


def algorithms(contest: Sequence[Mapping[str, Any]]) -> set[str]:
    """The best BEST of each family with the largest budget, of a contest's rows of one cell; equal ones by name."""
    largest = max(row["budget"] for row in contest)
    families: dict[str, list[str]] = {}
    for row in sorted(contest, key=lambda row: (row["regret"], row["algorithm"])):
        if row["budget"] == largest and row["family"] != "none":
            families.setdefault(row["family"], []).append(row["algorithm"])
    return {name for names in families.values() for name in names[:BEST]}


def confirm_cells(results: Path, task: Task) -> list[Cell]:
    """The different networks, those of the same kinds of block in one cell.  Raises what `winners` does."""
    space = table_spaces(task)["uncurated"]
    cells: dict[tuple, list[tuple[int, ...]]] = {}
    for genotype in dict.fromkeys(winner.genotype for winner in winners(results, task)):
        # what the networks of a cohort share (tasks.cohort)
        alike = tuple((block.kind, block.height, block.stride) for block in space.decode(genotype))
        cells.setdefault(alike, []).append(genotype)
    made = []
    for number, own in enumerate(cells.values()):
        chains = tuple(space.decode(genotype) for genotype in own)
        name = f"{task.name}-confirm-{number:02d}"
        made.append(Cell(name, "uncurated", np.array(own, np.int32), chains, tuple(map(seed_of, own))))
    return made


def seed_of(genotype: tuple[int, ...]) -> int:
    """Of a network's training: it follows from its genotype, whichever others are there."""
    return CONFIRM_SEEDS[crc32(" ".join(map(str, genotype)).encode()) % len(CONFIRM_SEEDS)]
