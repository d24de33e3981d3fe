"""Which networks are scored: all that a task's table has trained, and others drawn from its arena."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import NamedTuple

import jax
import numpy as np
import pandas as pd

from benchmarks.store.files import read_own_csv
from benchmarks.tables.arena import arena_space, in_uncurated
from benchmarks.tables.design import table_spaces
from benchmarks.tables.recipes import SEARCH
from benchmarks.tables.trained import by_network, finished_trials, without_confirming
from tasks.registry import make_task
from tasks.spaces.moves import sample
from tasks.spaces.space import SearchSpace

ARENA = "arena"
KEY = ("task", "space", "genotype")


class Networks(NamedTuple):
    """Networks to score, n in all, the trained ones first."""

    rows: pd.DataFrame
    """`KEY` and trained `quality`, the mean over a network's seeds, NaN where there is none; [n]."""
    genotypes: np.ndarray
    """int32 [n, D]: in the task's uncurated space, so that one supernet serves all."""

    def where(self, chosen: np.ndarray) -> Networks:
        """Those of bool[n]."""
        return Networks(pd.DataFrame(self.rows[chosen]).reset_index(drop=True), self.genotypes[chosen])

    def lacking(self, file: Path, scores: Sequence[str]) -> Networks:
        """Those that lack one of the scores in a table of scores; all where there is no such table."""
        if not file.exists():
            return self
        table = read_own_csv(file)
        if not set(scores) <= set(table.columns):
            return self
        there = pd.MultiIndex.from_frame(pd.DataFrame(table.dropna(subset=list(scores))[list(KEY)]))
        return self.where(~pd.MultiIndex.from_frame(pd.DataFrame(self.rows[list(KEY)])).isin(there))


def networks_to_score(results: Path, name: str, drawn: int, trained: int = 0) -> Networks:
    """drawn: so many distinct networks of the arena; trained: so many of the trained ones, drawn, or 0 for all.

    Raises BenchmarkInputError where the table is missing.
    """
    task = make_task(name)
    spaces = table_spaces(task) | {ARENA: arena_space(task)}
    trials = without_confirming(finished_trials(results, name, SEARCH[name]))
    qualities, first = by_network(trials, task.metric), dict[str, tuple[str, tuple[int, ...]]]()
    for trial in trials:
        first.setdefault(trial.key.architecture, (trial.space, trial.genotype))
    known = [(*place, float(np.mean(qualities[each]))) for each, place in first.items()]
    if trained:
        known = [known[place] for place in sorted(np.random.default_rng(0).permutation(len(known))[:trained])]
    others = [(ARENA, genotype, np.nan) for genotype in distinct(spaces[ARENA], drawn)]
    rows = [(name, space, " ".join(map(str, genotype)), quality) for space, genotype, quality in [*known, *others]]
    uncurated = [in_uncurated(spaces[space], genotype, spaces["uncurated"]) for space, genotype, _ in [*known, *others]]
    return Networks(pd.DataFrame(rows, columns=[*KEY, "quality"]), np.array(uncurated, np.int32))


def distinct(space: SearchSpace, count: int) -> Iterable[tuple[int, ...]]:
    """So many different uniform genotypes, fewer where the space is smaller; the first ones of a longer list."""
    drawn = np.asarray(sample(jax.random.key(0), space.cardinalities, 4_096)).tolist()
    return list(dict.fromkeys(map(tuple, drawn)))[:count]
