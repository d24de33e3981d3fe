"""Run searches of one contender on all cells at once, and say what each looked at and what it spent before."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from benchmarks.evaluators.spec import strategy_word
from benchmarks.evaluators.zero_shot import BATCH
from benchmarks.experiments.head_to_head.contenders import Contender
from benchmarks.experiments.head_to_head.ground import Cell, training_of
from benchmarks.search.peers import Lookup, looked_at
from nas_algos.compare import distinct_runs
from nas_algos.single_shot.charges import TRAINING
from nas_algos.tabular import noise
from nas_algos.zero_shot.scores import SCORES, Combination, example_passes
from tasks.expert.procedure import ExpertSettings
from tasks.networks.initialise import host_generator

NOISE = 2**31 - 1
"""What trainings show is drawn by the key folded with this, beyond all that it is split into for searches: to split
folds with 0, 1, 2, ..."""
FIRST_KIND = 3
"""Decision of an arena from which on they are blocks' kinds."""


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
    part: int | None = None
    """Which part of the pool it chose from, as other searches did; None: from networks drawn for it alone."""

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
    """What a score came to, for one search."""

    best: np.ndarray
    """int [P]: the networks that it was asked of, best first, those outside the bound last."""
    passes: float
    flops: float
    part: int | None = None
    """As in `Searched`."""


def choose(cell: Cell, score: str, size: int, seeds: int, generator: np.random.Generator) -> list[Chosen]:
    """What a score ranks for so many searches, ties and networks without one in random order.

    A count is known of the whole arena, of which each search draws networks of its own.  Other scores are known of the
    cell's pool: search s has part s modulo their number, and so that each has as many there may be fewer searches.
    """
    if score in cell.counts():
        values, count = cell.counts()[score], len(cell.arena.macs)
        drawn = (generator.choice(count, min(size, count), replace=False) for _ in range(seeds))
        return [_ranked(cell, score, rows, values[rows]) for rows in drawn]
    parts, how = cell.pool.parts(size), SCORES[score]
    names = how.parts if isinstance(how, Combination) else (score,)
    found = []
    for number in range(seeds // len(parts) * len(parts) or seeds):
        which = number % len(parts)
        part = generator.permutation(parts[which])
        # ranks are among the networks that the search has scored
        own = {name: cell.scores_of(name, part) for name in names}
        values = how.combine(own) if isinstance(how, Combination) else own[score]
        found.append(_ranked(cell, score, cell.pool.rows[part], values)._replace(part=which))
    return found


def _ranked(cell: Cell, score: str, rows: np.ndarray, values: np.ndarray) -> Chosen:
    """Networks by their values of the score."""
    order = np.lexsort((-np.nan_to_num(values, nan=-np.inf), ~cell.feasible[rows]))
    each = example_passes([score], BATCH)
    return Chosen(rows[order], each * len(rows), each * TRAINING * float(cell.arena.macs[rows].sum()))


def search_cells(
    contender: Contender, cells: list[Cell], budget: int, seeds: int, pool: int, seed: int = 0
) -> dict[int, list[Searched]]:
    """`seeds` searches of each cell, by its number; those of a strategy run all at once.

    One of what needs no search, and of a score that `choose` says.
    """
    numbers = range(len(cells))
    if contender.family == "none":
        row_of = expert_row if contender.name == "expert" else baseline_row
        return {number: [_untrained([row_of(cells[number])])] for number in numbers}
    # of its own, since groups are tested as independent
    own = strategy_word(contender.name)
    key = jax.random.fold_in(jax.random.fold_in(jax.random.key(seed), budget), own)
    if contender.peer:
        words = {n: np.random.default_rng([budget, n, own]).integers(0, 2**31, seeds) for n in numbers}
        return {n: _ask_peer(contender.peer, cells[n], budget, words[n].tolist()) for n in numbers}
    chosen: dict[int, list[Chosen]] = {}
    if contender.score:
        generator = host_generator(key)
        chosen = {n: choose(cells[n], contender.score, pool, seeds, generator) for n in numbers}
    if contender.make is None:
        return {n: [_untrained(each.best[:1], each) for each in chosen[n]] for n in numbers}
    return _train(contender, cells, budget, seeds, chosen, key)


def _untrained(rows: Any, chosen: Chosen | None = None) -> Searched:
    rows = np.asarray(rows)
    unseen = np.full(len(rows), np.nan)
    return Searched(rows, unseen) if chosen is None else Searched(rows, unseen, *chosen[1:])


def baseline_row(cell: Cell) -> int:
    """The arena's network with every decision as the baseline has it, channels the middle ones."""
    genotype = [0] * len(cell.arena.cardinalities)
    genotype[1:FIRST_KIND] = [1, 1]
    return int(np.ravel_multi_index(tuple(genotype), cell.arena.cardinalities))


def expert_row(cell: Cell) -> int:
    """The network that the expert's rule of fusing ends with: block by block from the front the kind of least latency
    by the estimator, kept where it saves as much as `ExpertSettings` asks for and MACs are not below the baseline's.
    """
    shape, limits = cell.arena.cardinalities, ExpertSettings()
    start = now = baseline_row(cell)
    latency_ms, macs = cell.arena.latency_ms[cell.accelerator], cell.arena.macs
    for place in range(FIRST_KIND, len(shape)):
        genotype = list(np.unravel_index(now, shape))
        kinds = ([*genotype[:place], kind, *genotype[place + 1 :]] for kind in range(shape[place]))
        rows = (int(np.ravel_multi_index(tuple(each), shape)) for each in kinds)
        allowed = [row for row in rows if macs[row] >= limits.least_macs * macs[start]]
        best = min(allowed, key=lambda row: latency_ms[row])
        if latency_ms[best] <= (1 - limits.least_saving) * latency_ms[now]:
            now = best
    return now


def _ask_peer(peer: str, cell: Cell, budget: int, words: list[int]) -> list[Searched]:
    """Searches of a cell one after the other, each by a word of its own and seeing other trainings."""
    found, every = [], np.arange(len(cell.feasible))
    for word in words:
        seen = cell.arena.quality + cell.arena.seed_std * np.asarray(noise(np.uint32(word), every))
        rows = looked_at(peer, Lookup(cell.arena.cardinalities, -seen, budget, cell.excess), word)
        found.append(Searched(rows, np.where(cell.feasible[rows], seen[rows], -np.inf)))
    return found


def _train(
    contender: Contender, cells: list[Cell], budget: int, seeds: int, chosen: dict[int, list[Chosen]], key: jax.Array
) -> dict[int, list[Searched]]:
    if chosen:
        # as many of each cell, since search number s is of cell s % C
        seeds = min(len(each) for each in chosen.values())
    make, shape, count = contender.make, cells[0].arena.cardinalities, seeds * len(cells)
    assert make is not None
    # search number s is of cell s % C, as `training_of` has it
    who = [(number % len(cells), number // len(cells)) for number in range(count)]
    left = min(
        (_left(cells[n], budget, each.passes) for n, several in chosen.items() for each in several), default=budget
    )
    begin = _first_networks(contender, cells, chosen, who, min(budget, 128))
    firsts = jnp.asarray(np.stack(np.unravel_index(begin, shape), axis=-1).astype(np.int32))
    words = np.asarray(jax.random.bits(jax.random.fold_in(key, NOISE), (count,)))
    evaluate = training_of(cells, words, contender.objectives)
    runs = distinct_runs(lambda place: make(shape, left, firsts[place]), evaluate, left, jax.random.split(key, count))
    found: dict[int, list[Searched]] = {number: [] for number in range(len(cells))}
    for (cell, number), run in zip(who, runs, strict=True):
        rows = np.asarray(np.ravel_multi_index(tuple(np.asarray(run.genotypes).T), shape))
        before = chosen[cell][number] if chosen else Chosen(rows, 0.0, 0.0)
        scores = np.asarray(run.scores).reshape(len(rows), -1)[:, 0]
        seen = np.where(cells[cell].feasible[rows], -scores, -np.inf)
        found[cell].append(Searched(rows, seen, *before[1:]))
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
