"""Which scores the networks have that contests choose among, and who cannot take part in one."""

from __future__ import annotations

import csv
import math
from collections.abc import Iterable
from pathlib import Path

from benchmarks.errors import BenchmarkInputError
from benchmarks.experiments.head_to_head.contenders import Contender
from benchmarks.search.peers import not_installed
from benchmarks.tables.files import SHIPPED
from nas_algos.zero_shot.scores import SCORES

ARENA = "arena"
SCORES_FILE = Path("zero_shot", "zero_shot_scores.csv")
"""Below a directory of results."""
COUNTED = ("macs", "params")
"""Scores that every network of an arena has."""


def scored_names(task: str, results: Path = SHIPPED) -> list[str]:
    """Scores that some network of the task's arena has."""
    there = {*COUNTED}
    if (results / SCORES_FILE).exists():
        with open(results / SCORES_FILE, newline="") as file:
            for row in csv.DictReader(file):
                if (row.get("task"), row.get("space")) == (task, ARENA):
                    there |= {name for name in SCORES if math.isfinite(float(row.get(name) or "nan"))}
    return [name for name in SCORES if name in there]


def check_takes_part(contenders: Iterable[Contender], task: str) -> None:
    """Raise BenchmarkInputError for one whose packages are not installed, or whose score no network of the task has."""
    for each in contenders:
        if each.peer and (lacks := not_installed(each.peer)):
            raise BenchmarkInputError(f"{each.name} {lacks}; run: pip install 'accelnas[peers]'")
        if each.score and each.score not in (allowed := scored_names(task)):
            raise BenchmarkInputError(
                f"contender {each.name!r}: no network of {task} has this score; allowed: {', '.join(allowed)}"
            )
