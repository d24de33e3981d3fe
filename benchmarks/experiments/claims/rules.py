"""Verdicts: what a rule makes of the article's figure and of ours with its interval.

reach: the article gives a size.  Ours reaches it from a stated share of it on, and is shown where its lower end is
above 0; both: reproduced, one of them: partly, none: not reproduced.  above, below: the article gives a direction,
`article` being where it begins.  Reproduced where the whole interval lies there, partly where the best estimate alone
does.  Where there is no figure of ours, or none of the article's that ours could be held against: not comparable.
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


def verdict(rule: Rule, article: float, figure: Figure, near: float) -> tuple[Verdict, str]:
    """The verdict and the reason for it, in words with the figures."""
    ours, low, high = figure.ours, figure.low, figure.high
    if math.isnan(ours):
        return "not comparable", "nothing here answers it"
    if math.isnan(article):
        return "not comparable", "what the article's figure is of is not what ours is of"
    if rule == "reach":
        reached, shown = ours >= near * article, low > 0
        size = f"ours {ours:.3g} {'reaches' if reached else 'does not reach'} {near:g} of the article's {article:.3g}"
        doubt = "and is above 0 beyond doubt" if shown else "and is not above 0 beyond doubt"
        return ("reproduced" if reached and shown else "partly" if reached or shown else "not reproduced"), (
            f"{size}, {doubt}"
        )
    side, there, whole = (
        ("above", ours > article, low > article)
        if rule == "above"
        else (
            "below",
            ours < article,
            high < article,
        )
    )
    if whole:
        return "reproduced", f"the whole interval, {low:.3g} to {high:.3g}, is {side} {article:.3g}"
    if there:
        return "partly", f"ours {ours:.3g} is {side} {article:.3g}, its interval is not"
    return "not reproduced", f"ours {ours:.3g} is not {side} {article:.3g}"
