"""What is known of spaces by their tables: all that was enumerated or tried, and which no other is better than."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np

from benchmarks.experiments.truth.settings import Settings
from benchmarks.tables.held import held_by
from benchmarks.tables.optima import ENUMERATED, STRATEGY, enumerated, evaluation_by, front, searched
from benchmarks.tables.query import TrainedTable

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
            there = {
                place: held
                for place in smaller.front.tolist()
                if (held := held_by(space, tables[other].space, tuple(smaller.genotypes[place].tolist()))) is not None
            }
            if there:
                # a network's figures are kept: of another space they would differ in the last bits
                parts.append((np.array(list(there.values()), np.int32), smaller.scores[list(there)]))
            how += [_in(other, smaller.how[place]) for place in there]
        genotypes, scores = (np.concatenate(part) for part in zip(*parts, strict=True))
        found[name] = Known(genotypes, scores, tuple(how), own, front(scores))
    return found


def _in(space: str, how: str) -> str:
    return how if " in " in how else f"{how} in {space}"
