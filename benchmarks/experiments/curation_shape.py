"""The shape of a space: how often a step in channels moves latency as it moves MACs, and how often a point traps."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import jax
import numpy as np

from benchmarks.experiments.curation_costs import SLACK, Evaluator, Floors, shortfall
from benchmarks.experiments.curation_spaces import Subsets
from tasks.spaces.moves import next_neighbours, sample


class Shape(NamedTuple):
    """Counts, to be divided.

    moves: steps up by one in one decision over channels, from sampled networks, that make another network.  monotone:
    those along which latency rises as MACs do.  level: those along which latency stays exactly.
    points: sampled networks whose neighbours, one step up and down in each decision over channels and in the depth
    multiplier, were all checked.  minima: those that no neighbour beats in the objective.  feasible: points that meet
    the floors.  latency_points, latency_minima: likewise for latency alone, of those with a neighbour of fewer MACs.
    """

    moves: int
    monotone: int
    level: int
    points: int
    minima: int
    feasible: int
    latency_points: int
    latency_minima: int


def shape_of(subsets: Subsets, evaluator: Evaluator, floors: Floors, points: int, walked: int, key: jax.Array) -> Shape:
    """Sample `points` networks for the objective's minima, and `walked` others for moves and latency's minima."""
    points_key, walked_key = jax.random.split(key)
    feasible, minima = _minima(evaluator, floors, *_sampled(subsets, points, points_key))
    walks = _walks(subsets, evaluator, *_sampled(subsets, walked, walked_key))
    return Shape(**walks, points=points, minima=minima, feasible=feasible)


def _sampled(subsets: Subsets, count: int, key: jax.Array) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Uncurated genotypes [n, D] of uniform points, of their neighbours [n, K, D], and which of these exist [n, K].

    The first half of the K are steps up, the other half down.  A step that makes no other network does not exist.
    """
    here, there, exists = [], [], []
    shares = np.diff(np.linspace(0, count, subsets.draws + 1).astype(int))
    moving = [*([0] if subsets.has_multiplier else []), *subsets.channel_decisions]
    columns = [*moving, *(len(subsets.cardinalities) + place for place in moving)]
    for draw, (share, draw_key) in enumerate(zip(shares, jax.random.split(key, subsets.draws), strict=True)):
        tables = [table[draw] for table in subsets.tables]
        genotypes = sample(draw_key, subsets.cardinalities, int(share))
        around, inside = next_neighbours(genotypes, subsets.cardinalities)
        own = subsets.uncurated(tables, np.asarray(genotypes))
        others = subsets.uncurated(tables, np.asarray(around)[:, columns])
        here.append(own)
        there.append(others)
        exists.append(np.asarray(inside)[:, columns] & (others != own[:, None]).any(-1))
    return np.concatenate(here), np.concatenate(there), np.concatenate(exists)


def _minima(
    evaluator: Evaluator, floors: Floors, here: np.ndarray, there: np.ndarray, exists: np.ndarray
) -> tuple[int, int]:
    """How many points meet the floors, and how many are local minima of the objective."""
    short = shortfall(*evaluator.capacity(here), floors)
    feasible = short <= SLACK
    short_there = np.full(exists.shape, np.inf)
    short_there[exists] = shortfall(*evaluator.capacity(there[exists]), floors)
    # below a floor what is less below is better, whatever its latency
    traps = int((~feasible & ~(short_there < short[:, None]).any(1)).sum())
    candidates = np.flatnonzero(feasible)
    latency = evaluator.latency_ms(here[candidates])
    allowed = exists[candidates] & (short_there[candidates] <= SLACK)
    alive = _never_beaten(evaluator.latency_ms, latency, there[candidates], allowed)
    return len(candidates), traps + int(alive.sum())


def _never_beaten(
    latency_ms: Callable[[np.ndarray], np.ndarray], latency: np.ndarray, there: np.ndarray, allowed: np.ndarray
) -> np.ndarray:
    """bool[n]: no allowed neighbour is faster.  Steps down first: who is beaten is not asked about again."""
    alive = np.ones(len(latency), bool)
    for column in reversed(range(allowed.shape[1])):
        rows = np.flatnonzero(alive & allowed[:, column])
        alive[rows] = latency_ms(there[rows, column]) >= latency[rows]
    return alive


def _walks(
    subsets: Subsets, evaluator: Evaluator, here: np.ndarray, there: np.ndarray, exists: np.ndarray
) -> dict[str, int]:
    half = exists.shape[1] // 2
    latency = evaluator.latency_ms(here)
    found = np.full(exists.shape, np.inf)
    found[exists] = evaluator.latency_ms(there[exists])
    up = exists.copy()
    up[:, half:] = False
    up[:, : int(subsets.has_multiplier)] = False  # the multiplier is no decision over channels of one layer
    change = np.where(up, found, 0.0) - np.where(up, latency[:, None], 0.0)
    macs, _ = evaluator.capacity(here)
    macs_there = np.full(exists.shape, np.inf)
    macs_there[exists], _ = evaluator.capacity(there[exists])
    reducible = (macs_there < macs[:, None]).any(1)
    trapped = reducible & ~(found < latency[:, None]).any(1)
    return {
        "moves": int(up.sum()),
        "monotone": int((change[up] > 0).sum()),
        "level": int((change[up] == 0).sum()),
        "latency_points": int(reducible.sum()),
        "latency_minima": int(trapped.sum()),
    }
