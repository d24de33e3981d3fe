"""A contest as jobs, one for each contender and budget, here or on the machines of a cluster."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from benchmarks.experiments.head_to_head.contenders import find_contender
from benchmarks.experiments.head_to_head.ground import Cell
from benchmarks.experiments.head_to_head.searches import Searched, search_cells
from benchmarks.runtime.worker import Report
from benchmarks.search.sent import SentStrategy


@dataclass(frozen=True)
class ContestJob:
    """Searches of one contender with one budget."""

    contender: SentStrategy
    """By its name."""
    cells: tuple[int, ...]
    """Numbers of those that it searches in."""
    budget: int
    """Trainings whose example passes each search may spend."""
    seeds: int
    """Searches in each cell."""
    pool: int
    """Networks that a score chooses from."""


def run_contest_job(cells: Sequence[Cell], job: ContestJob, report: Report) -> dict[int, list[Searched]]:
    """The searches of each cell, by its place among the job's; raises what the contender's own code raises."""
    there = [cells[number] for number in job.cells]
    with job.contender.here() as name:
        return search_cells(find_contender(name), there, job.budget, job.seeds, job.pool)
