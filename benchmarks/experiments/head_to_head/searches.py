"""Run searches of one contender on all cells at once, and say what each looked at and what it spent before."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from benchmarks.evaluators.zero_shot import BATCH
from benchmarks.experiments.head_to_head.contenders import Contender
from benchmarks.experiments.head_to_head.ground import Cell, training_of
from nas_algos.compare import distinct_runs
from nas_algos.single_shot.charges import TRAINING
from nas_algos.zero_shot.scores import example_passes
from tasks.networks.initialise import host_generator


@dataclass(frozen=True, eq=False)
class Searched:
    """One search of a contender in a cell."""

    rows: np.ndarray
    """int [n]: networks of the arena that were trained, each once, in order; or the one that was chosen without."""
    seen: np.ndarray
    """float [n]: the quality that each training showed, -inf outside the bound; NaN where nothing was trained."""
    passes_before: float = 0.0
    """Example passes spent on scores."""
    flops_before: float = 0.0
    """Floating-point operations of those."""

    @property
    def trained(self) -> int:
        """How many networks were trained."""
        return 0 if np.isnan(self.seen).any() else len(self.rows)


def found_rows(cell: Cell, search: Searched) -> np.ndarray:
    """int [n]: the best so far after each network, by what its training showed; -1 while none is within the bound."""
    if not search.trained:
        return np.where(cell.feasible[search.rows], search.rows, -1)
    seen = np.where(cell.feasible[search.rows], search.seen, -np.inf)
    best = np.maximum.accumulate(seen)
    first = np.concatenate([[True], best[1:] > best[:-1]])
    place = np.maximum.accumulate(np.where(first, np.arange(len(best)), 0))
    return np.where(np.isfinite(best), search.rows[place], -1)


def true_quality(cell: Cell, rows: np.ndarray) -> np.ndarray:
    """Expected quality of rows of the arena, the worst feasible one's for -1."""
    return np.where(rows >= 0, cell.arena.quality[rows], cell.worst)


class Chosen(NamedTuple):
    """What a score of a pool came to, for one search."""

    best: np.ndarray
    """int [P]: the search's part of the pool, best first, those outside the bound last."""
    passes: float
    flops: float


def choose(cell: Cell, score: str, size: int, generator: np.random.Generator) -> Chosen:
    """A part of the cell's pool without repeats, ranked; ties and networks without a score in random order, last."""
    rows = cell.pool.rows
    part = generator.permutation(len(rows))[: min(size, len(rows))]
    values = np.nan_to_num(cell.pool.scores[score][part], nan=-np.inf)
    order = np.lexsort((-values, ~cell.feasible[rows[part]]))
    each = example_passes([score], BATCH)
    return Chosen(rows[part][order], each * len(part), each * TRAINING * float(cell.arena.macs[rows[part]].sum()))


def search_cells(
    contender: Contender, cells: list[Cell], budget: int, seeds: int, pool: int, seed: int = 0
) -> dict[int, list[Searched]]:
    """`seeds` searches of each cell, by its number; those of a strategy run all at once."""
    numbers = range(len(cells))
    if contender.family == "none":
        return {number: [_untrained([baseline_row(cells[number])])] * seeds for number in numbers}
    key = jax.random.fold_in(jax.random.key(seed), budget)
    chosen: dict[int, list[Chosen]] = {}
    if contender.score:
        generator = host_generator(key)
        chosen = {n: [choose(cells[n], contender.score, pool, generator) for _ in range(seeds)] for n in numbers}
    if contender.make is None:
        return {n: [_untrained(each.best[:1], each) for each in chosen[n]] for n in numbers}
    return _train(contender, cells, budget, seeds, chosen, key)


def _untrained(rows: Any, chosen: Chosen | None = None) -> Searched:
    rows = np.asarray(rows)
    passes, flops = (0.0, 0.0) if chosen is None else (chosen.passes, chosen.flops)
    return Searched(rows, np.full(len(rows), np.nan), passes, flops)


def baseline_row(cell: Cell) -> int:
    """The arena's network with every decision as the baseline has it, channels the middle ones."""
    genotype = [0] * len(cell.arena.cardinalities)
    genotype[1:3] = [1, 1]
    return int(np.ravel_multi_index(tuple(genotype), cell.arena.cardinalities))


def _train(
    contender: Contender, cells: list[Cell], budget: int, seeds: int, chosen: dict[int, list[Chosen]], key: jax.Array
) -> dict[int, list[Searched]]:
    make, shape, count = contender.make, cells[0].arena.cardinalities, seeds * len(cells)
    assert make is not None
    # search number s is of cell s % C, as `training_of` has it
    who = [(number % len(cells), number // len(cells)) for number in range(count)]
    left = min(
        (_left(cells[n], budget, each.passes) for n, several in chosen.items() for each in several), default=budget
    )
    begin = _first_networks(contender, cells, chosen, who, min(budget, 128))
    firsts = jnp.asarray(np.stack(np.unravel_index(begin, shape), axis=-1).astype(np.int32))
    words = np.asarray(jax.random.bits(jax.random.fold_in(key, 1), (count,)))
    evaluate = training_of(cells, words)
    runs = distinct_runs(lambda place: make(shape, left, firsts[place]), evaluate, left, jax.random.split(key, count))
    found: dict[int, list[Searched]] = {number: [] for number in range(len(cells))}
    for (cell, number), run in zip(who, runs, strict=True):
        rows = np.asarray(np.ravel_multi_index(tuple(np.asarray(run.genotypes).T), shape))
        before = chosen[cell][number] if chosen else Chosen(rows, 0.0, 0.0)
        seen = np.where(cells[cell].feasible[rows], -np.asarray(run.scores), -np.inf)
        found[cell].append(Searched(rows, seen, before.passes, before.flops))
    return found


def _left(cell: Cell, budget: int, passes: float) -> int:
    return int(budget - passes / cell.training_passes)


def _first_networks(
    contender: Contender,
    cells: list[Cell],
    chosen: dict[int, list[Chosen]],
    who: list[tuple[int, int]],
    most: int,
) -> np.ndarray:
    """int [S, n]: rows that each search begins with."""
    if contender.score:
        return np.stack([chosen[cell][number].best[:most] for cell, number in who])
    if contender.from_baseline:
        return np.array([[baseline_row(cells[cell])] for cell, _ in who])
    return np.zeros((len(who), 0), int)
