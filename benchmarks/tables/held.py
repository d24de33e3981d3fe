"""Networks of one space over a skeleton as others over it hold them."""

from __future__ import annotations

from tasks.errors import TaskInputError
from tasks.spaces.lowering import MULTIPLIER
from tasks.spaces.space import SearchSpace


def held_by(space: SearchSpace, own: SearchSpace, genotype: tuple[int, ...]) -> tuple[int, ...] | None:
    """The genotype in a space over the same skeleton of the network that one of another stands for; None without.

    Where the space has a width multiplier and the other has other decisions, only a network that it holds unscaled.
    """
    blocks = own.decode(genotype)
    if own.decisions == space.decisions and space.decode(genotype) == blocks:
        return genotype
    try:
        there = space.encode({MULTIPLIER: 1.0} | own.effective(genotype))
    except TaskInputError:
        return None
    # what the space does not decide may be another choice in it
    return there if space.decode(there) == blocks else None
