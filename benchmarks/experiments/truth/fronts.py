"""What is known of spaces by their tables: all that was enumerated or tried, and which no other is better than."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import NamedTuple

import numpy as np

from benchmarks.experiments.truth.settings import ENUMERATED, Settings
from benchmarks.tables.optima import STRATEGY, enumerated, evaluation_by, front, searched
from benchmarks.tables.query import TrainedTable
from tasks.errors import TaskInputError
from tasks.spaces.lowering import MULTIPLIER
from tasks.spaces.space import SearchSpace

EXACT = "enumerated"


class Known(NamedTuple):
    """Of a space on an accelerator, n networks."""

    genotypes: np.ndarray
    """int32 [n, D], in that space: first all that were enumerated or that searches tried there, then others."""
    scores: np.ndarray
    """float32 [n, 2]: minus quality, and latency in ms."""
    how: tuple[str, ...]
    """How each was found: EXACT, or by which searches, and in which smaller space where it was not in this one."""
    own: int
    """So many were found in this space."""
    front: np.ndarray
    """int [k]: places of the networks that no other is better than in both, the fastest first."""


def known_of(tables: Mapping[str, TrainedTable], accelerator: str, settings: Settings) -> dict[str, Known]:
    """What is known of a task's spaces by name, smaller spaces first.

    tables: by name of the space.  Spaces of more than ENUMERATED genotypes are searched, and have the fronts of smaller
    ones besides, as far as those networks are in them too.
    """
    found: dict[str, Known] = {}
    for name, table in sorted(tables.items(), key=lambda each: each[1].space.size):
        space, evaluate = table.space, evaluation_by(table, accelerator)
        if space.size <= ENUMERATED:
            parts, told = [enumerated(space.cardinalities, evaluate)], EXACT
        else:
            parts = list(searched(space.cardinalities, evaluate, settings.evaluations, settings.searches))
            told = f"best of {settings.searches} x {settings.evaluations} by {STRATEGY}"
        own = sum(len(genotypes) for genotypes, _ in parts)
        how = [told] * own
        for other, smaller in found.items() if told != EXACT else ():
            held = dict(held_networks(space, tables[other].space, smaller.genotypes[smaller.front]))
            places = smaller.front[list(held)]
            if held:
                # a network's figures are kept: of another space they would differ in the last bits
                parts.append((np.array(list(held.values()), np.int32), smaller.scores[places]))
            how += [_in(other, smaller.how[place]) for place in places]
        genotypes, scores = (np.concatenate(part) for part in zip(*parts, strict=True))
        found[name] = Known(genotypes, scores, tuple(how), own, front(scores))
    return found


def held_networks(
    space: SearchSpace, other: SearchSpace, genotypes: np.ndarray
) -> Iterator[tuple[int, tuple[int, ...]]]:
    """Of networks int32 [n, D] of another space of the skeleton those that are in a space too: place, genotype there.

    Where the space has a width multiplier, only those that it holds unscaled.
    """
    for place, (genotype, blocks) in enumerate(zip(genotypes.tolist(), other.decode_all(genotypes), strict=True)):
        try:
            there = space.encode({MULTIPLIER: 1.0} | other.effective(genotype))
        except TaskInputError:
            continue
        if space.decode(there) == blocks:  # what the space does not decide may be another choice in it
            yield place, there


def _in(space: str, how: str) -> str:
    return how if " in " in how else f"{how} in {space}"
