"""What searches in one space say against those in another, by a rule over rows of curation.csv."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from benchmarks.markdown import listed

Row = Mapping[str, Any]


class Compared(NamedTuple):
    """One thing that spaces are compared by."""

    what: str
    """In words."""
    short: str
    """In fewer."""
    low: str
    """Column of the interval's lower end."""
    high: str
    """And of its upper end."""
    sign: int
    """1 where more is better, -1 where less is."""

    def better(self, one: Row, other: Row) -> int:
        """1 where the first row is better, -1 where the other is, 0 where the 95% intervals meet."""
        return self.sign * ((one[self.low] > other[self.high]) - (one[self.high] < other[self.low]))


COMPARED = (
    Compared("quality reached", "quality", "low", "high", 1),
    Compared(
        *("latency reached at the baseline's quality", "latency at the baseline's quality"),
        *("latency_low", "latency_high", -1),
    ),
    Compared(
        *("faster convergence: evaluations a success takes", "evaluations a success takes"),
        *("expected_low", "expected_high", -1),
    ),
    Compared("stability: spread", "spread", "spread_low", "spread_high", -1),
    Compared("reliability: searches within 5%", "searches within 5%", "success_low", "success_high", 1),
)

STEPS = Compared("monotone steps", "monotone steps", "monotone_share_low", "monotone_share_high", 1)
"""Of the space itself, whoever searches it."""


def sentence(one: Row, other: Row) -> str:
    """What one space's searches are better and worse in than another's, where intervals do not meet."""
    parts = []
    for sign, word in ((1, "better"), (-1, "worse")):
        names = [each.short for each in COMPARED if each.better(one, other) == sign]
        parts += [f"{word} in {listed(names)}"] if names else []
    text = " and ".join(parts) if parts else "no difference beyond the intervals"
    return f"{one['space']} against {other['space']}: {text} (95% intervals, {one['searches']} searches each)."


def verdict(rows: Sequence[Row]) -> str:
    """A line for each space against the first."""
    return "\n".join(sentence(rows[0], other) for other in rows[1:])
