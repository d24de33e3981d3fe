"""A claim of the article: where it says so, its figure, the rule that evaluates, and what answers here.

The article: "Optimizing neural networks for special-purpose hardware", Amazon Science.  Places are its headings and the
sentence's beginning.
"""

from __future__ import annotations

import math
from typing import NamedTuple

from benchmarks.experiments.claims.figures import Source, reductions
from benchmarks.experiments.claims.rules import Rule

DETECTION, SEGMENTATION = "detection/detection.csv", "segmentation/segmentation.csv"
ESTIMATOR = "estimator/estimator.csv"


class Claim(NamedTuple):
    """One claim."""

    name: str
    """What is claimed, in a few words."""
    place: str
    """Heading, and how the sentence begins."""
    article: float
    """Its figure; NaN where it gives a direction alone, or none that could be met."""
    rule: Rule
    """What evaluates it."""
    source: Source
    """What was found here."""
    files: str
    """The CSVs that the source reads, below results."""
    begins: float = math.nan
    """Where the direction that it gives begins, ours to say; NaN where it gives a size, or none that could be met."""
    why: str = ""
    """Why this is the fair reading of the sentence; empty where it is plain."""


def reach(name: str, place: str, article: float, file: str, *models: str) -> Claim:
    """That models of a table save so many per cent of latency at equal quality."""
    return Claim(name, place, article, "reach", reductions(file, models), file)
