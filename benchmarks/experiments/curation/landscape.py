"""The shape of a space: how often a step in channels moves latency as it moves MACs, and how often a point traps."""

from __future__ import annotations

from typing import NamedTuple

import jax
import numpy as np

from benchmarks.experiments.curation.figures import Figures, ManyFigures
from benchmarks.experiments.curation.spaces import Subsets
from benchmarks.search.many_costs import COUNTED
from benchmarks.tables.optima import ROUNDING
from tasks.spaces.moves import next_neighbours, sample
from tasks.spaces.space import SearchSpace


class Shape(NamedTuple):
    """Counts in each draw, int[draws], to be summed and divided.

    moves: steps up by one in one decision over channels that make another network, one from each sampled network that
    has any.  monotone: those along which latency rises as MACs do, by more than COUNTED.  level: those that change it
    by no more.  points: sampled networks.  minima: those that no change of one decision, to any of its other choices,
    betters in the objective, the quality within the baseline's latency, all changes checked; this is what one mutation
    of a search can do.  channel_minima: those that no step of one, up or down, in a decision over channels or in the
    width multiplier betters.  feasible: points within the baseline's latency.  latency_points, latency_minima: as
    channel_minima for latency alone, betters by more than COUNTED, of those with a neighbour of fewer MACs.
    """

    moves: np.ndarray
    monotone: np.ndarray
    level: np.ndarray
    points: np.ndarray
    minima: np.ndarray
    channel_minima: np.ndarray
    feasible: np.ndarray
    latency_points: np.ndarray
    latency_minima: np.ndarray


class Sampled(NamedTuple):
    """Uniform networks of a space and the networks one step away in channels or width multiplier.

    genotypes: the subset's own, int32[n, D].  draw: of which subset, int[n].  here: in the uncurated space,
    int32[n, E].  there: their neighbours [n, K, E], the first half of the K steps up, the other half down.  exists:
    whether the step makes another network, bool[n, K].
    """

    genotypes: np.ndarray
    draw: np.ndarray
    here: np.ndarray
    there: np.ndarray
    exists: np.ndarray


def shape_of(
    subsets: Subsets,
    space: SearchSpace,
    evaluate: ManyFigures,
    baseline: Figures,
    points: int,
    walked: int,
    key: jax.Array,
) -> Shape:
    """Sample `points` networks for the objective's minima, and `walked` others for moves and latency's minima.

    space: the uncurated one, of which `evaluate` gives figures.
    """
    at = sampled(subsets, space, points, jax.random.split(key, 3)[0])
    objective = _Objective(evaluate, baseline, at.here)
    alive = np.ones(points, bool)
    for column in reversed(range(at.exists.shape[1])):  # steps down first: who is beaten is not asked about again
        rows = np.flatnonzero(alive & at.exists[:, column])
        alive[rows] = ~objective.betters(at.there[rows, column], rows)
    anywhere = alive.copy()
    # blocks before channels, for the same reason
    for decision, choices in reversed(list(enumerate(subsets.cardinalities))):
        rows = np.repeat(np.flatnonzero(anywhere), choices - 1)
        changed = at.genotypes[rows]
        steps = np.resize(np.arange(1, choices), len(rows))
        changed[:, decision] = (changed[:, decision] + steps) % choices
        anywhere[rows[objective.betters(_uncurated(subsets, at.draw[rows], changed), rows)]] = False

    def count(chosen: np.ndarray) -> np.ndarray:
        return np.bincount(at.draw[chosen], minlength=subsets.draws)

    return Shape(
        **walks(subsets, space, evaluate, walked, key),
        points=count(np.ones(points, bool)),
        minima=count(anywhere),
        channel_minima=count(alive),
        feasible=count(objective.feasible),
    )


class _Objective:
    """Whether networks are better than those of a sample [n]: over the bound what is faster, else what is better."""

    def __init__(self, evaluate: ManyFigures, baseline: Figures, here: np.ndarray):
        self._evaluate, self._most = evaluate, baseline.latency_ms * (1 + ROUNDING)
        self._quality, self._latency, _ = evaluate(here)
        self.feasible = self._latency <= self._most

    def betters(self, others: np.ndarray, rows: np.ndarray) -> np.ndarray:
        """bool[m]: whether others int32[m, E] are better than the sample's rows int[m]."""
        quality, latency, _ = self._evaluate(others)
        inside = latency <= self._most
        better = np.where(inside, quality > self._quality[rows], False)
        return np.where(self.feasible[rows], better, latency < self._latency[rows])


def _uncurated(subsets: Subsets, draw: np.ndarray, genotypes: np.ndarray) -> np.ndarray:
    """The subset's genotypes int32[n, D] of draws [n] in the uncurated space, int32[n, E]."""
    found = np.zeros((len(genotypes), len(subsets.cardinalities) - int(subsets.has_multiplier)), np.int32)
    for number in np.unique(draw):
        tables = [table[number] for table in subsets.tables]
        found[draw == number] = subsets.uncurated(tables, genotypes[draw == number])
    return found


def sampled(subsets: Subsets, space: SearchSpace, count: int, key: jax.Array) -> Sampled:
    """`count` uniform networks, shared out over the draws.  space: the uncurated one."""
    parts = []
    shares = np.diff(np.linspace(0, count, subsets.draws + 1).astype(int))
    moving = [*([0] if subsets.has_multiplier else []), *subsets.channel_decisions]
    columns = [*moving, *(len(subsets.cardinalities) + place for place in moving)]
    for draw, (share, draw_key) in enumerate(zip(shares, jax.random.split(key, subsets.draws), strict=True)):
        tables = [table[draw] for table in subsets.tables]
        genotypes = sample(draw_key, subsets.cardinalities, int(share))
        around, inside = next_neighbours(genotypes, subsets.cardinalities)
        own = subsets.uncurated(tables, np.asarray(genotypes))
        others = subsets.uncurated(tables, np.asarray(around)[:, columns])
        # other genotypes may be the same network: channels of a layer that another decision leaves out
        others_in_numbers, own_in_numbers = _in_numbers(space, others), _in_numbers(space, own)
        exists = np.asarray(inside)[:, columns] & (others_in_numbers != own_in_numbers[:, None]).any(-1)
        parts.append((np.asarray(genotypes), np.full(share, draw), own, others, exists))
    return Sampled(*(np.concatenate(part) for part in zip(*parts, strict=True)))


def _in_numbers(space: SearchSpace, genotypes: np.ndarray) -> np.ndarray:
    """Networks of genotypes int32[..., D] as int[..., N], equal where they are."""
    workload = space.lower(genotypes)
    mask = np.asarray(workload.mask)
    return np.concatenate([np.where(mask, np.asarray(column), 0) for column in workload], axis=-1)


def one_step_each(subsets: Subsets, at: Sampled, key: jax.Array) -> tuple[np.ndarray, np.ndarray]:
    """Of each sampled network that has any one of its steps up in a decision over channels, all as likely: the rows
    int[m] of `at` and the steps int[m].

    One a network, since steps from one network are no independent samples.
    """
    up = at.exists.copy()
    up[:, up.shape[1] // 2 :] = False
    up[:, : int(subsets.has_multiplier)] = False  # the multiplier is no decision over channels of one layer
    luck = np.where(up, np.asarray(jax.random.uniform(key, up.shape)), -1.0)
    rows = np.flatnonzero(up.any(1))
    return rows, luck[rows].argmax(1)


def walks(
    subsets: Subsets, space: SearchSpace, evaluate: ManyFigures, walked: int, key: jax.Array
) -> dict[str, np.ndarray]:
    """What of `shape_of` with the same key is of its walked networks, by the names of Shape."""
    _, walked_key, steps_key = jax.random.split(key, 3)
    at = sampled(subsets, space, walked, walked_key)
    here, around = evaluate(at.here), evaluate(at.there[at.exists])
    found, macs_there = np.full(at.exists.shape, np.inf), np.full(at.exists.shape, np.inf)
    found[at.exists], macs_there[at.exists] = around.latency_ms, around.macs
    rows, steps = one_step_each(subsets, at, steps_key)
    change = np.zeros(len(found))
    change[rows] = found[rows, steps] - here.latency_ms[rows]
    up = np.isin(np.arange(len(found)), rows)
    reducible = (macs_there < here.macs[:, None]).any(1)
    least = COUNTED * here.latency_ms
    trapped = reducible & ~(found < (here.latency_ms - least)[:, None]).any(1)
    counted = {
        "moves": up,
        "monotone": up & (change > least),
        "level": up & (np.abs(change) <= least),
        "latency_points": reducible,
        "latency_minima": trapped,
    }
    return {name: np.bincount(at.draw, values, subsets.draws).round().astype(int) for name, values in counted.items()}
