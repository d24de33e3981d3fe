"""What a search gives out: its best network, or with several objectives the front of what it evaluated."""

from __future__ import annotations

import math

import moocore
import numpy as np

from nas_algos.trajectory import Candidate, Found


def front(found: Found) -> list[Candidate]:
    """The best candidate; with several objectives all that are not dominated, best first, one of those that are equal.

    Empty where the search found nothing.
    """
    if found.best is None:
        return []
    if len(found.best.score) < 2:  # of a supernet's algorithm none
        return [found.best]
    able = [each for each in found.candidates if each.state == "evaluated" and all(map(math.isfinite, each.score))]
    kept = moocore.is_nondominated(np.array([each.score for each in able]))
    return sorted((each for each, on in zip(able, kept, strict=True) if on), key=lambda each: each.score)
