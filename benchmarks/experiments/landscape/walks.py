"""Greedy walks down a surface, and which minima they can end in.

A place of surface [n, m] has eight neighbours, one step of one or both axes away.  Neighbours of exactly equal height
are one plateau; a walk crosses its plateau to the best of the neighbours of all of it, however little better, and ends
where none is.  So a plateau without a better neighbour is one local minimum.
"""

from __future__ import annotations

from collections import deque
from typing import NamedTuple

import numpy as np
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

ASIDE = ((0, 1), (1, 0), (1, 1), (1, -1))
"""Half of the steps; the others are these back."""


class Descent(NamedTuple):
    """A surface as plateaus, P in all; places are flat indices, n * m of them."""

    plateau: np.ndarray
    """int [n * m]: of each place."""
    height: np.ndarray
    """float [P]."""
    leads: np.ndarray
    """int [P]: the place that a walk goes to from there, the first of equally good ones; -1 of a local minimum."""
    down: tuple[np.ndarray, np.ndarray]
    """int [edges] each: neighbouring plateaus, the higher one first."""

    @property
    def minima(self) -> int:
        """How many local minima there are."""
        return int((self.leads < 0).sum())

    def share_that_gets_down(self) -> float:
        """Of walks from every place, those that end at the surface's least height."""
        after = np.where(self.leads < 0, np.arange(len(self.leads)), self.plateau[self.leads])
        while not np.array_equal(after[after], after):
            after = after[after]
        return self._share(self.height[after] == self.height.min())

    def share_with_a_way_down(self) -> float:
        """Of all places, those from which some path that never rises leads to the least height, greedy or not."""
        (higher, lower), there, before = self.down, self.height == self.height.min(), 0
        while there.sum() > before:
            before = there.sum()
            there[higher[there[lower]]] = True
        return self._share(there)

    def _share(self, plateaus: np.ndarray) -> float:
        return float(plateaus[self.plateau].mean())


def descent(surface: np.ndarray) -> Descent:
    """Where walks on surface [n, m] lead."""
    values, count = surface.ravel(), surface.size
    one, other = _neighbours(surface.shape)
    level = values[one] == values[other]
    graph = coo_array((np.ones(level.sum()), (one[level], other[level])), shape=(count, count))
    plateaus, plateau = connected_components(graph, directed=False)
    height = np.empty(plateaus)
    height[plateau] = values
    here, there = np.concatenate([one, other]), np.concatenate([other, one])
    lower = values[there] < values[here]
    here, there = plateau[here[lower]], there[lower]
    best = np.lexsort((there, values[there], here))
    found, first = np.unique(here[best], return_index=True)
    leads = np.full(plateaus, -1)
    leads[found] = there[best][first]
    return Descent(plateau, height, leads, (here, plateau[there]))


def walk(surface: np.ndarray, start: tuple[int, int]) -> list[tuple[int, int]]:
    """Places from start to the first of the local minimum that the walk ends in, across plateaus by a shortest path."""
    found, columns = descent(surface), surface.shape[1]
    path = [start]
    while (lead := found.leads[found.plateau[path[-1][0] * columns + path[-1][1]]]) >= 0:
        path += _across(found.plateau.reshape(surface.shape), path[-1], divmod(int(lead), columns))
    return path


def _neighbours(shape: tuple[int, ...]) -> tuple[np.ndarray, np.ndarray]:
    """Places that are one step apart, each pair once."""
    index = np.pad(np.arange(shape[0] * shape[1]).reshape(shape), 1, constant_values=-1)
    inner = index[1:-1, 1:-1].ravel()
    shifted = np.concatenate([np.roll(index, (-i, -j), (0, 1))[1:-1, 1:-1].ravel() for i, j in ASIDE])
    own = np.tile(inner, len(ASIDE))
    return own[shifted >= 0], shifted[shifted >= 0]


def _across(plateau: np.ndarray, start: tuple[int, int], end: tuple[int, int]) -> list[tuple[int, int]]:
    """Places after start to end, through the start's plateau, of as few steps as there are."""
    before, waiting = {start: start}, deque([start])
    while end not in before:
        i, j = waiting.popleft()
        for step in (*ASIDE, *((-a, -b) for a, b in ASIDE)):
            place = i + step[0], j + step[1]
            inside = 0 <= place[0] < plateau.shape[0] and 0 <= place[1] < plateau.shape[1]
            if inside and place not in before and (place == end or plateau[place] == plateau[start]):
                before[place] = i, j
                waiting.append(place)
    path = [end]
    while before[path[-1]] != start:
        path.append(before[path[-1]])
    return path[::-1]
