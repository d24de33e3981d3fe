"""What is known of the networks that no other of a space is better than in both quality and latency."""

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


class Front(NamedTuple):
    """Of a space on an accelerator, n networks, the fastest first."""

    genotypes: np.ndarray
    """int32 [n, D], in that space."""
    scores: np.ndarray
    """float32 [n, 2]: minus quality, and latency in ms."""
    how: tuple[str, ...]
    """How each was found: EXACT, or by which searches, and in which smaller space where it was not in this one."""


def fronts_of(tables: Mapping[str, TrainedTable], accelerator: str, settings: Settings) -> dict[str, Front]:
    """The fronts of a task's spaces by name, smaller spaces first.

    tables: by name of the space.  Spaces of more than ENUMERATED genotypes have the best of what searches found there
    and of the fronts of smaller ones, as far as those networks are in them too.
    """
    found: dict[str, Front] = {}
    for name, table in sorted(tables.items(), key=lambda each: each[1].space.size):
        space, evaluate = table.space, evaluation_by(table, accelerator)
        if space.size <= ENUMERATED:
            genotypes, scores = enumerated(space.cardinalities, evaluate)
            how = [EXACT] * len(genotypes)
        else:
            runs = list(searched(space.cardinalities, evaluate, settings.evaluations, settings.searches))
            how = [f"best of {settings.searches} x {settings.evaluations} by {STRATEGY}"] * sum(
                len(tried) for tried, _ in runs
            )
            for other, smaller in found.items():
                held = dict(held_networks(space, tables[other].space, smaller.genotypes))
                if held:
                    # a network's figures are kept: of another space they would differ in the last bits
                    runs.append((np.array(list(held.values()), np.int32), smaller.scores[list(held)]))
                    how += [_in(other, smaller.how[place]) for place in held]
            genotypes, scores = (np.concatenate(part) for part in zip(*runs, strict=True))
        kept = front(scores)
        found[name] = Front(genotypes[kept], scores[kept], tuple(how[place] for place in kept))
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
