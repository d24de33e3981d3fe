"""What a search has spent; algorithms compare at equal spend, never at equal numbers of proposals."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, NamedTuple


class Spend(NamedTuple):
    """What something cost to find out; a pytree, so fields may as well be arrays over evaluations.

    trainings: networks trained from scratch (a supernet is one).  example_passes: training examples seen, repeats
    counted.  training_flops: floating-point operations of training and of scoring (a multiply-accumulate is two).
    seconds: wall clock.  joules: estimated energy; NaN where nobody estimates it.
    """

    trainings: Any = 0
    example_passes: Any = 0
    training_flops: Any = 0.0
    seconds: Any = 0.0
    joules: Any = 0.0


def total(spends: Iterable[Spend]) -> Spend:
    """The sum, field by field."""
    return Spend(*(sum(values) for values in zip(Spend(), *spends, strict=True)))
