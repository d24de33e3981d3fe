"""Verdicts: what a rule makes of the article's figure and of ours with its interval.

reach: the article gives a size, which a figure reaches from a stated share of it on.  Reproduced where the lower end
reaches it, partly where the best estimate alone does, or where it does not and the lower end is above 0.  above, below:
the article gives a direction, and we say where it begins.  Reproduced where the whole interval lies there, partly
where the best estimate alone does.  Where there is no figure of ours, none of the article's that ours could be held
against, or something is lacking that the comparison hangs on, such as trainings: not comparable, until it is there.
"""

from __future__ import annotations

import math
from typing import Literal, NamedTuple

Rule = Literal["reach", "above", "below"]
Verdict = Literal["reproduced", "partly", "not reproduced", "not comparable"]


class Figure(NamedTuple):
    """What was found here."""

    ours: float = math.nan
    """NaN where nothing here answers."""
    low: float = math.nan
    """Lower end: of the interval, or of what can be said beyond doubt; NaN where it is not known."""
    high: float = math.nan
    """Upper end."""
    n: int = 0
    """How many figures, networks or searches it is over."""
    basis: str = ""
    """What it is: compiled, trained, predicted, modelled, or several of these."""
    measured: str = ""
    """What was taken, in words."""
    lacking: str = ""
    """What must be there before it can be held against the article's, in words; empty where nothing is lacking."""
    note: str = ""
    """What else a reader should see beside the reason; empty for nothing."""


def verdict(rule: Rule, mark: float, figure: Figure, near: float) -> tuple[Verdict, str]:
    """The verdict and the reason for it, in words with the figures, and the figure's note.

    mark: the article's size, or where its direction begins; NaN where ours is of something else.
    """
    found, reason = _verdict(rule, mark, figure, near)
    return found, f"{reason}; {figure.note}" if figure.note else reason


def _verdict(rule: Rule, mark: float, figure: Figure, near: float) -> tuple[Verdict, str]:
    ours, low, high = figure.ours, figure.low, figure.high
    if figure.lacking:
        return "not comparable", figure.lacking
    if math.isnan(ours):
        return "not comparable", "nothing here answers it"
    if math.isnan(mark):
        return "not comparable", "what the article's figure is of is not what ours is of"
    if rule == "reach":
        least = f"{near:g} of the article's {mark:.3g}"
        if low >= near * mark:
            return "reproduced", f"ours {ours:.3g} reaches {least}, and so does its lower end {low:.3g}"
        if ours >= near * mark:
            return "partly", f"ours {ours:.3g} reaches {least}, its lower end {low:.3g} does not"
        if low > 0:
            return "partly", f"ours {ours:.3g} does not reach {least}, but is above 0 beyond doubt"
        return "not reproduced", f"ours {ours:.3g} does not reach {least}, nor is it above 0 beyond doubt"
    side, there, whole = (
        ("above", ours > mark, low > mark)
        if rule == "above"
        else (
            "below",
            ours < mark,
            high < mark,
        )
    )
    if whole:
        all_of_it = f"ours {ours:.3g}" if low == high else f"the whole interval, {low:.3g} to {high:.3g},"
        return "reproduced", f"{all_of_it} is {side} {mark:.3g}"
    if there:
        return "partly", f"ours {ours:.3g} is {side} {mark:.3g}, its interval is not"
    return "not reproduced", f"ours {ours:.3g} is not {side} {mark:.3g}"
